"""What each project has used, halved for each half-life since: whom fair shares let go first.

Kept up to date from the entries that are new since the last time. The ledger of a national pool
grows by some four thousand entries a minute, and summing eight half-lives of it once a minute, as
was done before, would read hundreds of millions of rows each time.
"""

from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, insert, select, update

from madang.ledger.entry import EntryKind
from madang.store.meta import Meta
from madang.store.tables import entries, ledger_head, past_use

ENTRIES = 50_000
"""Entries that are counted in one transaction, some tenths of a second."""

HALF_LIVES = 8
"""What is older is not counted from the start; less than half a percent of it would be left."""

STEPS = 64
"""Entries whose age differs by less than this part of a half-life are summed by the database."""

_SLICES = (EntryKind.CHARGE, EntryKind.OVERHEAD)
_KEY = "past_use"
_now = bindparam("now_ms", type_=BigInteger)
_AGE = ((_now - entries.c.to_ms) // bindparam("step_ms", type_=BigInteger)).label("age")
_NEW = (
    select(entries.c.project, _AGE, func.sum(entries.c.device_ms))
    .where(
        entries.c.seq > bindparam("seen"),
        entries.c.seq <= bindparam("upto"),
        entries.c.kind.in_(_SLICES),
    )
    .group_by(entries.c.project, "age")
)


class PastUse:
    """One row for each project, and up to which entry of the ledger they count."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._meta = Meta(connection)

    def advance(self, half_life_ms: int, now_ms: int, most: int = ENTRIES) -> bool:
        """Count entries that are new, at most so many; return whether none is left.

        With another half-life than before all is counted anew.
        """
        seen = self._seen(half_life_ms, now_ms)
        head = self._connection.execute(select(ledger_head.c.seq)).scalar_one()
        upto = min(seen + most, head)
        if upto == seen:
            return True
        for project, device_ms in self._new(seen, upto, half_life_ms, now_ms).items():
            self._add(project, device_ms, half_life_ms, now_ms)
        self._meta.set(_KEY, {"seen": upto, "half_life_ms": half_life_ms})
        return bool(upto == head)

    def read(self, half_life_ms: int, now_ms: int) -> dict[str, float]:
        """Return device-milliseconds by project, as they count now.

        Held and not used counts too, or holding would cost nothing at all.
        """
        return {
            project: device_ms * _left(now_ms - at_ms, half_life_ms)
            for project, device_ms, at_ms in self._connection.execute(
                select(past_use.c.project, past_use.c.device_ms, past_use.c.at_ms)
            )
        }

    def _seen(self, half_life_ms: int, now_ms: int) -> int:
        """Return the last entry that is counted; begins anew where it must."""
        known: dict[str, Any] = self._meta.get(_KEY, {})
        if known.get("half_life_ms") == half_life_ms:
            return int(known["seen"])
        self._connection.execute(delete(past_use))
        first = (
            select(entries.c.seq)
            .where(entries.c.to_ms >= now_ms - HALF_LIVES * half_life_ms)
            .order_by(entries.c.seq)
            .limit(1)
        )
        return int(self._connection.execute(first).scalar_one_or_none() or 1) - 1

    def _new(self, seen: int, upto: int, half_life_ms: int, now_ms: int) -> dict[str, float]:
        step_ms = max(1, half_life_ms // STEPS)
        given = {"seen": seen, "upto": upto, "now_ms": now_ms, "step_ms": step_ms}
        found: dict[str, float] = {}
        for project, age, device_ms in self._connection.execute(_NEW, given):
            left = _left(int(age) * step_ms, half_life_ms)
            found[project] = found.get(project, 0.0) + left * int(device_ms)
        return found

    def _add(self, project: str, device_ms: float, half_life_ms: int, now_ms: int) -> None:
        mine = past_use.c.project == project
        before = self._connection.execute(
            select(past_use.c.device_ms, past_use.c.at_ms).where(mine)
        ).first()
        if before is None:
            row = {"project": project, "device_ms": device_ms, "at_ms": now_ms}
            self._connection.execute(insert(past_use).values(row))
            return
        left = before.device_ms * _left(now_ms - before.at_ms, half_life_ms)
        values = {"device_ms": left + device_ms, "at_ms": now_ms}
        self._connection.execute(update(past_use).where(mine).values(values))


def _left(age_ms: int, half_life_ms: int) -> float:
    """Return what is left of a use; one from the future counts as one of now."""
    return float(0.5 ** (max(0, age_ms) / half_life_ms))
