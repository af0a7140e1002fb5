"""Looks whose turn it is soon after something changed, and rests in proportion to what that costs.

Many changes that come together are one look. It also looks from time to time by itself, since a
turn that leads to nothing is known by the time that passes alone.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

AT_LEAST_S = 0.01
EVERY_S = 1.0
COST_SHARE = 10
"""A tenth of the time at most is spent with looking."""

log = logging.getLogger(__name__)


class Turning:
    """Calls ``look``; which must return at once."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="turns")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def soon(self) -> None:
        """Take note that something changed."""
        self._changed.set()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._changed.wait()
            self._changed.clear()
            began = time.perf_counter()
            try:
                self._look()
            except Exception:
                # A loop edge: without it nobody would get a turn any more.
                log.exception("whose turn it is could not be found")
            took_s = time.perf_counter() - began
            await asyncio.sleep(max(AT_LEAST_S, COST_SHARE * took_s))
