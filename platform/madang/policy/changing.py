"""Whether a waiting request may be changed without losing its place.

Called by ``services``. Whoever asks for less of the same goes on waiting where they wait: nobody
behind them starts later for it. Anything else is a new request, and goes to the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What of a request the queue judges."""

    flavor: str
    devices: int
    limit_ms: int


def keeps_place(before: Size, after: Size) -> bool:
    """Tell whether the place is kept: same flavor, not more devices, not a longer limit."""
    return (
        after.flavor == before.flavor
        and after.devices <= before.devices
        and after.limit_ms <= before.limit_ms
    )


def end_of_line_ms(now_ms: int, own_ms: int, others_ms: Iterable[int]) -> int:
    """Return a time of request behind all that wait, also when the clock was set back.

    Parameters
    ----------
    own_ms
        The request's own time up to now.
    others_ms
        Times of the requests that wait.
    """
    return max(now_ms, own_ms + 1, *(other + 1 for other in others_ms))
