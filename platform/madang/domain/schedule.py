"""A schedule: one notebook that is submitted again and again, as its person, by a cron line.

Times are those of a clock on the wall in a time zone. Where clocks are set forward, a time that
does not exist is the next one that does; where they are set back, a time that comes twice is taken
once, but for lines that mean every hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from madang.errors import InvalidError

MAX_SCHEDULES = 50
"""Schedules of one person."""

MAX_FAILURES = 5
"""So many times in a row without success pause a schedule."""

MAX_CRON_CHARS = 100
_FIELDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One row of the table of schedules, as plain data.

    Attributes
    ----------
    notebook_sha256, files, request_sha256
        Names of the snapshot, and of everything else that is asked for, in the artifacts.
    is_sweep
        Whether each time is a sweep; a run otherwise.
    is_overlapping
        Whether it is submitted although what was submitted before has not ended.
    next_ms
        When it is due next; None when never again.
    paused_for
        Empty while it is active; else ``person``, ``owner_gone`` or ``failing``.
    failures
        How many times in a row it could not be submitted, or what was submitted did not succeed.
    last_ms, last_id, last_problem
        The due time that was taken last, the run or sweep of it, and why there is none.
    was_late
        Whether times were missed before the last one, and it stood for them all.
    """

    id: str
    person: str
    project: str
    name: str
    cron: str
    zone: str
    notebook_sha256: str
    request_sha256: str
    is_sweep: bool
    is_overlapping: bool
    submitted_ms: int
    next_ms: int | None
    files: Mapping[str, str] = field(default_factory=dict)
    paused_for: str = ""
    failures: int = 0
    last_ms: int | None = None
    last_id: str = ""
    last_problem: str = ""
    was_late: bool = False


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_times(cron: str, zone: str, now_ms: int) -> int:
    """Return when a schedule is due first.

    Raises
    ------
    InvalidError
        ``cron_unreadable``, ``zone_unknown``, or ``cron_never``.
    """
    if zone not in _zones():
        raise InvalidError("zone_unknown", given=zone[:60])
    if len(cron) > MAX_CRON_CHARS or len(cron.split()) != _FIELDS:
        raise InvalidError("cron_unreadable", given=cron[:60])
    try:
        found = due_after(cron, zone, now_ms)
    except CronSimError as error:
        raise InvalidError("cron_unreadable", given=cron[:60]) from error
    if found is None:
        raise InvalidError("cron_never", given=cron[:60])
    return found


def due_after(cron: str, zone: str, at_ms: int) -> int | None:
    """Return the first due time after a moment; None when there is none in fifty years."""
    return _ms(next(CronSim(cron, _moment(zone, at_ms)), None))


def due_until(cron: str, zone: str, at_ms: int) -> int | None:
    """Return the last due time up to a moment."""
    # The library looks before a moment, and at whole minutes.
    return _ms(next(CronSim(cron, _moment(zone, at_ms + 1_000), reverse=True), None))


def upcoming(cron: str, zone: str, from_ms: int, count: int) -> list[int]:
    """Return some due times from one on."""
    found: list[int] = []
    at_ms: int | None = from_ms
    while at_ms is not None and len(found) < count:
        found.append(at_ms)
        at_ms = due_after(cron, zone, at_ms)
    return found


def _moment(zone: str, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone))


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
