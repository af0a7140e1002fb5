"""Quantities and ids: integers only, units in the names, no floats in money or time.

Time is UTC in integer milliseconds, device time is device-milliseconds, money is micro-credits.
"""

import re
import secrets
import time

from madang.errors import InvalidError

MS_PER_S = 1_000
MS_PER_HOUR = 3_600_000
MICROCREDITS_PER_CREDIT = 1_000_000
SEGMENT_MS = 300_000
GIB = 1024**3
"""Segments are cut at aligned 5-minute marks (architecture, section 6)."""

LEAST_CPU_MILLIS, MOST_CPU_MILLIS = 50, 1_024_000
"""Less than a twentieth of a core does not start a kernel; no machine has more than 1,024."""

_CPUS = re.compile(r"^\d{1,4}(?:\.\d{1,6})?$", re.ASCII)
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_ID = re.compile(r"^[a-z]+-[0-9a-hjkmnp-tv-z]{26}$")
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$")
_DURATION_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": MS_PER_HOUR, "d": 24 * MS_PER_HOUR}


def now_ms() -> int:
    """Return the wall clock in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def parse_cpu_millis(given: object) -> int:
    """Return thousandths of a processor core, such as 500 for ``0.5``.

    Raises
    ------
    InvalidError
        ``cpu_count``: it is no number from 0.05 to 1,024.
    """
    text = str(given)
    is_number = bool(_CPUS.match(text)) and not isinstance(given, bool)
    millis = round(float(text) * 1000) if is_number else 0
    if not LEAST_CPU_MILLIS <= millis <= MOST_CPU_MILLIS:
        raise InvalidError("cpu_count", given=text[:40])
    return millis


def cpu_text(millis: int) -> str:
    """Return a number of processor cores as people write it.

    Examples
    --------
    >>> cpu_text(2000), cpu_text(500)
    ('2', '0.5')
    """
    return f"{millis / 1000:g}"


def is_due(since_ms: int, every_ms: int, now_ms: int) -> bool:
    """Tell whether what was done last at ``since_ms`` is to be done again.

    A clock that was set back says that it was done in the future: then it is due at once, and not
    only when the clock has caught up, which may take days.
    """
    return not 0 <= now_ms - since_ms < every_ms


def new_id(noun: str, at_ms: int | None = None) -> str:
    """Return ``<noun>-<lower-case ULID>``: sortable by time, safe as a DNS label.

    Parameters
    ----------
    noun
        One word of the architecture's section 2, such as ``"lease"``.
    at_ms
        Time part in UTC milliseconds; now when None.
    """
    value = ((now_ms() if at_ms is None else at_ms) << 80) | secrets.randbits(80)
    digits = [_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{noun}-{''.join(digits)}"


def is_id(text: str, noun: str) -> bool:
    """Tell whether ``text`` has the form of an id of ``noun``."""
    return bool(_ID.match(text)) and text.startswith(f"{noun}-")


def cost_microcredits(device_ms: int, rate_microcredits: int) -> int:
    """Return what ``device_ms`` cost at a rate per device-hour, rounded down.

    Charge segments through :func:`segment_cost_microcredits`, so that rounding never adds up.
    """
    return device_ms * rate_microcredits // MS_PER_HOUR


def segment_cost_microcredits(before_device_ms: int, device_ms: int, rate_microcredits: int) -> int:
    """Return the cost of one segment so that all segments of an attempt sum to its exact cost.

    Parameters
    ----------
    before_device_ms
        Device time of the attempt that earlier segments have charged.
    device_ms
        Device time of this segment.
    rate_microcredits
        Micro-credits for one device-hour.
    """
    after = cost_microcredits(before_device_ms + device_ms, rate_microcredits)
    return after - cost_microcredits(before_device_ms, rate_microcredits)


def parse_duration_ms(text: str | int | float) -> int:
    """Read ``90s``, ``15m``, ``2h``, ``1d`` (a bare number means seconds) as milliseconds.

    Raises
    ------
    InvalidError
        ``duration_unreadable`` when the text has another form.
    """
    match = _DURATION.match(str(text))
    if match is None:
        raise InvalidError("duration_unreadable", given=str(text)[:40])
    return int(float(match[1]) * _DURATION_MS[match[2] or "s"])


def credits_short(microcredits: int) -> str:
    """Write credits as people read them: two decimals, and a trace is not shown as zero."""
    cent = MICROCREDITS_PER_CREDIT // 100
    if 0 < microcredits < cent:
        return "< 0.01"
    sign = "-" if microcredits < 0 else ""
    whole, rest = divmod(abs(microcredits) // cent, 100)
    return f"{sign}{whole:,}.{rest:02d}"


def credits_text(microcredits: int) -> str:
    """Write micro-credits as credits with three decimals, without floating point."""
    sign = "-" if microcredits < 0 else ""
    whole, rest = divmod(abs(microcredits), MICROCREDITS_PER_CREDIT)
    return f"{sign}{whole:,}.{rest // 1000:03d}"
