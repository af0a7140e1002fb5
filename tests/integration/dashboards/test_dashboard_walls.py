"""What passes between a visitor and a hostile dashboard, over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from dashboard_stage import ONE, SECRET, TWO, Stage
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from madang.api.dashboards import gate, handlers
from madang.api.dashboards.listener import other_name
from madang.api.dashboards.tickets import PASS_MS, TICKET_MS

pytestmark = pytest.mark.integration


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    await made.listener.start()
    yield made
    await made.close()


@pytest.fixture
async def visitor(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{stage.port}"
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        yield client


async def come_in(stage: Stage, visitor: httpx.AsyncClient, cluster: str = ONE) -> str:
    """Change a ticket into a pass; returns the pass, and leaves it out of the client's jar."""
    path = "/t/" + stage.ticket(cluster).rpartition("/t/")[2]
    answer = await visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/c/{cluster}/status"
    set_cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=Lax", f"Path=/c/{cluster}/", "Max-Age="):
        assert part in set_cookie
    assert "Domain" not in set_cookie
    pass_ = answer.cookies["madang-dashboard"]
    visitor.cookies.clear()
    return pass_


def bearing(pass_: str, **more: str) -> dict[str, str]:
    return {"Cookie": f"madang-dashboard={pass_}", **more}


async def test_a_ticket_is_good_once_and_for_a_minute(
    stage: Stage, visitor: httpx.AsyncClient
) -> None:
    path = "/t/" + stage.ticket(ONE).rpartition("/t/")[2]
    assert (await visitor.get(path)).status_code == 303
    assert (await visitor.get(path)).status_code == 404
    late = "/t/" + stage.ticket(ONE).rpartition("/t/")[2]
    stage.now_ms += TICKET_MS
    answer = await visitor.get(late)
    assert answer.status_code == 404
    assert "not open here" in answer.text
    assert "set-cookie" not in answer.headers
    korean = await visitor.get(late, headers={"Accept-Language": "ko"})
    assert "대시보드를 볼 수 없습니다" in korean.text
    for nonsense in ("/t/short", "/t/" + "x" * 43, "/", "/c/", f"/c/{ONE}", "/c/x/status"):
        assert (await visitor.get(nonsense)).status_code == 404


async def test_a_pass_opens_its_own_cluster_only(stage: Stage, visitor: httpx.AsyncClient) -> None:
    pass_ = await come_in(stage, visitor)
    assert (await visitor.get(f"/c/{ONE}/status", headers=bearing(pass_))).status_code == 200
    assert (await visitor.get(f"/c/{TWO}/status", headers=bearing(pass_))).status_code == 404
    assert (await visitor.get(f"/c/{ONE}/status")).status_code == 404
    assert (await visitor.get(f"/c/{ONE}/status", headers=bearing("guess"))).status_code == 404
    for verb in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await visitor.request(verb, f"/c/{ONE}/status", headers=bearing(pass_))
        assert answer.status_code in (403, 405)
    stage.now_ms += PASS_MS
    assert (await visitor.get(f"/c/{ONE}/status", headers=bearing(pass_))).status_code == 404
    assert stage.tenants[TWO].seen == []


async def test_nothing_of_the_visitor_reaches_the_tenant(
    stage: Stage, visitor: httpx.AsyncClient
) -> None:
    pass_ = await come_in(stage, visitor)
    headers = bearing(
        f"{pass_}; jupyterhub-session-id=hubs; madang-session=ours; _xsrf=x",
        Authorization="token secret",
        Referer="http://localhost:8000/services/madang/",
        **{"X-Forwarded-For": "10.1.1.1", "X-Custom": "mine"},
    )
    answer = await visitor.get(f"/c/{ONE}/status?a=b", headers=headers)
    assert answer.status_code == 200
    ((path, seen),) = stage.tenants[ONE].seen
    assert path == "/status?a=b"
    assert {name.lower() for name in seen} == {
        *("accept", "accept-encoding", "connection", "host", "user-agent", "x-madang-key")
    }
    assert "hubs" not in str(seen)


async def test_a_tenant_sets_nothing_and_leads_nowhere(
    stage: Stage, visitor: httpx.AsyncClient
) -> None:
    tenant = stage.tenants[ONE]
    tenant.headers = {
        "Set-Cookie": "jupyterhub-session-id=fixed; Path=/",
        "Content-Security-Policy": "default-src *",
        "Clear-Site-Data": '"*"',
        "Service-Worker-Allowed": "/",
        "Access-Control-Allow-Origin": "*",
        "Refresh": "0; url=https://evil.example",
        "Strict-Transport-Security": "max-age=9",
        "Link": "</x>; rel=preload",
        "Content-Type": "text/html",
    }
    pass_ = await come_in(stage, visitor)
    answer = await visitor.get(f"/c/{ONE}/status", headers=bearing(pass_))
    for name in tenant.headers:
        if name not in ("Content-Type", "Content-Security-Policy"):
            assert name not in answer.headers, name
    policy = answer.headers["content-security-policy"]
    assert "*" not in policy
    assert f"connect-src http://127.0.0.1:{stage.port}/c/{ONE}/ " in policy
    assert "frame-ancestors 'none'" in policy
    tenant.status = 302
    for given, wanted in (
        ("/status", f"/c/{ONE}/status"),
        ("https://evil.example/x", f"/c/{ONE}/x"),
        ("//evil.example/x", f"/c/{ONE}/x"),
        (f"/../{TWO}/status", f"/c/{ONE}/"),
        ("/a%2f..%2fb", f"/c/{ONE}/"),
    ):
        tenant.headers = {"Location": given}
        answer = await visitor.get(f"/c/{ONE}/", headers=bearing(pass_))
        assert (answer.status_code, answer.headers["location"]) == (302, wanted), given


