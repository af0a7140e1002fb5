"""Work that is done once for all who ask for the same."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


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
