"""Schedules: who wants what submitted when."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from madang.domain.schedule import Schedule
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import schedules

_COLUMNS = columns_of(schedules, Schedule)
# Made once: making a statement costs as much as carrying it out.
_DUE = (
    select(*_COLUMNS)
    .where(schedules.c.paused_for == "", schedules.c.next_ms <= bindparam("at_ms"))
    .order_by(schedules.c.next_ms, schedules.c.id)
)


class Schedules:
    """The table of schedules."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, schedule: Schedule) -> None:
        """Add a schedule."""
        self._connection.execute(insert(schedules).values(values_of(schedule)))

    def get(self, schedule: str) -> Schedule | None:
        """Return a schedule by id."""
        found = self._all(select(*_COLUMNS).where(schedules.c.id == schedule))
        return found[0] if found else None

    def find(
        self,
        person: str | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
    ) -> list[Schedule]:
        """Return schedules, newest first; what is None is not asked for."""
        query = select(*_COLUMNS)
        if person is not None:
            query = query.where(schedules.c.person == person)
        if project is not None:
            query = query.where(schedules.c.project == project)
        if projects is not None:
            query = query.where(schedules.c.project.in_(projects))
        return self._all(query.order_by(schedules.c.submitted_ms.desc(), schedules.c.id.desc()))

    def due(self, at_ms: int) -> list[Schedule]:
        """Return the active schedules whose time has come, the longest waiting first."""
        return self._all(_DUE, at_ms=at_ms)

    def count(self, person: str) -> int:
        """Return how many schedules a person has."""
        query = select(func.count()).where(schedules.c.person == person)
        return int(self._connection.execute(query).scalar_one())

    def change(self, schedule: str, **changes: Any) -> None:
        """Change fields of a schedule."""
        query = update(schedules).where(schedules.c.id == schedule)
        self._connection.execute(query.values(**changes))

    def drop(self, schedule: str) -> None:
        """Take a schedule away; what it submitted stays."""
        self._connection.execute(delete(schedules).where(schedules.c.id == schedule))

    def _all(self, query: Select[Any], **values: Any) -> list[Schedule]:
        return [read_as(Schedule, row) for row in self._connection.execute(query, values)]
