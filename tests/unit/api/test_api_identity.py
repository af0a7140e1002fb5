"""Who asks: tokens, sessions, the login through the hub, and what protects writes."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import Request

from madang.api.login import HOME_PAGE, safe_next
from madang.errors import RefusedError, UnavailableError

API = "/services/madang/api/v1"
LEASE = "lease-01arz3ndektsv4rrffq69g5fav"


async def who(bench: Any, token: str | None, **headers: str) -> Any:
    async with bench.client(token, **headers) as client:
        return await client.get(f"{API}/leases/{LEASE}")


async def test_a_hub_token_names_its_person(bench: Any) -> None:
    assert (await who(bench, "ada-token")).json()["person"] == "ada"
    actor = bench.services.leases.actors[-1]
    assert (actor.is_admin, actor.is_service, actor.lang) == (False, False, "en")
    await who(bench, "root-token", **{"Accept-Language": "ko"})
    actor = bench.services.leases.actors[-1]
    assert (actor.is_admin, actor.lang) == (True, "ko")


async def test_an_administrators_notebook_is_no_administrator(bench: Any) -> None:
    assert (await who(bench, "root-notebook-token")).json()["person"] == "root"
    actor = bench.services.leases.actors[-1]
    assert (actor.is_admin, actor.person.is_admin) == (False, False)


async def test_bearer_works_and_the_cookie_chooses_the_language(bench: Any) -> None:
    headers = {
        "Authorization": "Bearer ada-token",
        "Cookie": "madang-lang=ko",
        "Accept-Language": "en",
    }
    assert (await who(bench, None, **headers)).status_code == 200
    assert bench.services.leases.actors[-1].lang == "ko"


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("unknown-token", 401, "token_unknown"),
        ("machine-token", 401, "token_unknown"),
        ("narrow-token", 403, "service_access_missing"),
        ("mat_bad", 401, "token_unknown"),
        ("two words", 401, "token_unknown"),
        ("x" * 600, 401, "token_unreadable"),
        ("the-service-token", 401, "person_not_named"),
    ],
)
async def test_tokens_that_do_not_open(bench: Any, token: str, status: int, code: str) -> None:
    answer = await who(bench, token)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert token not in answer.text


@pytest.mark.parametrize("header", ["Basic YTpi", "token", "token ", "ada-token"])
async def test_other_schemes_do_not_open(bench: Any, header: str) -> None:
    answer = await who(bench, None, Authorization=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_unreadable")


async def test_the_service_token_acts_for_whom_it_names(bench: Any) -> None:
    async with bench.client("the-service-token") as client:
        answer = await client.get(
            f"{API}/leases/{LEASE}", headers=[(b"X-Madang-Person", "보라".encode())]
        )
        forged = await client.get(
            f"{API}/leases/{LEASE}", headers=[(b"X-Madang-Person", b"a\xc2\x85b")]
        )
    assert answer.json()["person"] == "보라"
    actor = bench.services.leases.actors[-1]
    assert (actor.is_service, actor.is_admin) == (True, False)
    assert bench.hub.asked == []
    assert forged.status_code == 401


async def test_nobody_else_acts_for_others(bench: Any) -> None:
    answer = await who(bench, "ada-token", **{"X-Madang-Person": "bora"})
    assert (answer.status_code, answer.json()["code"]) == (403, "person_mismatch")
    assert (await who(bench, "ada-token", **{"X-Madang-Person": "ada"})).status_code == 200


async def test_an_attempt_token_carries_its_limits(bench: Any) -> None:
    await who(bench, "mat_good")
    actor = bench.services.leases.actors[-1]
    assert (actor.token_lease, actor.token_run[:4]) == (LEASE, "run-")


async def test_a_revoked_token_is_refused_within_a_minute(bench: Any) -> None:
    assert (await who(bench, "ada-token")).status_code == 200
    del bench.hub.models["ada-token"]
    bench.now_s += 59
    assert (await who(bench, "ada-token")).status_code == 200
    assert bench.hub.asked == ["ada-token"]
    bench.now_s += 1
    assert (await who(bench, "ada-token")).status_code == 401
    assert (await who(bench, "ada-token")).status_code == 401
    # Each refusal was confirmed by asking whether this is our hub at all.
    assert bench.hub.asked == ["ada-token", *["ada-token", "the-service-token"] * 2]


async def test_a_burst_asks_the_hub_once(bench: Any) -> None:
    answers = await asyncio.gather(*(who(bench, "ada-token") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert bench.hub.asked == ["ada-token"]


async def test_a_hub_that_is_down_is_503(bench: Any) -> None:
    bench.hub.is_down = True
    answer = await who(bench, "ada-token")
    assert (answer.status_code, answer.json()["code"]) == (503, "hub_unreachable")
    assert answer.headers["retry-after"] == "2"


async def test_known_tokens_are_bounded(bench: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("madang.api.hub_client.CACHE_SIZE", 1)
    await who(bench, "ada-token")
    await who(bench, "root-token")
    await who(bench, "ada-token")
    assert bench.hub.asked == ["ada-token", "root-token", "ada-token"]


async def test_asking_for_a_server(bench: Any) -> None:
    await bench.hub_client.ask_spawn("a/b", "", {"project": "lab"})
    await bench.hub_client.ask_spawn("ada", "two", {})
    paths = [path for path, _ in bench.hub.bodies]
    assert paths == ["/hub/api/users/a%2Fb/server", "/hub/api/users/ada/servers/two"]
    assert bench.services.hub is bench.hub_client
    bench.hub.is_down = True
    with pytest.raises(UnavailableError):
        await bench.hub_client.ask_spawn("ada", "", {})


# ---- the browser's door ----


async def test_a_session_reads_and_writes_with_its_proof(bench: Any) -> None:
    async with await bench.browser() as client:
        assert (await client.get(f"{API}/leases/{LEASE}")).json()["person"] == "ada"
        assert (await client.post(f"{API}/leases/{LEASE}/claim")).status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("csrf", ["", "wrong", "ü"])
async def test_writes_without_the_proof_are_refused(bench: Any, method: str, csrf: str) -> None:
    async with await bench.browser() as client:
        client.headers = [  # type: ignore[assignment]
            (b"X-Madang-CSRF", csrf.encode("latin-1")),
            (b"Sec-Fetch-Site", b"same-origin"),
        ]
        path = f"{API}/runs/x/output" if method == "PUT" else f"{API}/leases/{LEASE}"
        path = f"{API}/leases/{LEASE}/claim" if method == "POST" else path
        answer = await client.request(method, path)
    assert answer.status_code == (405 if method == "PATCH" else 403)
    assert bench.services.leases.calls == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "weird"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_other_sites_neither_read_nor_write(bench: Any, site: str, method: str) -> None:
    async with await bench.browser() as client:
        client.headers["Sec-Fetch-Site"] = site
        answer = await client.request(method, f"{API}/leases", json={"project": "lab"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


async def test_no_cors_reads_are_refused(bench: Any) -> None:
    async with await bench.browser() as client:
        client.headers["Sec-Fetch-Mode"] = "no-cors"
        answer = await client.get(f"{API}/leases")
    assert answer.json()["code"] == "cross_site"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
async def test_only_json_is_taken(bench: Any, kind: str | None) -> None:
    async with await bench.browser() as client:
        headers = {"Content-Type": kind} if kind else {}
        answer = await client.post(f"{API}/leases", content=b'{"project":"x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type")


@pytest.mark.parametrize("hub_session", [None, "another-session"])
async def test_without_the_hubs_session_ours_is_dropped(bench: Any, hub_session: Any) -> None:
    async with await bench.browser() as client:
        client.cookies.delete("jupyterhub-session-id")
        if hub_session:
            client.cookies.set("jupyterhub-session-id", hub_session)
        answer = await client.get(f"{API}/leases")
    assert answer.status_code == 401
    assert bench.services.sessions.kept == {}


async def test_a_logout_at_the_hub_logs_out_here(bench: Any) -> None:
    async with await bench.browser() as client:
        assert (await client.get(f"{API}/leases")).status_code == 200
        del bench.hub.models["browser-token"]
        bench.now_s += 61
        assert (await client.get(f"{API}/leases")).status_code == 401
    assert bench.services.sessions.kept == {}


async def test_a_stranger_on_the_port_of_the_hub_logs_nobody_out(bench: Any) -> None:
    async with await bench.browser() as client:
        assert (await client.get(f"{API}/leases")).status_code == 200
        bench.now_s += 61
        ours, bench.hub.models = bench.hub.models, {}
        assert (await client.get(f"{API}/leases")).status_code == 503
        assert bench.services.sessions.kept != {}
        bench.hub.models = ours
        assert (await client.get(f"{API}/leases")).status_code == 200


async def test_a_hub_that_restarts_keeps_sessions(bench: Any) -> None:
    async with await bench.browser() as client:
        bench.hub.is_down = True
        assert (await client.get(f"{API}/leases")).status_code == 503
        bench.hub.is_down = False
        assert (await client.get(f"{API}/leases")).status_code == 200


# ---- the login ----


async def start(client: Any, target: str) -> tuple[str, Any]:
    answer = await client.get("/services/madang/login", params={"next": target})
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert (where.netloc, where.path) == ("", "/hub/api/oauth2/authorize")
    query = {key: values[0] for key, values in parse_qs(where.query).items()}
    assert query["client_id"] == "service-madang"
    assert query["redirect_uri"] == "/services/madang/oauth_callback"
    return query["state"], answer


async def test_the_login_opens_a_session(bench: Any) -> None:
    async with bench.client(None) as client:
        client.cookies.set("jupyterhub-session-id", "hub-session")
        state, begun = await start(client, "/services/madang/queue?x=1")
        for part in ("HttpOnly", "SameSite=lax", "Path=/services/madang/", "Max-Age=600"):
            assert part in begun.headers["set-cookie"]
        query = {"state": state, "code": "good-code"}
        back = await client.get("/services/madang/oauth_callback", params=query)
        assert back.headers["location"] == "/services/madang/queue?x=1"
        cookie = next(c for c in back.headers.get_list("set-cookie") if "madang-session=" in c)
        assert "HttpOnly" in cookie
        assert "Path=/services/madang/" in cookie
        assert "browser-token" not in str(back.headers)
        assert (await client.get(f"{API}/leases")).status_code == 200
        again = await client.get("/services/madang/oauth_callback", params=query)
        assert again.json()["code"] == "login_state"
    (form,) = bench.hub.forms
    assert (form["client_id"], form["client_secret"]) == ("service-madang", "the-service-token")
    assert len(form["code_verifier"]) >= 43


async def test_logins_that_fail(bench: Any) -> None:
    async with bench.client(None) as client:
        state, _ = await start(client, "/services/madang/")
        other, _ = await start(client, "/services/madang/")
        callback = "/services/madang/oauth_callback"
        forged = await client.get(callback, params={"state": "a" * 40, "code": "good-code"})
        swapped = await client.get(
            callback,
            params={"state": state[:12] + other[12:], "code": "good-code"},
        )
        refused = await client.get(callback, params={"state": state, "code": "bad"})
        assert [a.json()["code"] for a in (forged, swapped, refused)] == [
            "login_state",
            "login_state",
            "login_refused",
        ]
        # The token hangs on another login at the hub than this browser's.
        client.cookies.set("jupyterhub-session-id", "mine")
        mixed = await client.get(callback, params={"state": other, "code": "good-code"})
        assert mixed.json()["code"] == "login_state"
    assert bench.services.sessions.kept == {}


async def test_a_browser_is_told_on_a_page(bench: Any) -> None:
    headers = {"Accept": "text/html", "Accept-Language": "ko"}
    async with bench.client(None, **headers) as client:
        failed = await client.get("/services/madang/oauth_callback?state=<script>")
        unknown = await client.get("/services/madang/%3Cscript%3E")
        bench.hub.is_down = True
        client.headers["Authorization"] = "token ada-token"
        away = await client.get("/services/madang/queue")
        api = await client.get(f"{API}/pool")
    assert (failed.status_code, unknown.status_code, away.status_code) == (401, 404, 503)
    assert "로그인을 마치지 못했습니다" in failed.text
    assert "<script>" not in failed.text + unknown.text
    assert 'data-live="on"' in away.text
    assert away.headers["retry-after"] == "2"
    assert "frame-ancestors 'none'" in away.headers["content-security-policy"]
    assert api.json()["code"] == "hub_unreachable"


async def test_a_state_cookie_cannot_be_made_or_kept(bench: Any, monkeypatch: Any) -> None:
    async with bench.client(None) as client:
        state, _ = await start(client, "/services/madang/")
        name = f"madang-login-{state[:12]}"
        good = client.cookies[name]
        for bad in ("", "x", "####", good[:-4] + "AAAA", "Ä"):
            headers = [(b"cookie", f"{name}={bad}".encode())]
            answer = await client.get(
                "/services/madang/oauth_callback",
                params={"state": state, "code": "good-code"},
                headers=headers,
            )
            assert answer.json()["code"] == "login_state"
        later = time.time() + 601
        monkeypatch.setattr("madang.api.login.time.time", lambda: later)
        query = {"state": state, "code": "good-code"}
        late = await client.get("/services/madang/oauth_callback", params=query)
    assert late.json()["code"] == "login_state"


async def test_someone_without_the_scope_is_told_so(bench: Any) -> None:
    bench.hub.models["browser-token"]["scopes"] = []
    async with bench.client(None) as client:
        state, _ = await start(client, "/services/madang/")
        answer = await client.get(
            "/services/madang/oauth_callback", params={"state": state, "code": "good-code"}
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "service_access_missing")


@pytest.mark.parametrize(
    "target",
    [
        "",
        None,
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "%2f%2fevil.example",
        "/services/madang",
        "/services/madangevil/",
        "/services/madang//evil.example",
        "/services/madang/\\evil",
        "/services/madang/%5c%5cevil",
        "/services/madang/../../evil",
        "/services/madang/%2e%2e/evil",
        "/services/madang/%252e%252e/evil",
        "/services/madang/.%2e/x",
        "/services/madang/%2f/evil",
        "/services/madang/a\r\nSet-Cookie: x=1",
        "/services/madang/%0d%0aSet-Cookie:x",
        "/services/madang/\t//evil",
        " /services/madang/",
        "/services/madang/\u2028x",
        "http:/services/madang/",
        "/services/madang/" + "x" * 3000,
        "//services/madang/",
        "/services/madang/@evil.example/..",
    ],
)
def test_next_stays_here(target: str | None) -> None:
    assert safe_next(target) == HOME_PAGE


@pytest.mark.parametrize(
    "target",
    ["/services/madang/", "/services/madang/wait/lease-1?x=%2F%2Fa", "/services/madang/runs?a=b&c"],
)
def test_next_goes_to_our_pages(target: str) -> None:
    assert safe_next(target) == target


async def test_a_page_sends_nobody_to_the_login(bench: Any) -> None:
    identity = bench.app.state.house.identity

    @bench.app.get("/services/madang/a-page")
    async def a_page(request: Request) -> dict[str, str]:
        actor = await identity.page_actor(request)
        return {"person": actor.person.hub_name, "csrf": await identity.csrf(request)}

    html = {"Accept": "text/html,*/*"}
    async with bench.client(None) as client:
        page = await client.get("/services/madang/a-page?tab=1&b=2", headers=html)
        script = await client.get("/services/madang/a-page")
    assert page.status_code == 303
    where = page.headers["location"]
    assert where == "/services/madang/login?next=/services/madang/a-page%3Ftab%3D1%26b%3D2"
    assert script.status_code == 401
    async with await bench.browser() as client:
        # A link in a mail leads to the page, though it comes from another site.
        client.headers["Sec-Fetch-Site"] = "cross-site"
        shown = (await client.get("/services/madang/a-page", headers=html)).json()
        assert shown == {"person": "ada", "csrf": client.headers["X-Madang-CSRF"]}


def test_refused_errors_keep_their_own_status() -> None:
    assert RefusedError("cross_site").status == 403
