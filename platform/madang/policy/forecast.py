"""When waiting leases will start: the queue itself, played forward three times.

Called by engines for standings. Each play lets every lease run for a short, a usual or a long time
and reads the starts from the queue's own decisions, so a forecast never has an order of its own.
It knows nothing of leases that are not submitted yet; a project with less usage that comes later
may go first.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from madang.domain.lease import LeaseKind
from madang.domain.queue import QueueItem
from madang.policy.decisions import AskBack, Start
from madang.policy.fair_queue import FairQueue

PLAYED_MAX = 1000
"""Leases that are played forward; behind them nobody is given a time."""

SAMPLES_MIN = 5
"""Past leases without which a duration is taken from the limit."""

EARLY, USUAL, LATE = 0.1, 0.5, 0.9
"""Quantiles of past durations for the three plays."""


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

Durations = Callable[[QueueItem], Sequence[int]]
"""Past durations of leases like this one, in ascending milliseconds."""


class History:
    """Past durations by kind and person, the last ones of each.

    Parameters
    ----------
    keep
        How many are kept for each kind and for each kind and person.
    """

    def __init__(self, keep: int = 200) -> None:
        self._keep = keep
        self._latest: dict[tuple[LeaseKind, str], list[int]] = {}
        self._sorted: dict[tuple[LeaseKind, str], list[int]] = {}

    def add(self, kind: LeaseKind, person: str, duration_ms: int) -> None:
        """Remember how long a lease lasted."""
        for key in ((kind, person), (kind, "")):
            latest = self._latest.setdefault(key, [])
            latest.append(duration_ms)
            del latest[: -self._keep]
            self._sorted.pop(key, None)

    def __call__(self, item: QueueItem) -> Sequence[int]:
        """Return the person's own durations of this kind if there are enough, else everybody's."""
        for key in ((item.kind, item.person), (item.kind, "")):
            latest = self._latest.get(key, [])
            if len(latest) >= SAMPLES_MIN:
                if key not in self._sorted:
                    self._sorted[key] = sorted(latest)
                return self._sorted[key]
        return ()


def expected_left_ms(samples: Sequence[int], limit_ms: int, passed_ms: int, quantile: float) -> int:
    """Return how long a lease goes on that has run for ``passed_ms``.

    Past durations that were shorter than that say nothing any more. Where fewer than
    ``SAMPLES_MIN`` are left, the early, usual and late play take a tenth, a half and all of what
    the limit leaves. Never more than that, never less than a millisecond.
    """
    bound = max(1, limit_ms - passed_ms)
    first = bisect_right(samples, passed_ms)
    count = len(samples) - first
    if count < SAMPLES_MIN:
        return max(1, int(bound * (1.0 if quantile > USUAL else quantile)))
    lasted = samples[first + min(count - 1, int(quantile * count))]
    return max(1, min(bound, lasted - passed_ms))


def forecast(
    queue: FairQueue,
    flavor: str | None,
    now_ms: int,
    ends: Mapping[str, int],
    durations: Durations | None = None,
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
        Such as a :class:`History`; None when nothing is known but limits.
    played_max
        Starts after which a play ends; who has not started by then is told nothing.

    Returns
    -------
    dict
        One entry for each waiting lease. Held-back leases, and those that a play never starts,
        have no times.
    """
    plays = [
        _play(queue, now_ms, ends, durations, quantile, played_max)
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


def _play(
    queue: FairQueue,
    now_ms: int,
    ends: Mapping[str, int],
    durations: Durations | None,
    quantile: float,
    played_max: int,
) -> dict[str, int]:
    """Return the start of each lease that starts before ``played_max`` have started."""
    play = queue.copy()
    starts: dict[str, int] = {}
    # (end, lease, attempt, next attempt to submit when it was asked back)
    heap: list[tuple[int, str, int]] = []
    held: dict[str, QueueItem] = {}

    def left_ms(item: QueueItem, passed_ms: int) -> int:
        samples = durations(item) if durations is not None else ()
        return expected_left_ms(samples, item.limit_ms, passed_ms, quantile)

    for running in play.running():
        item = held[running.item.lease_id] = running.item
        end_ms = ends.get(item.lease_id, now_ms + item.limit_ms)
        passed_ms = max(0, item.limit_ms - max(0, end_ms - now_ms))
        heap.append((now_ms + left_ms(item, passed_ms), item.lease_id, item.attempt))
    heapq.heapify(heap)
    waiting = {item.lease_id: item for item in play.waiting_items(None)}
    at_ms = now_ms
    while True:
        for decision in play.tick(at_ms):
            match decision:
                case Start():
                    item = held[decision.lease_id] = waiting[decision.lease_id]
                    starts.setdefault(item.lease_id, at_ms)
                    heapq.heappush(heap, (at_ms + left_ms(item, 0), item.lease_id, item.attempt))
                case AskBack():
                    end_ms = at_ms + decision.grace_ms
                    heapq.heappush(heap, (end_ms, decision.lease_id, decision.attempt))
        if not heap or len(starts) >= played_max:
            return starts
        at_ms = heap[0][0]
        while heap and heap[0][0] == at_ms:
            _, lease_id, _ = heapq.heappop(heap)
            play.finished(lease_id, at_ms)
