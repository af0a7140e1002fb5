"""Usage summed by the database, for pages that ask often; the ledger's repository calls it."""

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, case, func, select

from madang.ledger.entry import EntryKind
from madang.ledger.statement import DAY_MS, HELD_KINDS, UsageSum
from madang.store.tables import entries

MOMENT = case((entries.c.from_ms > 0, entries.c.from_ms), else_=entries.c.at_ms)
"""A slice counts where it begins, other entries when they were written (``statement.moment``)."""

_GROUP = ("project", "person", "lease_kind", "day_index")


def sums(
    connection: Connection,
    projects: Collection[str] | None,
    from_ms: int,
    to_ms: int,
    zone_offset_ms: int,
    kinds: Collection[EntryKind] = tuple(EntryKind),
) -> list[UsageSum]:
    """Return what :func:`madang.ledger.statement.usage_sums` returns, without moving the rows.

    Parameters
    ----------
    kinds
        Only entries of these kinds; grants never count.
    """
    given = {"from_ms": from_ms, "to_ms": to_ms, "offset_ms": zone_offset_ms, "kinds": list(kinds)}
    if projects is not None:
        given["projects"] = list(projects)
    rows = connection.execute(_statement(projects is not None), given)
    return [
        UsageSum(
            project=project,
            person=person,
            lease_kind=lease_kind,
            day_index=int(day),
            device_ms=int(held),
            used_device_ms=int(used),
            unmetered_device_ms=int(unmetered),
            microcredits=int(cost),
        )
        for project, person, lease_kind, day, held, used, unmetered, cost in rows
    ]


@cache
def _statement(has_projects: bool) -> Select[Any]:
    """Return the statement, made once: to put it together takes longer than to execute it."""
    is_held = entries.c.kind.in_(HELD_KINDS)
    is_metered = entries.c.used_device_ms >= 0
    day = (MOMENT + bindparam("offset_ms", type_=BigInteger)) // DAY_MS
    lines = select(
        entries.c.project,
        entries.c.person,
        entries.c.lease_kind,
        day.label("day_index"),
        case((is_held, entries.c.device_ms), else_=0).label("device_ms"),
        case((is_held & is_metered, entries.c.used_device_ms), else_=0).label("used_device_ms"),
        case((is_held & ~is_metered, entries.c.device_ms), else_=0).label("unmetered_device_ms"),
        (-entries.c.amount_microcredits).label("microcredits"),
    ).where(
        entries.c.kind != EntryKind.GRANT,
        entries.c.kind.in_(bindparam("kinds", expanding=True)),
        bindparam("from_ms", type_=BigInteger) <= MOMENT,
        bindparam("to_ms", type_=BigInteger) > MOMENT,
    )
    if has_projects:
        lines = lines.where(entries.c.project.in_(bindparam("projects", expanding=True)))
    line = lines.subquery().c
    group = [line[name] for name in _GROUP]
    measures = (line.device_ms, line.used_device_ms, line.unmetered_device_ms, line.microcredits)
    totals = select(*group, *(func.sum(measure) for measure in measures))
    return totals.group_by(*group).order_by(*group)