async def test_what_is_not_of_the_dashboard_is_not_handed_on(
    stage: Stage, visitor: httpx.AsyncClient
) -> None:
    pass_ = await come_in(stage, visitor)
    for path in (
        "api/v1/get_workers",
        "metrics",
        "a/%2e%2e/api/v1/workers",
        "api%2fv1",
        "a\\b",
        "%2561pi",
    ):
        answer = await visitor.get(f"/c/{ONE}/{path}", headers=bearing(pass_))
        assert answer.status_code == 404, path
    from_elsewhere = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}
    answer = await visitor.get(
        f"/c/{ONE}/status", headers=bearing(pass_, **from_elsewhere, **{"Sec-Fetch-Dest": "image"})
    )
    assert answer.status_code == 404
    assert stage.tenants[ONE].seen == []


async def test_who_lost_the_right_is_out_at_once(stage: Stage, visitor: httpx.AsyncClient) -> None:
    async def looks(pass_: str) -> int:
        answer = await visitor.get(f"/c/{ONE}/status", headers=bearing(pass_))
        return answer.status_code

    pass_ = await come_in(stage, visitor)
    assert await looks(pass_) == 200
    stage.members.discard("ada")
    assert await looks(pass_) == 404
    stage.members.add("ada")
    # What was dropped stays so: the person opens the dashboard anew.
    assert await looks(pass_) == 404
    pass_ = await come_in(stage, visitor)
    stage.tokens.discard("ada")  # The hub revokes the token of a session that is logged out.
    assert await looks(pass_) == 404
    stage.tokens.add("ada")
    pass_ = await come_in(stage, visitor)
    del stage.sessions["session-of-ada"]
    assert await looks(pass_) == 404


async def test_an_answer_without_end_is_cut(stage: Stage, visitor: httpx.AsyncClient) -> None:
    pass_ = await come_in(stage, visitor)
    with pytest.raises(httpx.RemoteProtocolError):
        await visitor.get(f"/c/{ONE}/endless", headers=bearing(pass_))
    # And a tenant that is gone is no answer.
    stage.tenants[ONE].server.stop()
    await stage.tenants[ONE].server.close_all_connections()
    answer = await visitor.get(f"/c/{ONE}/status", headers=bearing(pass_))
    assert answer.status_code == 502
    assert SECRET not in answer.text


def socket_request(stage: Stage, pass_: str, origin: str = "", cluster: str = ONE) -> HTTPRequest:
    here = f"http://127.0.0.1:{stage.port}"
    headers = bearing(pass_, Origin=origin or here)
    return HTTPRequest(f"ws{here.removeprefix('http')}/c/{cluster}/status/ws", headers=headers)


async def knock(
    stage: Stage, visitor: httpx.AsyncClient, pass_: str, origin: str = "", cluster: str = ONE
) -> int:
    """Ask for a websocket and return the status; for those that are refused."""
    request = socket_request(stage, pass_, origin, cluster)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {**dict(request.headers), **upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    answer = await visitor.get(f"/c/{cluster}/status/ws", headers=headers)
    return answer.status_code


async def test_websockets_both_ways_and_only_from_here(
    stage: Stage, visitor: httpx.AsyncClient
) -> None:
    pass_ = await come_in(stage, visitor)
    near = await websocket_connect(socket_request(stage, pass_), subprotocols=["bokeh", "token"])
    assert near.selected_subprotocol == "bokeh"
    for message in ("text", b"\x00bytes", "x" * 1_000_000):
        await near.write_message(message, binary=isinstance(message, bytes))
        assert await near.read_message() == message
    near.close()
    _, seen = stage.tenants[ONE].seen[-1]
    assert "Cookie" not in seen
    assert seen["X-Madang-Key"] == "the-key"
    for cluster, bearer, origin, status in (
        (ONE, pass_, "http://localhost:8000", 403),
        (ONE, pass_, "https://evil.example", 403),
        (TWO, pass_, "", 404),
        (ONE, "guess", "", 404),
    ):
        assert await knock(stage, visitor, bearer, origin, cluster) == status, (cluster, origin)


async def test_an_open_websocket_ends_with_the_right_to_look(
    stage: Stage, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LOOK_EVERY_S", 0.05)
    pass_ = await come_in(stage, visitor)
    near = await websocket_connect(socket_request(stage, pass_))
    await near.write_message("still here")
    assert await near.read_message() == "still here"
    stage.members.discard("ada")
    async with asyncio.timeout(10):
        assert await near.read_message() is None
    assert near.close_code == handlers.CLOSE_OVER
    near.close()


async def test_one_pass_holds_only_so_many_connections(
    stage: Stage, visitor: httpx.AsyncClient
) -> None:
    pass_ = await come_in(stage, visitor)
    opened = [
        await websocket_connect(socket_request(stage, pass_)) for _ in range(handlers.MAX_AT_ONCE)
    ]
    assert await knock(stage, visitor, pass_) == 429
    for near in opened:
        near.close()

    async def is_free() -> bool:
        answer = await visitor.get(f"/c/{ONE}/status", headers=bearing(pass_))
        return answer.status_code == 200

    async with asyncio.timeout(10):
        while not await is_free():  # noqa: ASYNC110 - nothing tells it.
            await asyncio.sleep(0.05)


def test_loopback_has_two_names() -> None:
    assert other_name("127.0.0.1") == "localhost"
    assert other_name("::1") == "localhost"
    assert other_name("localhost") == "127.0.0.1"
    assert other_name("gpu.lab.example") == "gpu.lab.example"
    assert other_name("2001:db8::1") == "[2001:db8::1]"
