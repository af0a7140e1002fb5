import json

PROJECT = {
    "name": "vision",
    "title": "Computer vision",
    "role": "owner",
    "tier": "research",
    "quota": {},
    "left_microcredits": 2_000_000,
    "granted_microcredits": 3_000_000,
    "used_microcredits": 1_000_000,
    "members": [{"person": "ada", "role": "owner", "is_me": True}],
    "grants": [
        {
            "amount_microcredits": 3_000_000,
            "from_ms": 1_767_000_000_000,
            "until_ms": 1_798_000_000_000,
            "note": "first year",
        }
    ],
}


def test_show_names_people_and_grants(service, madang):
    service.on("GET", "projects/vision", (200, PROJECT))
    status, out, _ = madang("projects", "show", "vision")
    assert status == 0
    for word in ("Computer vision", "ada", "owner", "first year", "3.000"):
        assert word in out
    assert json.loads(madang("projects", "show", "vision", "--json")[1]) == PROJECT


def test_members_and_grants_are_sent_whole(service, madang):
    service.on("POST", "projects/vision/members", (200, PROJECT))
    service.on("DELETE", "projects/vision/members/bora", (204, None))
    service.on("POST", "projects/vision/grants", (201, PROJECT))
    service.on("POST", "projects", (201, PROJECT))
    assert madang("projects", "add-member", "vision", "bora", "--role", "viewer")[0] == 0
    assert madang("projects", "remove-member", "vision", "bora", "--reason", "moved")[0] == 0
    assert madang("projects", "grant", "vision", "--reason", "paper", "2.5")[0] == 0
    assert madang("projects", "create", "vision", "--tier", "research", "--reason", "r")[0] == 0
    bodies = [call["body"] for call in service.called("POST", "projects/vision/members")]
    assert bodies == [{"person": "bora", "role": "viewer", "reason": ""}]
    granted = service.called("POST", "projects/vision/grants")[0]["body"]
    assert granted["amount_microcredits"] == 2_500_000


def test_people(service, madang):
    person = {"person": "ada", "projects": [{"name": "vision", "role": "owner"}]}
    person |= {"devices_held": 2, "left_ms": None}
    service.on("GET", "people", (200, [person]))
    left = {**person, "projects": [], "ended": 3, "ownerless": ["vision"]}
    service.on("POST", "people/ada/off-board", (200, left))
    service.on("POST", "people/ada/rename", (200, person))
    assert "vision:owner" in madang("people")[1]
    status, out, err = madang("people", "off-board", "ada", "--reason", "graduated")
    assert (status, "3" in out, "vision" in err) == (0, True, True)
    assert madang("people", "rename", "ada", "adah", "--reason", "r")[0] == 0
