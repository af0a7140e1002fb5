"""Work that is done once for all who ask for the same."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

FRESH_S = 1.0
LATEST_S = 10.0
"""What takes long to make is shown for so long at most while the next is made. ..."""

SHARE = 4
"""... One that took long is followed by a pause this many times as long."""

log = logging.getLogger(__name__)


class Once(Generic[T]):
    """What was made last, and of what; made anew as soon as somebody asks with another sign.

    However many ask meanwhile, they wait for the same work. One that failed is tried again by
    whoever asks next.
    """

    def __init__(self) -> None:
        self._sign: object = None
        self._work: asyncio.Future[T] | None = None

    async def get(self, sign: object, make: Callable[[], asyncio.Future[T]]) -> T:
        """Return what was made with an equal sign, or what ``make`` makes."""
        work = self._work
        if work is None or self._sign != sign or _has_failed(work):
            work = self._work = make()
            self._sign = sign
        # One who asks no longer must not take it from the others.
        return await asyncio.shield(work)


def _has_failed(work: "asyncio.Future[Any]") -> bool:
    return work.done() and (work.cancelled() or work.exception() is not None)


class Lately(Generic[T]):
    """What was made a moment ago: who asks for it need not wait while the next is made.

    Parameters
    ----------
    make
        Makes it as it is now.
    """

    def __init__(self, make: Callable[[], Awaitable[T]]) -> None:
        self._make = make
        self._made: list[T] = []
        self._began_s = 0.0
        self._took_s = 0.0
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return what was made last, and have it made anew; wait only for what is too old."""
        age_s = time.monotonic() - self._began_s
        rest_s = min(LATEST_S, max(FRESH_S, SHARE * self._took_s))
        if self._making is None and (not self._made or age_s > rest_s):
            self._making = asyncio.create_task(self._anew())
            self._making.add_done_callback(self._over)
        if self._made and age_s <= LATEST_S:
            return self._made[0]
        assert self._making is not None
        return await asyncio.shield(self._making)

    async def _anew(self) -> T:
        began_s = time.monotonic()
        made = await self._make()
        self._made, self._began_s = [made], began_s
        self._took_s = time.monotonic() - began_s
        return made

    def _over(self, making: "asyncio.Task[T]") -> None:
        self._making = None
        # Whoever asks once what is known is too old is told why.
        if not making.cancelled() and (error := making.exception()) is not None:
            log.debug("what was known is not renewed: %s", error)
