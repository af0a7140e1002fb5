import pytest

CORPUS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' onfocus=alert(1) autofocus x='",
    "</pre></textarea></title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:alert(1)",
    "--><iframe src=//evil.example>",
]
KEPT = {
    # Chosen by the house, never by a person.
    "state", "kind", "class", "target", "role", "day", "zone", "id", "lease_id", "reason",
}  # fmt: skip
PAGES = ["/", "/queue", "/runs", "/runs/new", "/runs/{run}", "/usage", "/wait/{lease}"]
PAGES += ["/sweeps", "/sweeps/{sweep}"]
PAGES += ["/projects", "/projects/x", "/clusters", "/clusters/x", "/admin", "/public"]


def poison(value, evil):
    if isinstance(value, dict):
        return {
            (key if key in value and key != "learning_rate" else evil): (
                inner if key in KEPT else poison(inner, evil)
            )
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [poison(inner, evil) for inner in value]
    return evil if isinstance(value, str) else value


@pytest.mark.parametrize("evil", CORPUS)
async def test_nothing_that_people_wrote_becomes_markup(house, evil):
    for name in (
        *("leases", "runs", "pool", "queue", "usage", "me", "logs", "projects", "project"),
        *("clusters", "cluster", "overview", "people", "audit", "public", "sweeps", "sweep_page"),
    ):
        setattr(house, name, poison(getattr(house, name), evil))
    house.audit["rows"][0]["reason"] = evil
    house.is_admin = True
    for lease in house.leases:
        lease["person"] = "jimin"
    for path in PAGES:
        ids = {"run": house.runs[1], "lease": house.leases[1], "sweep": house.sweeps[0]}
        where = path.format(**{name: thing["id"] for name, thing in ids.items()})
        answer = await house.get(where)
        assert answer.status_code == 200, where
        if any(mark in evil for mark in "<>\"'"):
            assert evil not in answer.text
        assert "<img" not in answer.text
        assert answer.text.count("<iframe") == answer.text.count('<iframe class="output"')
        assert "<svg onload" not in answer.text
        assert "<script>" not in answer.text
        assert 'href="javascript' not in answer.text
        assert "49{%" not in answer.text


async def test_names_in_addresses_are_quoted(house):
    house.leases[0]["name"] = "a/../../hub?x=#"
    page = (await house.get("/")).text
    assert "/user/jimin/a%2F..%2F..%2Fhub%3Fx%3D%23/lab" in page


async def test_server_name_from_the_address_is_only_text(house):
    answer = await house.get("/wait?server=%3Cscript%3Ealert(1)%3C/script%3E" + "x" * 900)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "x" * 300 not in answer.text
