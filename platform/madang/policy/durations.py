"""How long leases last: past durations, and what is left of a lease that runs.

Used by :mod:`madang.policy.forecast`; ``services`` fill a :class:`History` from ended leases.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from madang.domain.lease import LeaseKind
from madang.domain.queue import QueueItem

SAMPLES_MIN = 5
"""Past leases without which a duration is taken from the limit."""

EARLY, USUAL, LATE = 0.1, 0.5, 0.9
"""Quantiles of past durations for the three plays of a forecast."""

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


NO_HISTORY = History()
"""Nothing is known but limits; it stays empty."""
