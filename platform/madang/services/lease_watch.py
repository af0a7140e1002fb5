"""Wakes who waits for a lease once it has changed, and nobody else.

Everybody in the queue holds a request open. One task reads for all of them what has changed; to
wake each at every change of any lease made the service work for the square of who waits.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from madang.domain.lease import Standing
from madang.errors import MadangError
from madang.services.bus import Listener
from madang.services.core import Core

PAUSE_S = 0.02
"""Changes that come together are looked at together, ..."""

SHARE = 4
"""... and a look that took long is followed by a pause this many times as long."""

PLACES_PER_S = 20
"""So many are told each second that their place has moved, those who heard nothing for the longest
first. In a short queue that is everybody at once; whoever's turn comes never waits for it."""

_KEYS = ("state", "target", "reason", "attempt", "claimed", "held_back", "started_ms", "limit_ms")


@dataclass(eq=False, slots=True)
class _Waiter:
    lease: str
    row: tuple[Any, ...]
    place: tuple[Any, ...] | None
    told: asyncio.Event = field(default_factory=asyncio.Event)


class LeaseWatch:
    """All who wait for a lease to change."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._waiting: dict[_Waiter, None] = {}
        self._listener: Listener | None = None
        self._task: asyncio.Task[None] | None = None
        self._may_tell = float(PLACES_PER_S)
        self._looked_s = time.monotonic()

    async def changed(self, view: Mapping[str, Any], timeout_s: float) -> bool:
        """Wait until a lease differs from its view; False when the time is over before."""
        standing = view["standing"]
        waiter = _Waiter(
            view["id"],
            tuple(view[key] for key in _KEYS),
            standing and tuple(standing[key] for key in _PLACE),
        )
        with self._among(waiter):
            try:
                async with asyncio.timeout(max(0.0, timeout_s)):
                    await waiter.told.wait()
            except TimeoutError:
                return False
        return True

    @contextmanager
    def _among(self, waiter: _Waiter) -> Iterator[None]:
        self._waiting[waiter] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="lease watch")
        elif self._listener is not None:
            # What it changed to since the view was read may have been told already.
            self._listener.poke()
        try:
            yield
        finally:
            self._waiting.pop(waiter, None)
            if not self._waiting and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        with self._core.bus.listen() as self._listener:
            while True:
                began_s = time.monotonic()
                are_all_told = await self._look()
                await asyncio.sleep(max(PAUSE_S, SHARE * (time.monotonic() - began_s)))
                if are_all_told:
                    await self._listener.next()

    async def _look(self) -> bool:
        """Wake whose lease has changed; return whether nobody was left for later."""
        core = self._core
        ids = {waiter.lease for waiter in self._waiting}
        try:
            rows = await core.store.read(lambda tx: tx.leases.marks(ids))
            standings = await core.standings()
        except MadangError:
            # The database is away: whoever waits looks for themselves, and is told so.
            rows, standings = {}, {}
        moved = []
        for waiter in list(self._waiting):
            if rows.get(waiter.lease) != waiter.row:
                self._tell(waiter)
            elif _place(standings.get(waiter.lease)) != waiter.place:
                moved.append(waiter)
        now_s = time.monotonic()
        more = PLACES_PER_S * (now_s - self._looked_s)
        self._may_tell, self._looked_s = min(PLACES_PER_S, self._may_tell + more), now_s
        some = moved[: int(self._may_tell)]
        self._may_tell -= len(some)
        for waiter in some:
            self._tell(waiter)
        return len(some) == len(moved)

    def _tell(self, waiter: _Waiter) -> None:
        self._waiting.pop(waiter, None)
        waiter.told.set()


_PLACE = ("position", "waiting", "reason", "expected_ms")


def _place(standing: Standing | None) -> tuple[Any, ...] | None:
    if standing is None:
        return None
    return standing.position, standing.waiting, str(standing.reason), standing.expected_ms
