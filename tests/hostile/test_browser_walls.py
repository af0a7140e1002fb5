"""What another site can make a browser do: nothing. Forged requests, redirects, cookies, logins."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpx
import pytest
from hostile_house import API, SERVICE_PREFIX
from test_access import FOR_NOBODY, MADE_UP, OPERATIONS

pytestmark = pytest.mark.integration

WRITES = {
    name: place
    for name, place in OPERATIONS.items()
    if place[0] != "GET" and name not in FOR_NOBODY
}
EVIL = "https://evil.example"


@pytest.fixture
def browser(house: Any, furniture: Any) -> Iterator[httpx.Client]:
    with house.browser("bora") as client:
        yield client


def forged(house: Any) -> dict[str, tuple[dict[str, str | None], str]]:
    """Return what a forged request carries, by what is wrong with it, and how it is refused."""
    others = {who: house.browser(who) for who in ("bora", "olga")}
    proofs = {who: client.headers["X-Madang-CSRF"] for who, client in others.items()}
    for client in others.values():
        client.close()
    return {
        "no proof": ({"X-Madang-CSRF": None}, "csrf_missing"),
        "empty proof": ({"X-Madang-CSRF": ""}, "csrf_missing"),
        "wrong proof": ({"X-Madang-CSRF": "x" * 32}, "csrf_missing"),
        "of another session of one's own": (
            {"X-Madang-CSRF": proofs["bora"]},
            "csrf_missing",
        ),
        "of another person": ({"X-Madang-CSRF": proofs["olga"]}, "csrf_missing"),
        "proof in a cookie only": (
            {"X-Madang-CSRF": None, "Cookie": "x-madang-csrf=1"},
            "not_logged_in",
        ),
        "another site": ({"Sec-Fetch-Site": "cross-site"}, "cross_site"),
        "a neighbour": ({"Sec-Fetch-Site": "same-site"}, "cross_site"),
        "without cors": ({"Sec-Fetch-Mode": "no-cors"}, "cross_site"),
        "another origin": ({"Origin": EVIL}, "cross_site"),
        "an origin that begins as ours": ({"Origin": f"{house.url}.evil.example"}, "cross_site"),
        "a sandboxed frame": ({"Origin": "null"}, "cross_site"),
        "a file": ({"Origin": "file://"}, "cross_site"),
    }


@pytest.mark.parametrize("name", WRITES)
def test_a_forged_request_does_nothing(house: Any, browser: httpx.Client, name: str) -> None:
    method, path = WRITES[name]
    where, found, expected = path.format(**MADE_UP), {}, {}
    for what, (headers, code) in forged(house).items():
        request = browser.build_request(method, where, content=b"{}")
        request.headers["Content-Type"] = "application/json"
        for key, value in headers.items():
            if value is None:
                del request.headers[key]
            else:
                request.headers[key] = value
        answer = browser.send(request)
        found[what], expected[what] = answer.json()["code"], code
    assert found == expected


@pytest.mark.parametrize("name", sorted(FOR_NOBODY))
def test_what_no_person_may_no_browser_can(house: Any, browser: httpx.Client, name: str) -> None:
    """With every proof that there is, and with each that is missing."""
    method, path = OPERATIONS[name]
    for headers, _ in ({}, ""), *forged(house).values():
        request = browser.build_request(method, path.format(**MADE_UP))
        for key, value in headers.items():
            request.headers.pop(key, None)
            if value is not None:
                request.headers[key] = value
        assert browser.send(request).status_code in (401, 403), headers


def test_the_same_request_from_our_own_page_is_taken(house: Any, browser: httpx.Client) -> None:
    lease = house.notebook()["id"]
    ours: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Origin": house.url},
        {"Origin": "https://lab.example", "X-Forwarded-Host": "lab.example"},
        {},
    ]
    for headers in ours:
        held = browser.post(f"{API}/leases/{lease}/hold", json={"held_back": True}, headers=headers)
        assert held.status_code == 200, held.text
    assert browser.delete(f"{API}/leases/{lease}").status_code == 200


@pytest.mark.parametrize("name", WRITES)
def test_what_a_form_can_send_is_no_json(browser: httpx.Client, name: str) -> None:
    """With the proof, so that nothing but the type stands in the way."""
    method, path = WRITES[name]
    for given in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        for kind in (given, f"{given}; application/json"):
            answer = browser.request(
                method, path.format(**MADE_UP), content=b"{}", headers={"Content-Type": kind}
            )
            assert (answer.status_code, answer.json()["code"]) == (415, "content_type"), kind


def test_no_method_hides_in_another(house: Any, browser: httpx.Client) -> None:
    lease = house.notebook()["id"]
    where = f"{API}/leases/{lease}"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert browser.post(where, json={}, headers={name: "DELETE"}).status_code == 405
        assert browser.get(where, headers={name: "DELETE"}).status_code == 200
    for query in ("_method=DELETE", "method=DELETE", "_HttpMethod=DELETE"):
        assert browser.get(f"{where}?{query}").status_code == 200
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert browser.post(where, content=query.encode(), headers=form).status_code == 405
    assert house.good("bora", "GET", f"leases/{lease}")["state"] == "queued"
    house.good("bora", "DELETE", f"leases/{lease}")


def test_nothing_is_changed_by_get(house: Any, browser: httpx.Client) -> None:
    """A picture on another site can make a browser GET anything here, with its cookies."""
    for path in ("/logout", "/runs/new", "/settings", "/admin", f"{API}/me/notices/test"):
        where = path if path.startswith(API) else SERVICE_PREFIX + path
        browser.get(where, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    assert browser.get(f"{API}/me").status_code == 200
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": EVIL}):
        answer = browser.get(f"{API}/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
        assert "access-control-allow-origin" not in answer.headers


# ---- going somewhere else ----

AWAY = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "https:evil.example",
    "https://evil.example/services/madang/",
    "http:///evil.example",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//127.0.0.1@evil.example/services/madang/",
    "http://127.0.0.1:80@evil.example/",
    "/services/madang/@evil.example",
    "/services/madang//evil.example",
    "/services/madang/../../../hub/logout",
    "/services/madang/%2e%2e/%2e%2e/hub/logout",
    "/services/madang/..%2f..%2fhub%2flogout",
    "/services/madang/\r\nSet-Cookie: x=1",
    "/services/madang/%0d%0aSet-Cookie:%20x=1",
    "/services/madang.evil.example/",
    "/services/madangx/",
    "/services/madang/\u2028/evil",
    "/services/madang/%252e%252e/%252e%252e/hub/logout",
    "/user/chan/proxy/8000/",
    "/services/madang/" + "x" * 4000,
]


RETURNS = ("next", "return", "url", "redirect", "redirect_uri", "server", "continue", "to")


def landing(location: str, house: Any) -> str:
    """Return where a browser goes: it drops tabs and line ends, and reads \\ as /."""
    read = "".join(c for c in location if c not in "\t\r\n").strip().replace("\\", "/")
    return urljoin(f"{house.url}{SERVICE_PREFIX}/login", read)


def log_in(house: Any, client: httpx.Client, target: str, who: str = "bora") -> httpx.Response:
    """Go through the login as a browser does, and return the answer that ends it."""
    start = client.get(f"{SERVICE_PREFIX}/login", params={"next": target})
    assert start.status_code == 303
    assert start.headers["location"].startswith("/hub/api/oauth2/authorize?")
    state = httpx.QueryParams(urlsplit(start.headers["location"]).query)["state"]
    query = {"code": f"code-for-tok-{who}", "state": state}
    return client.get(f"{SERVICE_PREFIX}/oauth_callback", params=query)


@pytest.mark.parametrize("target", AWAY)
def test_a_login_ends_on_a_page_of_ours(house: Any, target: str) -> None:
    for form in (target, quote(target, safe="")):
        with httpx.Client(base_url=house.url, trust_env=False) as client:
            answer = log_in(house, client, form)
        assert answer.status_code == 303, answer.text
        went = urlsplit(landing(answer.headers["location"], house))
        assert f"{went.scheme}://{went.netloc}" == house.url
        assert (went.path + "/").startswith(f"{SERVICE_PREFIX}/")
        assert ".." not in unquote(unquote(went.path))
        assert "x" not in client.cookies


def test_a_login_goes_on_to_the_page_that_was_wanted(house: Any) -> None:
    with httpx.Client(base_url=house.url, trust_env=False) as client:
        wanted = f"{SERVICE_PREFIX}/usage?month=2026-10"
        first = client.get(wanted, headers={"Accept": "text/html"})
        assert first.status_code == 303
        assert first.headers["location"].startswith(f"{SERVICE_PREFIX}/login?next=")
        assert log_in(house, client, wanted).headers["location"] == wanted


def test_no_other_address_sends_a_browser_away(house: Any, browser: httpx.Client) -> None:
    for path in ("", "/", "/queue", "/wait", "/runs/x/view", "/login", "/public", "/settings"):
        for target in AWAY[:8]:
            query = httpx.QueryParams(dict.fromkeys(RETURNS, target))
            for client in (browser, house.http):
                answer = client.get(
                    f"{SERVICE_PREFIX}{path}?{query}", headers={"Accept": "text/html"}
                )
                location = answer.headers.get("location", "")
                assert urlsplit(landing(location, house)).netloc == urlsplit(house.url).netloc
    twisted = house.http.get(f"//evil.example{SERVICE_PREFIX}/queue")
    assert "evil" not in twisted.headers.get("location", "")


# ---- sessions ----


def test_cookies_are_closed_to_scripts_and_other_paths(house: Any) -> None:
    with httpx.Client(base_url=house.url, trust_env=False) as client:
        start = client.get(f"{SERVICE_PREFIX}/login")
        landed = log_in(house, client, "/")
    cookies = [*start.headers.get_list("set-cookie"), *landed.headers.get_list("set-cookie")]
    assert any(cookie.startswith("madang-session=") for cookie in cookies)
    for cookie in cookies:
        flags = [part.strip().lower() for part in cookie.split(";")[1:]]
        assert f"path={SERVICE_PREFIX}/" in flags, cookie
        if "max-age=0" not in flags:
            assert {"httponly", "samesite=lax"} <= set(flags), cookie
    # The hub's token stays here.
    assert "tok-bora" not in "".join(cookies) + landed.text


def test_no_session_is_fixed_by_who_set_its_cookie_before(house: Any) -> None:
    with house.browser("chan") as planted:
        session = planted.cookies["madang-session"]
    with httpx.Client(base_url=house.url, trust_env=False) as client:
        client.cookies.set("madang-session", session, path=f"{SERVICE_PREFIX}/", domain="127.0.0.1")
        log_in(house, client, "/")
        mine = [c.value for c in client.cookies.jar if c.name == "madang-session"]
        assert session not in mine
    # The old one opens nothing any more, with whatever cookie of the hub.
    cookie = f"madang-session={session}"
    for hub in ("hub-session-chan", "hub-session-bora"):
        answer = house.http.get(
            f"{API}/me", headers={"Cookie": f"{cookie}; jupyterhub-session-id={hub}"}
        )
        assert answer.status_code == 401


def test_a_session_is_worth_nothing_without_its_login_at_the_hub(house: Any) -> None:
    with house.browser("bora") as client:
        session = client.cookies["madang-session"]
    for hub in ("", "; jupyterhub-session-id=hub-session-olga", "; jupyterhub-session-id="):
        headers = {"Cookie": f"madang-session={session}{hub}"}
        assert house.http.get(f"{API}/me", headers=headers).status_code == 401


def test_nobody_is_logged_in_as_another_by_a_link(house: Any) -> None:
    """The attacker's code works only in the browser that began the login."""
    with httpx.Client(base_url=house.url, trust_env=False) as attacker:
        start = attacker.get(f"{SERVICE_PREFIX}/login")
        state = httpx.QueryParams(urlsplit(start.headers["location"]).query)["state"]
    query = {"code": "code-for-tok-chan", "state": state}
    with httpx.Client(base_url=house.url, trust_env=False) as victim:
        victim.get(f"{SERVICE_PREFIX}/login")
        answer = victim.get(f"{SERVICE_PREFIX}/oauth_callback", params=query)
        assert (answer.status_code, answer.json()["code"]) == (401, "login_state")
        assert "madang-session" not in victim.cookies
    for broken in ({}, {"state": state}, {"code": "x"}, {"code": "x", "state": "\0" * 30}):
        assert house.http.get(f"{SERVICE_PREFIX}/oauth_callback", params=broken).status_code in (
            401,
            404,
        )


def test_a_page_holds_no_token_but_its_own_proof(browser: httpx.Client) -> None:
    page = browser.get(f"{SERVICE_PREFIX}/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert browser.headers["X-Madang-CSRF"] in page.text
    assert "tok-bora" not in page.text
    assert browser.cookies["madang-session"] not in page.text
    assert json.dumps("hub-session-bora") not in page.text
