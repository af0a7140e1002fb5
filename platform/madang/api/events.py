"""The event stream of a browser: says which topics changed, never what is in them.

One stream feeds everything on a page, also the waiting page. It ends when the client leaves, when
the person has logged out, and when the service stops.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from madang.api.house import House
from madang.api.waiting import cancel, client_left
from madang.errors import MadangError, RefusedError
from madang.services.requests import Actor

HEARTBEAT_S = 15.0
MAX_STREAMS = 20
"""Open streams of one person; beyond it a page falls back to asking."""


def open_stream(house: House, request: Request, actor: Actor) -> StreamingResponse:
    """Return the stream of changes for one browser.

    Raises
    ------
    RefusedError
        ``too_many_streams``.
    """
    if house.streams[actor.person.id] >= MAX_STREAMS:
        raise RefusedError("too_many_streams", limit=MAX_STREAMS)
    return StreamingResponse(
        stream(house, request, actor),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def stream(
    house: House, request: Request, actor: Actor, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """Yield the lines of the stream."""
    changes: Any = house.services.events.subscribe()
    following: asyncio.Future[Any] = asyncio.ensure_future(anext(changes, None))
    ends = (
        asyncio.ensure_future(house.closing.wait()),
        asyncio.ensure_future(client_left(request)),
    )
    house.streams[actor.person.id] += 1
    try:
        if house.streams[actor.person.id] > MAX_STREAMS:
            # Asked for in one burst: none of them had begun when this one was let in.
            yield b"retry: 60000\n: too many\n\n"
            return
        yield b"retry: 2000\n: open\n\n"
        while True:
            await asyncio.wait(
                {following, *ends}, timeout=heartbeat_s, return_when=asyncio.FIRST_COMPLETED
            )
            if any(end.done() for end in ends):
                return
            if following.done():
                topics = following.result()
                if topics is None:
                    return
                following = asyncio.ensure_future(anext(changes, None))
                yield _event(topics)
            elif await _is_still_there(house, request):
                yield b": still here\n\n"
            else:
                return
    finally:
        house.streams[actor.person.id] -= 1
        if house.streams[actor.person.id] <= 0:
            del house.streams[actor.person.id]
        await cancel(following, *ends)
        await changes.aclose()


async def _is_still_there(house: House, request: Request) -> bool:
    """Tell whether the credential still holds; the hub is asked at most once a minute."""
    try:
        await house.identity.actor(request)
    except MadangError as error:
        # A hub that restarts must not end the streams of everybody.
        return error.status == 503
    return True


def _event(topics: set[str]) -> bytes:
    data = json.dumps({"topics": sorted(topics)})
    return f"event: change\ndata: {data}\n\n".encode()
