"""Too large, too deep, too many, not text: refused quickly and in words, never a defect."""

import asyncio
import base64
import json
import time
from typing import Any

import httpx
import pytest
from hostile_house import API, METRICS_TOKEN, NOTEBOOK, SERVICE_PREFIX
from test_access import FOR_NOBODY, MADE_UP, OPERATIONS, ROWS, address

from madang.api.events import MAX_STREAMS
from madang.api.waiting import MAX_WAITS

pytestmark = pytest.mark.integration

# What is for nobody reads no body: it answers 403 to all but the service's own token.
WRITES = {
    name: place
    for name, place in OPERATIONS.items()
    if place[0] in ("POST", "PUT", "PATCH") and name not in FOR_NOBODY
}
JSON = {"Content-Type": "application/json"}
BODIES: dict[str, tuple[bytes, set[int]]] = {
    "too large": (b'{"x": "' + b"x" * 2**20 + b'"}', {413}),
    "too deep": (b"[" * 100_000 + b"]" * 100_000, {422}),
    "too deep objects": (b'{"x":' * 5_000 + b"1" + b"}" * 5_000, {422}),
    "too many parts": (b"[" + b"1," * 200_000 + b"1]", {422}),
    "not json": (b"{x: 1}", {422}),
    "cut short": (b'{"x": "', {422}),
    "no utf-8": (b'{"reason": "\xff\xfe"}', {422}),
    "utf-16": ('{"reason": "x"}'.encode("utf-16"), {422}),
    "half a surrogate": (b'{"reason": "\\ud800"}', {422, 403, 404}),
    "nul": (b'{"reason": "a\\u0000b"}', {422, 403, 404}),
    "no number": (b'{"devices": NaN}', {422}),
    "infinite": (b'{"devices": 1e999}', {422}),
    "a very long number": (b'{"devices": ' + b"9" * 5_000 + b"}", {422, 403, 404}),
    "a list": (b"[]", {422}),
    "a string": (b'"x"', {422}),
    "null": (b"null", {422}),
    "nothing": (b"", {422}),
    "its own prototype": (b'{"__proto__": {"is_admin": true}}', {422}),
}
WITHOUT_BODY = {
    *("lease_claim", "notices_test", "slot_next", "run_retry"),
    *("sweep_pause", "sweep_resume", "sweep_retry", "schedule_pause", "schedule_resume"),
    "schedule_run",
    "artifacts_expire",
}
WITH_NOTEBOOK = {
    *("run_create", "run_store_output", "sweep_create", "sweep_plan", "sweep_pilot"),
    *("notebook_parameters", "sweep_rerun", "sweep_plan_rerun", "schedule_create"),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_hostile_body_is_refused_in_words(house: Any, furniture: Any, name: str) -> None:
    method, path = WRITES[name]
    who = "root" if ROWS[name]["admin"] not in (403, 404) else "bora"
    token = furniture.slot_token if ROWS[name]["slot"] < 400 else f"tok-{who}"
    headers = {"Authorization": f"token {token}", **JSON}
    known = MADE_UP | {"run_id": furniture.run, "lease_id": furniture.waiting, "project": "vision"}
    known |= {"cluster_id": furniture.cluster}
    for what, (body, expected) in BODIES.items():
        if name in WITH_NOTEBOOK and what == "too large":
            body = b'{"x": "' + b"x" * (24 * 2**20) + b'"}'
        if name in WITHOUT_BODY and what not in ("too large", "too deep", "not json"):
            continue
        if name == "run_store_output" and what not in ("too large", "nothing", "a list"):
            continue  # what a run hands in is kept as it is, and trusted by nobody
        began = time.perf_counter()
        answer = house.http.request(method, path.format(**known), content=body, headers=headers)
        assert answer.status_code in expected, (what, answer.text[:300])
        problem = answer.json()
        assert set(problem) == {"code", "message", "hint", "details", "status"}
        assert len(answer.content) < 4_000, what
        assert time.perf_counter() - began < 10


def test_a_body_that_says_it_is_small_is_counted(house: Any) -> None:
    def stream() -> Any:
        for _ in range(64):
            yield b"x" * 2**16

    headers = {"Authorization": "token tok-bora", **JSON}
    answer = house.http.post(f"{API}/leases", content=stream(), headers=headers)
    assert answer.status_code == 413
    for length in ("-1", "1e3", "٣", "99999999999999999999999"):
        try:
            sent = {**headers, "Content-Length": length}
            answer = house.http.post(f"{API}/leases", content=b"{}", headers=sent)
        except (httpx.ProtocolError, UnicodeEncodeError):
            continue  # not even the client's side can say that
        assert answer.status_code in (400, 413)


TEXTS = [
    "%00",
    "%0a",
    "%e2%80%ae",
    "%ff",
    "%ed%a0%80",
    "x" * 5_000,
    "..%2f..",
    "%F0%9F%92%A5",
    "'--",
]
NUMBERS = ["-1", "9223372036854775808", "99999999999999999999999", "1e309", "NaN", "0x10", "", "１"]


@pytest.mark.parametrize("name", ROWS)
def test_strange_addresses_are_no_defects(house: Any, furniture: Any, name: str) -> None:
    if name == "event_stream":
        return
    method, path = address(name)
    names = ("project", "state", "kind", "seen", "why", "act", "words", "reason", "server", "month")
    numbers = ("from_ms", "to_ms", "after_seq", "limit", "wait_s", "mine")
    queries = [f"{name}={text}" for name in names for text in TEXTS[:-1]]
    queries += [f"{name}={number}" for name in numbers for number in NUMBERS]
    queries += [f"month={month}" for month in ("0000-00", "0001-01", "9999-12", "2026-13", "-1-1")]
    queries += ["from_ms=4102444800000&to_ms=0", "from_ms=0&to_ms=4102444800000", "wait_s=61"]
    real = MADE_UP | {"project": "vision", "digest": "x", "name": "y"}
    # One query at a time where it is read, all at once elsewhere.
    is_reader = method == "GET" and "{" not in path
    for query in queries if is_reader and name in READERS else ["&".join(queries[:40])]:
        answer = house.ask("root", method, f"{path.format(**real)}?{query}", {} if query else None)
        assert answer.status_code < 500, (query, answer.text)
    for text in TEXTS if "{" in path else ():
        where = path.format(**dict.fromkeys(real, text))
        answer = house.ask("root", method, where, {})
        assert answer.status_code in (403, 404, 405, 410, 415, 422, 303), (text, answer.text)


READERS = {"lease_list", "usage_get", "audit_list", "/usage", "/wait", "/admin"}

PATHS = [
    "../x",
    "a/../../x",
    "/etc/passwd",
    "//x",
    "a//b",
    "./x",
    ".",
    "..",
    "",
    " ",
    "a/ /b",
    "..\\x",
    "C:\\x",
    "C:x",
    "\\\\host\\x",
    "%2e%2e/x",
    "%2e%2e%2fx",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "a\u2028b",
    "\ud800",
    "http://evil.example/x",
    "file:///etc/passwd",
    "s3://bucket/x",
    "x" * 300,
    "a/" * 600 + "x",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_file_leaves_the_folder_of_its_run(house: Any, path: str) -> None:
    files = {path: base64.b64encode(b"x").decode()}
    body = {"project": "vision", "notebook": NOTEBOOK, "files": files}
    answer = house.ask("bora", "POST", "runs", body)
    assert (answer.status_code, answer.json()["status"]) == (422, 422), answer.text


def test_files_may_not_be_each_others_folders(house: Any) -> None:
    for files in ({"a": "", "a/b": ""}, {"a": "not base64!"}, {f"f{n}": "" for n in range(2_000)}):
        body = {"project": "vision", "notebook": NOTEBOOK, "files": files}
        assert house.ask("bora", "POST", "runs", body).status_code == 422


# ---- what one person may hold open ----


def test_one_person_does_not_hold_all_streams(house: Any, furniture: Any) -> None:
    """Also when all are asked for in one burst; others still get theirs."""

    async def burst(who: str, count: int, client: httpx.AsyncClient) -> tuple[int, int]:
        headers = {"Authorization": f"token tok-{who}"}
        told: list[bytes] = []

        async def one() -> httpx.Response:
            request = client.build_request("GET", f"{API}/events", headers=headers)
            answer = await client.send(request, stream=True)
            if answer.status_code == 200:
                told.append(await anext(answer.aiter_raw()))
            return answer

        answers = await asyncio.gather(*(one() for _ in range(count)))
        opened = sum(b": open" in first for first in told)
        refused = sum(answer.status_code == 403 for answer in answers)
        for answer in answers:
            if answer.status_code == 403:
                await answer.aread()
                assert answer.json()["code"] == "too_many_streams"
        open_now.extend(answers)
        return opened, refused + sum(b": too many" in first for first in told)

    open_now: list[httpx.Response] = []

    async def play() -> None:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(
            base_url=house.url, timeout=60, trust_env=False, limits=limits
        ) as client:
            opened, refused = await burst("vera", 60, client)
            assert opened <= MAX_STREAMS
            assert opened + refused == 60
            assert opened > 0
            assert await burst("olga", 1, client) == (1, 0)
            for answer in open_now:
                await answer.aclose()

    asyncio.run(play())
    house.until(lambda: not house.app.state.house.streams, "all streams are counted off again")


def test_one_person_does_not_hold_all_long_polls(house: Any, furniture: Any) -> None:
    lease = furniture.waiting
    version = house.good("bora", "GET", f"leases/{lease}")["version"]
    waits = house.app.state.house.waits

    async def play() -> None:
        limits = httpx.Limits(max_connections=400)
        async with httpx.AsyncClient(
            base_url=house.url, timeout=90, trust_env=False, limits=limits
        ) as client:
            headers = {"Authorization": "token tok-bora"}
            where = f"{API}/leases/{lease}?wait_s=60&seen={version}"
            held = [
                asyncio.ensure_future(client.get(where, headers=headers))
                for _ in range(MAX_WAITS + 30)
            ]
            deadline = time.monotonic() + 60
            while sum(one.done() for one in held) < 30 or sum(waits.values()) < MAX_WAITS:
                assert time.monotonic() < deadline, (sum(waits.values()), [x.done() for x in held])
                await asyncio.sleep(0.02)
            assert all(one.result().status_code == 200 for one in held if one.done())
            # Others wait as before, and everything else goes on.
            headers = {"Authorization": "token tok-olga"}
            other = asyncio.ensure_future(client.get(where, headers=headers))
            assert (await client.get(f"{API}/me", headers=headers)).status_code == 200
            assert not other.done()
            for one in (*held, other):
                one.cancel()
            await asyncio.gather(*held, other, return_exceptions=True)

    asyncio.run(play())
    house.until(lambda: not waits, "all long polls are counted off again")


# ---- what every answer says ----

SAID = {
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def places(furniture: Any) -> list[tuple[str, str]]:
    ids = MADE_UP | {"run_id": furniture.ended_run, "lease_id": furniture.notebook}
    ids |= {"project": "vision", "cluster_id": furniture.cluster, "digest": "x", "name": "y"}
    known = [
        address(name) for name in (*ROWS, "health_get", "/public", "/login", "/oauth_callback")
    ]
    found = [(method, path.format(**ids)) for method, path in known if not path.endswith("/events")]
    extra = ["/no/such/page", "/api/v1/nothing", "/%00", "/api/openapi.json", "", "/static/x/y"]
    return [*found, *(("GET", SERVICE_PREFIX + path) for path in extra), ("TRACE", f"{API}/pool")]


def test_every_answer_carries_its_walls(house: Any, furniture: Any) -> None:
    for method, path in places(furniture):
        accept = "application/json" if "/api/" in path else "text/html"
        for who in ("root", None, METRICS_TOKEN):
            answer = house.ask(who, method, path, {} if method != "GET" else None, Accept=accept)
            told = {key: answer.headers.get(key) for key in SAID}
            assert told == SAID, (method, path, answer.status_code)
            assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin"), path
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy or path.endswith("/view"), path
            assert "unsafe-inline" not in policy.split("style-src")[0], policy
            assert "unsafe-eval" not in policy
            # Nothing personal is kept by a browser or by what stands between.
            assert answer.headers["cache-control"] == "no-store", path
            open_doors = {"server", "x-powered-by", "access-control-allow-origin"}
            assert not open_doors & set(answer.headers), path
    furniture.tidy()


def test_only_static_files_are_kept(house: Any) -> None:
    page = house.ask("bora", "GET", f"{SERVICE_PREFIX}/", Accept="text/html").text
    css = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = house.http.get(css)
    assert "immutable" in answer.headers["cache-control"]
    assert {key: answer.headers.get(key) for key in SAID} == SAID
    assert "set-cookie" not in answer.headers
    assert json.loads(house.http.get(f"{SERVICE_PREFIX}/healthz").text)["ok"]
