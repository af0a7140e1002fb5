"""Numbers and times as people read them, in Korean and English.

The script writes durations and relative times by the same rules once a page is open
(``static/madang.js``); the words come from the catalogue for both, so they cannot differ.
"""

from datetime import UTC, datetime

from madang.i18n import text
from madang.units import MS_PER_HOUR

_STEPS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(ms: int, lang: str) -> str:
    """Write a span with its two largest units: ``2 h 5 min``, ``2시간 5분``."""
    seconds = max(0, ms) // 1000
    for index, (unit, size) in enumerate(_STEPS):
        if seconds >= size or unit == "s":
            count, rest = divmod(seconds, size)
            words = [f"{count}{text(f'pages.unit.{unit}', lang)}"]
            # Seconds beside minutes would only flicker.
            if unit in ("d", "h"):
                next_unit, next_size = _STEPS[index + 1]
                if rest // next_size:
                    words.append(f"{rest // next_size}{text(f'pages.unit.{next_unit}', lang)}")
            return " ".join(words)
    return ""


def clock(ms: int) -> str:
    """Write a countdown: ``1:54``."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    return f"{minutes}:{seconds:02d}"


def relative(at_ms: int, now_ms: int, form: str, lang: str) -> str:
    """Write a moment as seen from now.

    Parameters
    ----------
    form
        ``in`` (until a start), ``left`` (until an end), ``ago``, ``for`` (a span up to now) or
        ``clock`` (a countdown).
    """
    ahead = at_ms - now_ms
    if form == "clock":
        return clock(ahead)
    if form in ("ago", "for"):
        span = duration(-ahead, lang)
        return span if form == "for" else text("pages.time.ago", lang, span=span)
    if ahead < 1000:
        return text(f"pages.time.{form}_past", lang)
    return text(f"pages.time.{form}", lang, span=duration(ahead, lang))


def moment(at_ms: int) -> str:
    """Write a moment for machines (the ``datetime`` attribute)."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hours(device_ms: int) -> str:
    """Write device time in hours: two decimals while it is small, none once it is large."""
    tenths = device_ms * 10 // MS_PER_HOUR
    if tenths >= 1000:
        return f"{device_ms // MS_PER_HOUR:,}"
    if tenths >= 10:
        return f"{tenths // 10}.{tenths % 10}"
    if 0 < device_ms < MS_PER_HOUR // 100:
        return "< 0.01"
    # Rounded down like credits, so that time and its price agree.
    return f"{device_ms * 100 // MS_PER_HOUR / 100:.2f}"


def percent(part: int, whole: int) -> int:
    """Return ``part`` of ``whole`` in percent, 0 when there is nothing."""
    return round(100 * part / whole) if whole > 0 else 0
