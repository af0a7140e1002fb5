"""The index finds what the routes themselves would, and leaves the rest to them."""

from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route

from madang.api.route_index import RouteIndex


def named(path: str, name: str, *methods: str) -> Route:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(f"{name} {request.path_params}")

    return Route(path, endpoint, methods=list(methods or ("GET",)))


def scope(path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"type": "http", "path": path, "method": method, "headers": [], **more}


ROUTES: list[BaseRoute] = [
    named("/leases", "list"),
    named("/leases", "make", "POST"),
    named("/leases/{lease}", "one"),
    named("/leases/mine", "mine"),
    named("/pool", "pool"),
]


def client(*, is_indexed: bool) -> httpx.AsyncClient:
    app = Starlette(routes=list(ROUTES))
    if is_indexed:
        app.router.routes.insert(0, RouteIndex(app.router.routes))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://madang")


async def test_each_address_is_answered_as_without_the_index() -> None:
    plain, indexed = client(is_indexed=False), client(is_indexed=True)
    asked = ["/leases", "/leases/mine", "/leases/x", "/pool", "/none", "/pool/"]
    for path in asked:
        for method in ("GET", "POST", "DELETE", "HEAD"):
            was, now = await plain.request(method, path), await indexed.request(method, path)
            assert (was.status_code, was.text) == (now.status_code, now.text), (method, path)


def test_a_pattern_before_a_fixed_address_keeps_its_turn() -> None:
    index = RouteIndex(ROUTES)
    assert index.matches(scope("/leases/mine"))[0] is Match.NONE
    assert index.matches(scope("/pool"))[0] is Match.FULL


def test_another_method_or_a_mount_is_left_to_the_routes() -> None:
    index = RouteIndex([*ROUTES, Mount("/sub", routes=[named("/deep", "deep")])])
    assert index.matches(scope("/pool", "PUT"))[0] is Match.NONE
    assert index.matches(scope("/pool", root_path="/sub"))[0] is Match.NONE
    assert index.matches({"type": "websocket", "path": "/pool"})[0] is Match.NONE
