"""A schedule's times as people say them: a cron line in words, and moments by the clock there."""

from datetime import datetime
from zoneinfo import ZoneInfo

from madang.i18n import text

_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WORKING = frozenset(range(1, 6))
_DAYS_A_WEEK = 7


def when_text(cron: str, lang: str) -> str:
    """Return what a cron line of a common kind means; the line itself where it is of another.

    Examples
    --------
    >>> when_text("0 2 * * *", "en")
    'every day at 02:00'
    >>> when_text("30 9 * * MON-FRI", "en")
    'Monday to Friday at 09:30'
    >>> when_text("0 6 1-7 * MON", "en")
    'cron 0 6 1-7 * MON'
    """
    said = _said(cron.split(), lang)
    return said or text("schedule.when.cron", lang, cron=cron)


def _said(fields: list[str], lang: str) -> str:
    """Return words, or nothing for what they would be wrong about."""
    minute, hour, day, month, weekday = fields
    if month != "*":
        return ""
    if (hour, day, weekday) == ("*", "*", "*"):
        return _within_hours(minute, lang)
    if not (minute.isdecimal() and hour.isdecimal()):
        return ""
    time = f"{int(hour):02d}:{int(minute):02d}"
    if (day, weekday) == ("*", "*"):
        return text("schedule.when.daily", lang, time=time)
    if weekday == "*" and day.isdecimal():
        return text("schedule.when.monthly", lang, time=time, day=int(day))
    return _weekly(weekday, time, lang) if day == "*" else ""


def _within_hours(minute: str, lang: str) -> str:
    if minute == "*":
        return text("schedule.when.every_minute", lang)
    if minute.isdecimal():
        return text("schedule.when.hourly", lang, minute=int(minute))
    star, _, step = minute.partition("/")
    # Other steps begin anew with each hour, so that "every 7 minutes" would not be true.
    if star == "*" and step.isdecimal() and int(step) and not 60 % int(step):
        return text("schedule.when.minutes", lang, minutes=int(step))
    return ""


def _weekly(weekday: str, time: str, lang: str) -> str:
    days = _days(weekday)
    if days is None:
        return ""
    if days == _WORKING:
        return text("schedule.when.working", lang, time=time)
    if len(days) == _DAYS_A_WEEK:
        return text("schedule.when.daily", lang, time=time)
    # Weeks begin on Monday in both languages' calendars of work.
    ordered = sorted(days, key=lambda day: (day - 1) % _DAYS_A_WEEK)
    names = ", ".join(text(f"schedule.day.{day}", lang) for day in ordered)
    return text("schedule.when.weekly", lang, days=names, time=time)


def _days(weekday: str) -> frozenset[int] | None:
    """Return the days of a plain list with ranges; Sunday is 0 and 7."""
    found: set[int] = set()
    for part in weekday.split(","):
        begin, _, end = part.partition("-")
        first, last = _day(begin), _day(end or begin)
        if first is None or last is None or first > last:
            return None
        found.update(day % _DAYS_A_WEEK for day in range(first, last + 1))
    return frozenset(found)


def _day(written: str) -> int | None:
    if written.upper() in _NAMES:
        return _NAMES.index(written.upper())
    return int(written) if written.isdecimal() and int(written) <= _DAYS_A_WEEK else None


def moment_text(at_ms: int, zone: str, lang: str) -> str:
    """Return a moment by the clock of a time zone: day of the week, date, time, and its zone."""
    at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    day = text(f"schedule.short_day.{at.isoweekday() % _DAYS_A_WEEK}", lang)
    clock = f"{at:%H:%M}"
    return text(
        "schedule.moment", lang, day=day, date=f"{at:%Y-%m-%d}", time=clock, zone=f"{at:%Z}"
    )
