"""Sweeps: one row each, and what is asked of all their runs together.

Ten thousand runs are never read to answer for the sweep: they are counted, moved and paged in the
database, by the index that begins with the sweep.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from madang.domain.run import Run, RunState
from madang.domain.sweep import MAX_PARALLEL, Sweep
from madang.store.columns import columns_of, members_of, read_as, values_of
from madang.store.searches import conditions, given
from madang.store.sweep_sorting import keys_of
from madang.store.tables import runs, sweeps

_COLUMNS = columns_of(sweeps, Sweep)
_RUN = columns_of(runs, Run)
_IN_TABLE = runs.c.is_superseded.is_(False)
# Made once: making a statement costs as much as carrying it out.
_GET = select(*_COLUMNS).where(sweeps.c.id == bindparam("sweep"))
_OF_SLOTS = select(runs.c.lease, runs.c.sweep).where(
    runs.c.lease.in_(bindparam("leases", expanding=True)), runs.c.state == RunState.RUNNING
)
_MINE = (runs.c.sweep == bindparam("sweep"), _IN_TABLE)
_WAITING = select(func.count()).select_from(
    select(runs.c.id)
    .where(*_MINE, runs.c.state == RunState.QUEUED)
    .limit(bindparam("most", type_=Integer))
    .subquery()
)
_WORKING = (
    select(runs.c.lease, func.count())
    .where(*_MINE, runs.c.state == RunState.RUNNING)
    .group_by(runs.c.lease)
)

MAX_REASONS = 20


@dataclass(frozen=True, slots=True)
class Inherited:
    """What runs of a sweep took over from shared cells.

    Attributes
    ----------
    runs, times
        How many runs took something over, and how often the cells ran for that.
    saved_ms
        How much longer it would have taken with the cells in every run.
    """

    runs: int
    times: int
    saved_ms: int


@dataclass(frozen=True, slots=True)
class Spent:
    """How long runs of one slot took together."""

    lease: str
    ms: int


class Sweeps:
    """The table of sweeps, and their runs as a whole."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sweep: Sweep, members: Iterable[Run]) -> None:
        """Add a sweep and all its runs."""
        self._connection.execute(insert(sweeps).values(values_of(sweep)))
        self.add_runs(members)

    def add_runs(self, members: Iterable[Run]) -> None:
        """Add runs at once."""
        rows = [values_of(run) for run in members]
        if rows:
            self._connection.execute(insert(runs), rows)

    def get(self, sweep: str) -> Sweep | None:
        """Return a sweep by id."""
        found = self._all(_GET, sweep=sweep)
        return found[0] if found else None

    def find(
        self,
        person: str | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
        limit: int | None = None,
        is_open: bool = False,
    ) -> list[Sweep]:
        """Return sweeps, newest first; what is None is not asked for."""
        some = None if projects is None else list(projects)
        asked = given(person=person, project=project, projects=some, limit=limit)
        return self._all(_finding(frozenset(asked), is_open), **asked)

    def change(self, sweep: str, **changes: Any) -> None:
        """Change fields of a sweep, such as ``is_paused`` or ``ended_ms``."""
        self._connection.execute(update(sweeps).where(sweeps.c.id == sweep).values(**changes))

    def counts(self, wanted: Collection[str]) -> dict[str, dict[str, int]]:
        """Return how many runs of each sweep are in each state; only states that occur."""
        query = (
            select(runs.c.sweep, runs.c.state, func.count())
            .where(runs.c.sweep.in_(wanted), _IN_TABLE)
            .group_by(runs.c.sweep, runs.c.state)
        )
        found: dict[str, dict[str, int]] = {sweep: {} for sweep in wanted}
        for sweep, state, count in self._connection.execute(query):
            found[sweep][str(state)] = count
        return found

    def spent(self, sweep: str, now_ms: int) -> list[Spent]:
        """Return how long its runs took in each slot until now, those that were retried too."""
        length = func.coalesce(runs.c.ended_ms, now_ms) - runs.c.started_ms
        query = (
            select(runs.c.lease, func.sum(case((length > 0, length), else_=0)))
            .where(runs.c.sweep == sweep, runs.c.started_ms.is_not(None))
            .group_by(runs.c.lease)
        )
        return [Spent(lease, int(ms)) for lease, ms in self._connection.execute(query)]

    def spent_together(self, sweep: str, now_ms: int) -> list[Spent]:
        """Return how long each slot executed any of its runs; what several shared counts once."""
        ended = func.coalesce(runs.c.ended_ms, now_ms)
        before = func.max(ended).over(
            partition_by=runs.c.lease, order_by=(runs.c.started_ms, runs.c.id), rows=(None, -1)
        )
        begun = (
            select(runs.c.lease, runs.c.started_ms, ended.label("ended"), before.label("before"))
            .where(runs.c.sweep == sweep, runs.c.started_ms.is_not(None))
            .subquery()
        ).c
        since = case((begun.before > begun.started_ms, begun.before), else_=begun.started_ms)
        fresh = case((begun.ended > since, begun.ended - since), else_=0)
        query = select(begun.lease, func.sum(fresh)).group_by(begun.lease)
        return [Spent(lease, int(ms)) for lease, ms in self._connection.execute(query)]

    def inherited(self, sweep: str) -> Inherited:
        """Return what its runs took over from shared cells."""
        query = (
            select(func.count(), func.sum(runs.c.shared_ms), func.max(runs.c.shared_ms))
            .where(runs.c.sweep == sweep, _IN_TABLE, runs.c.warm != "")
            .group_by(runs.c.warm)
        )
        found = [(int(n), int(ms), int(once)) for n, ms, once in self._connection.execute(query)]
        return Inherited(
            runs=sum(n for n, _, _ in found),
            times=len(found),
            saved_ms=sum(ms - once for _, ms, once in found),
        )

    def fresh(self, sweep: str) -> dict[str, int]:
        """Return how many of its runs had a kernel that was not forked; the commonest reasons."""
        query = (
            select(runs.c.fresh_reason, func.count())
            .where(runs.c.sweep == sweep, _IN_TABLE, runs.c.fresh_reason != "")
            .group_by(runs.c.fresh_reason)
            .order_by(func.count().desc(), runs.c.fresh_reason)
            .limit(MAX_REASONS)
        )
        return {reason: int(count) for reason, count in self._connection.execute(query)}

    def took_ms(self, sweep: str) -> int:
        """Return how long the runs took together that ended by themselves."""
        query = select(func.sum(runs.c.ended_ms - runs.c.started_ms)).where(
            runs.c.sweep == sweep,
            _IN_TABLE,
            runs.c.state.in_([RunState.SUCCEEDED, RunState.FAILED]),
            runs.c.started_ms.is_not(None),
        )
        return max(0, int(self._connection.execute(query).scalar_one() or 0))

    def load(self, sweep: str, runs_per_device: int = 1) -> tuple[int, Mapping[str, int]]:
        """Return how many of its runs wait (up to what its slots could take), and run in each slot.

        Asked at every look and by every slot that wants work, so it never counts ten thousand.
        """
        most = {"sweep": sweep, "most": MAX_PARALLEL * runs_per_device}
        waiting = int(self._connection.execute(_WAITING, most).scalar_one())
        working = self._connection.execute(_WORKING, {"sweep": sweep})
        return waiting, {lease: int(n) for lease, n in working}

    def last_end_ms(self, sweep: str) -> int | None:
        """Return when the last of its runs ended."""
        query = select(func.max(runs.c.ended_ms)).where(runs.c.sweep == sweep, _IN_TABLE)
        found = self._connection.execute(query).scalar_one()
        return None if found is None else int(found)

    def first_waiting(self, sweep: str) -> Run | None:
        """Return the waiting run that is to be taken first."""
        query = (
            select(*_RUN)
            .where(runs.c.sweep == sweep, _IN_TABLE, runs.c.state == RunState.QUEUED)
            .order_by(runs.c.position)
            .limit(1)
        )
        found = self._connection.execute(query).first()
        return None if found is None else read_as(Run, found)

    def page(
        self,
        sweep: str,
        *,
        state: str | None = None,
        sort: str = "position",
        is_descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[int, list[Run]]:
        """Return how many runs there are to show, and some of them in order."""
        wanted = [runs.c.sweep == sweep, _IN_TABLE]
        if state is not None:
            wanted.append(runs.c.state == RunState(state))
        total = self._connection.execute(select(func.count()).where(and_(*wanted))).scalar_one()
        keys = keys_of(sort, self._connection.dialect.name)
        # What has no time or value yet stands last either way, in both databases.
        order = [(key.desc() if is_descending else key.asc()).nulls_last() for key in keys]
        # Only names are put in order: whole rows of ten thousand runs would have to be carried.
        chosen = select(runs.c.id).where(and_(*wanted)).order_by(*order, runs.c.position)
        ids = list(self._connection.scalars(chosen.offset(offset).limit(limit)))
        found = self._connection.execute(select(*_RUN).where(runs.c.id.in_(ids)))
        rows = {run.id: run for run in (read_as(Run, row) for row in found)}
        return int(total), [rows[run] for run in ids]

    def points(self, sweep: str, state: str | Iterable[str]) -> list[tuple[int, dict[str, Any]]]:
        """Return position and parameters of the runs that are in a state, in order."""
        query = select(runs.c.position, runs.c.parameters).where(
            runs.c.sweep == sweep, _IN_TABLE, runs.c.state.in_(members_of(RunState, state))
        )
        rows = self._connection.execute(query.order_by(runs.c.position))
        return [(position, parameters) for position, parameters in rows]

    def origins(self, sweep: str, state: str | Iterable[str]) -> dict[int, str]:
        """Return the run whose checkpoint each run that is in a state has used, by position."""
        query = select(runs.c.position, runs.c.continues, runs.c.id).where(
            runs.c.sweep == sweep, _IN_TABLE, runs.c.state.in_(members_of(RunState, state))
        )
        return {n: continues or run for n, continues, run in self._connection.execute(query)}

    def end_waiting(self, sweep: str, state: RunState, reason: str, at_ms: int) -> int:
        """End all waiting runs of a sweep; returns how many there were."""
        query = update(runs).where(
            runs.c.sweep == sweep, _IN_TABLE, runs.c.state == RunState.QUEUED
        )
        ended = query.values(state=state, reason=reason, ended_ms=at_ms)
        return self._connection.execute(ended).rowcount

    def ask_running(self, sweep: str, reason: str) -> int:
        """Note a reason on all running runs of a sweep; returns how many there were."""
        query = update(runs).where(
            runs.c.sweep == sweep, _IN_TABLE, runs.c.state == RunState.RUNNING
        )
        return self._connection.execute(query.values(reason=reason)).rowcount

    def supersede(self, sweep: str, state: Iterable[str]) -> None:
        """Take the runs that are in a state out of the sweep's table; their rows stay."""
        query = update(runs).where(
            runs.c.sweep == sweep, _IN_TABLE, runs.c.state.in_(members_of(RunState, state))
        )
        self._connection.execute(query.values(is_superseded=True))

    def waiting_of(self, person: str) -> int:
        """Return how many runs of a person's sweeps wait."""
        mine = select(sweeps.c.id).where(sweeps.c.person == person, sweeps.c.ended_ms.is_(None))
        query = select(func.count()).where(
            runs.c.sweep.in_(mine), _IN_TABLE, runs.c.state == RunState.QUEUED
        )
        return int(self._connection.execute(query).scalar_one())

    def of_slots(self, leases: Collection[str]) -> Mapping[str, str]:
        """Return the sweep of the run that each slot executes now; empty for a run of its own."""
        rows = self._connection.execute(_OF_SLOTS, {"leases": list(leases)})
        return {lease: sweep for lease, sweep in rows}

    def _all(self, query: Select[Any], **values: Any) -> list[Sweep]:
        return [read_as(Sweep, row) for row in self._connection.execute(query, values)]


@cache
def _finding(asked: frozenset[str], is_open: bool) -> Select[Any]:
    """Return the statement of a search, whose parameters are named as what is asked for."""
    one = {"person": sweeps.c.person, "project": sweeps.c.project}
    query = select(*_COLUMNS).where(*conditions(asked, one, {"projects": sweeps.c.project}))
    if is_open:
        query = query.where(sweeps.c.ended_ms.is_(None))
    query = query.order_by(sweeps.c.submitted_ms.desc(), sweeps.c.id.desc())
    return query.limit(bindparam("limit", type_=Integer)) if "limit" in asked else query
