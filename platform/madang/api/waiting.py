"""Waiting for a request's answer without outliving its client or the service.

A long poll holds neither a thread nor a database connection: it is one awaited use-case, dropped
when the client leaves and cut short when the service stops.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from madang.api.house import House
from madang.services.requests import Actor

Found = TypeVar("Found")

MAX_WAITS = 100
"""Requests of one person that are held; each costs a look at every change. More answer at once."""


@contextmanager
def held(house: House, actor: Actor) -> Iterator[bool]:
    """Count a request that is held; yields whether its person may have one more."""
    person = actor.person.id
    house.waits[person] += 1
    try:
        yield house.waits[person] <= MAX_WAITS
    finally:
        house.waits[person] -= 1
        if house.waits[person] <= 0:
            del house.waits[person]


async def unless_gone(
    house: House, request: Request, work: Coroutine[Any, Any, Found]
) -> Found | None:
    """Return the result of ``work``, or None once the client left or the service stops."""
    task = asyncio.ensure_future(work)
    others = [
        asyncio.ensure_future(house.closing.wait()),
        asyncio.ensure_future(client_left(request)),
    ]
    try:
        await asyncio.wait({task, *others}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        await cancel(task, *others)


async def client_left(request: Request) -> None:
    """Wait until the client has closed its connection; the body must have been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def cancel(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks and wait until they are gone; what they raised is of no interest any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
