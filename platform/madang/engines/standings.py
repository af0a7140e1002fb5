"""What waiting leases are told: places from the queue, times from the forecast, kept for a second.

The forecast plays a copy of the queue: a short one in a thread, a long one in a process of its own,
so that whoever is answered meanwhile waits for neither.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from madang.domain.lease import Standing
from madang.domain.queue import QueueItem
from madang.forecaster import Forecaster, ForecasterError
from madang.policy.durations import Durations, History
from madang.policy.fair_queue import FairQueue
from madang.policy.forecast import UNKNOWN, forecast
from madang.policy.standings import compute, placed

FRESH_MS = 1_000
"""Nobody is told anything older than this, ..."""

CHANGED_MS = 200
"""... and after a change this, so that a burst of requests is looked at together."""

LONGEST_MS = 5_000
PATIENCE_MS = 100
"""A forecast that took no longer than this is waited for."""

LONG_QUEUE = 200
"""More than so many waiting leases are played elsewhere."""

COST_SHARE = 10
"""A long queue takes a while to play: it is played for a tenth of the time at most."""

MIN_HISTORY_MS = 1_000
"""Shorter attempts (failed starts) say nothing about how long people work."""

Ends = Callable[[], Mapping[str, int]]
"""Returns when each lease that runs ends at the latest; made only where somebody needs it."""

log = logging.getLogger(__name__)


class Standings:
    """The cache of one admission.

    Parameters
    ----------
    longest_ms
        How old a forecast may become because the next one costs so much.
    has_places
        Places are told from elsewhere: nobody waits for the first forecast of a long queue.
    """

    def __init__(self, longest_ms: int = LONGEST_MS, *, has_places: bool = False) -> None:
        self._longest_ms, self._has_places = longest_ms, has_places
        self._known: Mapping[str, Standing] = {}
        self._latest_of: Mapping[str, Standing] = self._known
        self._latest_ms: dict[str, int | None] = {}
        self._at_ms: int | None = None
        self._rest_ms = 0
        self._took_ms = 0
        self._is_stale = True
        self._lock = asyncio.Lock()
        self._playing: asyncio.Task[None] | None = None
        self._history = History()
        self._ended: list[tuple[QueueItem, int]] = []
        self._forecaster = Forecaster()

    def forget(self) -> None:
        """Take note that the queue has changed."""
        self._is_stale = True

    def ended(self, item: QueueItem, duration_ms: int) -> None:
        """Learn how long a lease lasted."""
        self._is_stale = True
        if duration_ms >= MIN_HISTORY_MS:
            self._ended.append((item, duration_ms))

    def durations(self) -> Durations:
        """Return what was learnt; not while a forecast reads it in a thread."""
        for item, duration_ms in self._ended:
            self._history.add(item.kind, item.person, duration_ms)
        self._ended.clear()
        return self._history

    async def get(self, queue: FairQueue, ends: Ends, now_ms: int) -> Mapping[str, Standing]:
        """Return the standing of each waiting lease by its id.

        While the next forecast of a long queue is played everybody is told the last one.
        """
        limit_ms = max(self._rest_ms, CHANGED_MS if self._is_stale else FRESH_MS)
        if self._at_ms is not None and 0 <= now_ms - self._at_ms < limit_ms:
            return self._known
        task = self._playing
        if task is None or task.done():
            task = self._playing = asyncio.create_task(self._play(queue, ends, now_ms))
        is_worth_waiting = self._took_ms <= PATIENCE_MS
        if self._at_ms is None:
            is_worth_waiting = not self._has_places or len(queue.waiting_items()) <= LONG_QUEUE
        if is_worth_waiting:
            await asyncio.shield(task)
        return self._known

    async def _play(self, queue: FairQueue, ends: Ends, now_ms: int) -> None:
        async with self._lock:
            self._is_stale = False
            copy, until, durations = queue.copy(), ends(), self.durations()
            begin = time.monotonic()
            self._known, cost_ms = await asyncio.to_thread(
                self._compute, copy, until, durations, now_ms
            )
            self._took_ms = int((time.monotonic() - begin) * 1_000)
            self._rest_ms = min(COST_SHARE * cost_ms, self._longest_ms)
            self._at_ms = now_ms

    def _compute(
        self, queue: FairQueue, ends: Mapping[str, int], durations: Durations, now_ms: int
    ) -> tuple[dict[str, Standing], int]:
        """Compute, and tell how many milliseconds of a processor it took."""
        count = len(queue.waiting_items())
        if count > LONG_QUEUE and self._forecaster.may_answer:
            try:
                return self._forecaster.compute(queue, ends, durations, now_ms)
            except ForecasterError as error:
                log.warning("the queue is forecast here, for its process is not there: %s", error)
        elif count < LONG_QUEUE // 2:
            self._forecaster.close()
        began = time.thread_time()
        found = compute(queue, ends, durations, now_ms)
        return found, int((time.thread_time() - began) * 1_000)

    async def estimate(
        self, queue: FairQueue, ends: Ends, item: QueueItem, now_ms: int
    ) -> int | None:
        """Return when a lease would start that is asked for now.

        Behind a very long queue it is told the latest start of those who wait: to play the whole
        queue for each profile that somebody looks at would hold up everybody.
        """
        if queue.waiting_count(item.flavor) > LONG_QUEUE:
            return self._latest(queue, item.flavor, await self.get(queue, ends, now_ms))
        play = queue.copy()
        play.submit(item, now_ms)
        async with self._lock:
            durations = self.durations()
            found = await asyncio.to_thread(forecast, play, item.flavor, now_ms, ends(), durations)
        return found.get(item.lease_id, UNKNOWN).expected_ms

    def _latest(self, queue: FairQueue, flavor: str, known: Mapping[str, Standing]) -> int | None:
        """Return the latest expected start in a flavor, found once for each forecast."""
        if self._latest_of is not known:
            self._latest_of, self._latest_ms = known, {}
        if flavor not in self._latest_ms:
            waiting = queue.waiting_items(flavor)
            times = [known[x.lease_id].expected_ms for x in waiting if x.lease_id in known]
            self._latest_ms[flavor] = max((at for at in times if at is not None), default=None)
        return self._latest_ms[flavor]

    async def preview(
        self, queue: FairQueue, ends: Ends, item: QueueItem, now_ms: int
    ) -> Standing | None:
        """Return the standing that a lease would have that is asked for, or changed, now.

        In a very long queue its place is found, and the times are those that are told now to
        whoever stands there: the queue is not played for one who only looks.
        """
        play = queue.copy()
        play.submit(item, now_ms)
        if len(play.waiting_items()) > LONG_QUEUE:
            known = await self.get(queue, ends, now_ms)
            return await asyncio.to_thread(placed, play, item, known, now_ms)
        async with self._lock:
            durations = self.durations()
            found = await asyncio.to_thread(compute, play, ends(), durations, now_ms)
        return found.get(item.lease_id)
