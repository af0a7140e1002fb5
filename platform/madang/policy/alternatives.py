"""What a waiting person could have instead: which other requests start at once, or clearly earlier.

Called by ``services``, which says what the person may ask for and when each would start; here it is
only judged which of them are worth showing, and in which order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NOW_MS = 5_000
"""A start within this counts as now."""

MIN_GAIN_MS = 600_000
MIN_GAIN_PERCENT = 25
"""What comes less than this much earlier is not worth another request."""

SHOWN_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Another request that the person may make.

    Attributes
    ----------
    profile
        Empty for a request by flavor and devices.
    starts_ms
        When it would start, UTC; None when nothing is known.
    """

    profile: str
    flavor: str
    devices: int
    starts_ms: int | None


def worth_showing(
    candidates: Iterable[Candidate], flavor: str, devices: int, expected_ms: int | None, now_ms: int
) -> list[Candidate]:
    """Return the candidates that help, those that start now first and the larger ones before.

    Parameters
    ----------
    flavor, devices
        What is asked for now; the same, or more of the same, helps nobody.
    expected_ms
        When that is expected to start; None when nothing is known.
    """
    kept: dict[tuple[str, int], Candidate] = {}
    for one in candidates:
        is_more = one.flavor == flavor and one.devices >= devices
        if not is_more and _helps(one.starts_ms, expected_ms, now_ms):
            kept.setdefault((one.flavor, one.devices), one)
    order = sorted(
        kept.values(), key=lambda one: (_start(one, now_ms), one.flavor != flavor, -one.devices)
    )
    # Whatever else there is, the way without a device stays in sight.
    free = [one for one in order if one.devices == 0]
    shown = order[:SHOWN_MAX]
    return shown if not free or free[0] in shown else [*shown[: SHOWN_MAX - 1], free[0]]


def is_now(starts_ms: int | None, now_ms: int) -> bool:
    """Tell whether a start at this time is a start at once."""
    return starts_ms is not None and starts_ms - now_ms <= NOW_MS


def _helps(starts_ms: int | None, expected_ms: int | None, now_ms: int) -> bool:
    if starts_ms is None:
        return False
    if is_now(starts_ms, now_ms):
        return not is_now(expected_ms, now_ms)
    if expected_ms is None:
        return True
    gain = expected_ms - starts_ms
    return gain >= MIN_GAIN_MS and gain * 100 >= MIN_GAIN_PERCENT * (expected_ms - now_ms)


def _start(one: Candidate, now_ms: int) -> int:
    # Seconds of difference between two starts at once say nothing.
    return now_ms if one.starts_ms is None or is_now(one.starts_ms, now_ms) else one.starts_ms
