"""Counts and durations of the service itself, for whoever watches it; plain numbers in memory.

Written by the use-cases, read by the API's metrics. They begin at nothing with each start.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WAIT_S = (1.0, 10.0, 60.0, 300.0, 900.0, 3_600.0, 4 * 3_600.0, 24 * 3_600.0, 72 * 3_600.0)


class Spread:
    """How durations are spread over fixed bounds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return upper bounds, the last one infinite, with how many were not longer."""
        total, found = 0, []
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            found.append(("+Inf" if bound == float("inf") else f"{bound:g}", float(total)))
        return found


@dataclass(slots=True)
class Measures:
    """All of them.

    Attributes
    ----------
    waits
        From the request to the devices.
    looks, failures
        Turns of the reconcile loop, and parts of one that failed.
    writes
        Transactions that write, with their wait for a turn.
    """

    waits: Spread = field(default_factory=lambda: Spread(WAIT_S))
    looks: Spread = field(default_factory=lambda: Spread(FAST_S))
    writes: Spread = field(default_factory=lambda: Spread(FAST_S))
    failures: int = 0
