"""When waiting leases will start: the queue itself, played forward three times.

Called by engines for standings. Each play lets every lease run for a short, a usual or a long time
and reads the starts from the queue's own decisions, so a forecast never has an order of its own.
It knows nothing of leases that are not submitted yet; a project with less usage that comes later
may go first.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace

from madang.domain.queue import QueueItem
from madang.policy.decisions import AskBack, Start
from madang.policy.durations import (
    EARLY,
    LATE,
    NO_HISTORY,
    USUAL,
    Durations,
    expected_left_ms,
)
from madang.policy.fair_queue import FairQueue

PLAYED_MAX = 1000
"""Leases that are played forward; behind them nobody is given a time."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Expected start with an interval, UTC milliseconds; None where nothing can be said.

    Attributes
    ----------
    latest_ms
        With past durations a likely bound, not a promise; without them the bound that the limits
        give.
    """

    expected_ms: int | None
    earliest_ms: int | None
    latest_ms: int | None


UNKNOWN = Forecast(None, None, None)


def forecast(
    queue: FairQueue,
    flavor: str | None,
    now_ms: int,
    ends: Mapping[str, int],
    durations: Durations = NO_HISTORY,
    *,
    played_max: int = PLAYED_MAX,
) -> dict[str, Forecast]:
    """Forecast the start of each waiting lease of a flavor (of all flavors when None).

    Parameters
    ----------
    queue
        Stays as it is; copies are played forward.
    ends
        Latest end (start and limit) of running leases by id; one that is missing may run for its
        whole limit from now.
    durations
        Past durations, such as a :class:`~madang.policy.durations.History`.
    played_max
        Starts after which a play ends; who has not started by then is told nothing.

    Returns
    -------
    dict
        One entry for each waiting lease. Held-back leases, and those that a play never starts,
        have no times.
    """
    plays = [
        _Play(queue, now_ms, ends, durations, quantile).run(played_max)
        for quantile in (EARLY, USUAL, LATE)
    ]
    found = {}
    for item in queue.waiting_items(flavor):
        starts = [play.get(item.lease_id) for play in plays]
        known = [start for start in starts if start is not None]
        # A gang may start later although all others end earlier, hence the smallest and largest.
        found[item.lease_id] = (
            Forecast(starts[1], min(known), max(known)) if len(known) == len(plays) else UNKNOWN
        )
    return found


class _Play:
    """One play: the queue's copy, and a heap of ends of what runs in it."""

    def __init__(
        self,
        queue: FairQueue,
        now_ms: int,
        ends: Mapping[str, int],
        durations: Durations,
        quantile: float,
    ) -> None:
        self._queue, self._durations, self._quantile = queue.copy(), durations, quantile
        self._waiting = {item.lease_id: item for item in queue.waiting_items()}
        running_now = queue.running()
        self._running = {running.item.lease_id: running.item for running in running_now}
        self._now_ms = now_ms
        # (end, lease, attempt, whether it was asked back and waits again)
        self._ends: list[tuple[int, str, int, bool]] = []
        for running in running_now:
            item = running.item
            end_ms = ends.get(item.lease_id, now_ms + item.limit_ms)
            self._push_end(item, item.limit_ms - max(0, end_ms - now_ms))
            if running.is_asked_back:
                self._push_return(item.lease_id, item.attempt, queue.grace_ms)

    def run(self, played_max: int) -> dict[str, int]:
        """Return the start of each lease that is among the first ``played_max`` to start."""
        starts: dict[str, int] = {}
        played = 0
        while True:
            for decision in self._queue.tick(self._now_ms):
                match decision:
                    case Start():
                        item = self._waiting.pop(decision.lease_id)
                        self._running[item.lease_id] = item
                        starts.setdefault(item.lease_id, self._now_ms)
                        played += 1
                        self._push_end(item, 0)
                    case AskBack():
                        self._push_return(decision.lease_id, decision.attempt, decision.grace_ms)
            if not self._ends or played >= played_max:
                return starts
            self._now_ms = self._ends[0][0]
            while self._ends and self._ends[0][0] == self._now_ms:
                self._end(*heapq.heappop(self._ends)[1:])

    def _push_end(self, item: QueueItem, passed_ms: int) -> None:
        samples = self._durations(item)
        left_ms = expected_left_ms(samples, item.limit_ms, max(0, passed_ms), self._quantile)
        entry = (self._now_ms + left_ms, item.lease_id, item.attempt, False)
        heapq.heappush(self._ends, entry)

    def _push_return(self, lease_id: str, attempt: int, grace_ms: int) -> None:
        heapq.heappush(self._ends, (self._now_ms + grace_ms, lease_id, attempt, True))

    def _end(self, lease_id: str, attempt: int, waits_again: bool) -> None:
        item = self._running.get(lease_id)
        if item is None or item.attempt != attempt:
            return
        del self._running[lease_id]
        self._queue.finished(lease_id, self._now_ms)
        if waits_again:
            self._queue.submit(replace(item, attempt=attempt + 1), self._now_ms)
        # Also one whose next attempt was known before this one ended.
        again = self._queue.waiting_item(lease_id)
        if again is not None:
            self._waiting[lease_id] = again
