"""What the routes share: who asks, query limits, and how an answer is written."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request
from starlette.responses import Response

from madang.api.bodies import MAX_TIME_MS, PLAIN
from madang.api.headers import DOWNLOAD_CSP
from madang.api.house import House, house_of
from madang.api.problems import JsonResponse
from madang.api.reading import ApiRoute
from madang.api.waiting import held, unless_gone
from madang.errors import RefusedError
from madang.services.requests import Actor
from madang.settings.config import SERVICE_PREFIX

API_PREFIX = f"{SERVICE_PREFIX}/api/v1"

MAX_WAIT_S = 60.0

_header = APIKeyHeader(
    name="Authorization",
    auto_error=False,
    description="`token T`: a token of the hub, or the token of an attempt.",
)


def noun_router(tag: str) -> APIRouter:
    """Return a router whose routes know the asker and keep the limits of bodies."""
    return APIRouter(
        prefix=API_PREFIX,
        route_class=ApiRoute,
        tags=[tag],
        dependencies=[Security(_header)],
    )


async def _house(request: Request) -> House:
    return house_of(request)


async def _anybody(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


async def _person(request: Request) -> Actor:
    actor = await _anybody(request)
    if actor.token_lease or actor.token_run:
        raise RefusedError("token_too_narrow")
    return actor


async def _worker(request: Request) -> Actor:
    actor = await _anybody(request)
    if not (actor.token_lease or actor.token_run):
        raise RefusedError("slot_token_only")
    return actor


TheHouse = Annotated[House, Depends(_house)]
Anybody = Annotated[Actor, Depends(_anybody)]
"""A person, or a run or slot with its attempt token."""
Someone = Annotated[Actor, Depends(_person)]
"""A person; attempt tokens are refused."""
Worker = Annotated[Actor, Depends(_worker)]
"""A slot or run with its attempt token; persons are refused."""

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same key, the request acts once.",
    ),
]
WaitS = Annotated[
    float, Query(ge=0, le=MAX_WAIT_S, description="Wait this long for a change after `seen`.")
]
Seen = Annotated[
    str, Query(max_length=200, pattern=PLAIN, description="`version` of the view you have.")
]
FromStart = Annotated[
    bool, Query(description="From the beginning, even where a checkpoint was kept.")
]

Why = Annotated[
    str,
    Query(
        max_length=300,
        pattern=PLAIN,
        description="What its person is told, when it is not the asker's.",
    ),
]
ProjectQuery = Annotated[str | None, Query(max_length=64, pattern=PLAIN, description="Name or id.")]
TimeQuery = Annotated[int | None, Query(ge=0, le=MAX_TIME_MS, description="UTC milliseconds.")]


def file_of(media_type: str, what: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of an answer that is a file."""
    is_json = media_type.endswith("json")
    content = {media_type: {"schema": {"type": "object" if is_json else "string"}}}
    return {200: {"description": what, "content": content}}


def answer(view: Any, status: int = 200) -> Response:
    """Return a view as JSON."""
    return JsonResponse(view, status)


def download(data: bytes, media_type: str, name: str) -> Response:
    """Return bytes that people made, to be saved and never to be run by a browser."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": DOWNLOAD_CSP,
    }
    return Response(data, media_type=media_type, headers=headers)


async def get_or_wait(
    request: Request,
    noun: Any,
    actor: Actor,
    thing_id: str,
    wait_s: float,
    seen: str,
) -> Response:
    """Return a view at once, or when it changed after ``seen``, or when the time is over."""
    house = house_of(request)
    with held(house, actor) as may_wait:
        if wait_s <= 0 or not may_wait:
            return answer(await noun.get(actor, thing_id))
        waiting = noun.wait(actor, thing_id, seen=seen, timeout_s=wait_s)
        view = await unless_gone(house, request, waiting)
    return answer(await noun.get(actor, thing_id) if view is None else view)
