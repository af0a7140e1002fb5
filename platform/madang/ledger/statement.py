"""Statements: what a project held, used and paid in a window, by person, kind of lease and day.

Services and the report call it with entries of any source (the store, an export). Device time
comes from charges and overhead; refunds and corrections move money only, for the devices were
held all the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from madang.ledger.entry import Entry, EntryKind

DAY_MS = 86_400_000
HELD_KINDS = frozenset({EntryKind.CHARGE, EntryKind.OVERHEAD})
"""Kinds whose slices are device time; each device-millisecond stands in exactly one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """One group of a statement.

    Attributes
    ----------
    day_index
        Day of the zone, counted from 1970-01-01.
    device_ms
        Held device time, overhead included.
    used_device_ms, unmetered_device_ms
        Utilisation times device time where it was metered, and held time where it was not.
    microcredits
        What it cost: charges less refunds.
    """

    project: str
    person: str = ""
    lease_kind: str = ""
    day_index: int = 0
    device_ms: int = 0
    used_device_ms: int = 0
    unmetered_device_ms: int = 0
    microcredits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The sums of one project in one window, in total and along three lines."""

    project: str
    from_ms: int
    to_ms: int
    total: UsageSum
    by_person: tuple[UsageSum, ...]
    by_kind: tuple[UsageSum, ...]
    by_day: tuple[UsageSum, ...]


def moment(entry: Entry) -> int:
    """Return when an entry counts: the start of its slice, else when it was written."""
    return entry.from_ms if entry.from_ms > 0 else entry.at_ms


def usage_sums(
    entries: Iterable[Entry], from_ms: int, to_ms: int, zone_offset_ms: int = 0
) -> list[UsageSum]:
    """Sum entries by project, person, kind of lease and day of a zone.

    Parameters
    ----------
    from_ms, to_ms
        The window, its end excluded; an entry counts by :func:`moment`.
    zone_offset_ms
        What the zone is ahead of UTC.
    """
    groups: dict[tuple[str, str, str, int], list[int]] = {}
    for entry in entries:
        at = moment(entry)
        if entry.kind is EntryKind.GRANT or not from_ms <= at < to_ms:
            continue
        day = (at + zone_offset_ms) // DAY_MS
        group = groups.setdefault((entry.project, entry.person, entry.lease_kind, day), [0] * 4)
        if entry.kind in HELD_KINDS:
            group[0] += entry.device_ms
            group[1] += max(0, entry.used_device_ms)
            group[2] += entry.device_ms if entry.used_device_ms < 0 else 0
        group[3] -= entry.amount_microcredits
    return [_sum(key, groups[key]) for key in sorted(groups)]


def statement(
    entries: Iterable[Entry], project: str, from_ms: int, to_ms: int, zone_offset_ms: int = 0
) -> Statement:
    """Return what ``project`` held, used and paid in a window; other projects are left out."""
    mine = (entry for entry in entries if entry.project == project)
    return statement_of(usage_sums(mine, from_ms, to_ms, zone_offset_ms), project, from_ms, to_ms)


def statement_of(sums: Iterable[UsageSum], project: str, from_ms: int, to_ms: int) -> Statement:
    """Return the statement that ready-made sums add up to, such as those of the store."""
    mine = [item for item in sums if item.project == project]
    total = _merge(mine, lambda _: (project, "", "", 0))
    return Statement(
        project=project,
        from_ms=from_ms,
        to_ms=to_ms,
        total=total[0] if total else UsageSum(project=project),
        by_person=_merge(mine, lambda item: (project, item.person, "", 0)),
        by_kind=_merge(mine, lambda item: (project, "", item.lease_kind, 0)),
        by_day=_merge(mine, lambda item: (project, "", "", item.day_index)),
    )


def _merge(
    sums: Iterable[UsageSum], key: Callable[[UsageSum], tuple[str, str, str, int]]
) -> tuple[UsageSum, ...]:
    groups: dict[tuple[str, str, str, int], list[int]] = {}
    for item in sums:
        group = groups.setdefault(key(item), [0] * 4)
        group[0] += item.device_ms
        group[1] += item.used_device_ms
        group[2] += item.unmetered_device_ms
        group[3] += item.microcredits
    return tuple(_sum(name, groups[name]) for name in sorted(groups))


def _sum(key: tuple[str, str, str, int], values: list[int]) -> UsageSum:
    project, person, lease_kind, day_index = key
    device_ms, used_device_ms, unmetered_device_ms, microcredits = values
    return UsageSum(
        project=project,
        person=person,
        lease_kind=lease_kind,
        day_index=day_index,
        device_ms=device_ms,
        used_device_ms=used_device_ms,
        unmetered_device_ms=unmetered_device_ms,
        microcredits=microcredits,
    )
