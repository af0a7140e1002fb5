"""Runs: queued, taken by a slot, finished; taken back when the slot was lost."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, func, insert, select, update

from madang.domain.lease import TransitionError
from madang.domain.run import RUN_TRANSITIONS, Run, RunState
from madang.errors import ConflictError
from madang.store.columns import columns_of, members_of, read_as, values_of
from madang.store.searches import conditions, given
from madang.store.tables import runs

_COLUMNS = columns_of(runs, Run)
_TURN = (runs.c.priority.desc(), runs.c.submitted_ms, runs.c.id)
_AT_ONCE = 500
"""Values in one question: databases take only so many."""

# Made once: making a statement costs as much as carrying it out.
_GET = select(*_COLUMNS).where(runs.c.id == bindparam("run"))
_OWN = (runs.c.sweep == "", runs.c.state == RunState.QUEUED)
_PLACE = func.row_number().over(
    partition_by=(runs.c.person, runs.c.project, runs.c.flavor, runs.c.devices), order_by=_TURN
)
_FIRST = (
    select(runs.c.id, _PLACE.label("place")).where(*_OWN, runs.c.is_held.is_(False)).subquery().c
)
_HEADS = (
    select(*_COLUMNS)
    .where(runs.c.id.in_(select(_FIRST.id).where(_FIRST.place == 1)))
    .order_by(runs.c.submitted_ms, runs.c.id)
)
_HELD = (
    select(*_COLUMNS)
    .where(*_OWN, runs.c.is_held.is_(True))
    .order_by(runs.c.submitted_ms, runs.c.id)
)


class Runs:
    """The table of runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> None:
        """Add a run."""
        self._connection.execute(insert(runs).values(values_of(run)))

    def get(self, run: str) -> Run | None:
        """Return a run by id."""
        found = self._all(_GET, run=run)
        return found[0] if found else None

    def find(
        self,
        state: str | Iterable[str] | None = None,
        person: str | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
        lease: str | None = None,
        sweep: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Run]:
        """Return runs by time of submission; what is None is not asked for.

        An empty ``sweep`` asks for runs of their own only.
        """
        asked = given(
            states=None if state is None else members_of(RunState, state),
            projects=None if projects is None else list(projects),
            person=person,
            project=project,
            lease=lease,
            sweep=sweep,
            limit=limit,
        )
        return self._all(_finding(frozenset(asked), newest_first), **asked)

    def next_queued(self, person: str, project: str, flavor: str, devices: int) -> Run | None:
        """Return the waiting run of its own that a slot of this person and size takes first."""
        query = select(*_COLUMNS).where(
            runs.c.sweep == "",
            runs.c.state == RunState.QUEUED,
            runs.c.is_held.is_(False),
            runs.c.person == person,
            runs.c.project == project,
            runs.c.flavor == flavor,
            runs.c.devices == devices,
        )
        found = self._all(query.order_by(*_TURN).limit(1))
        return found[0] if found else None

    def heads(self) -> list[Run]:
        """Return the waiting run of its own that is taken first of each person, project and size.

        Slots take no other, but for the first ones of sweeps.
        """
        return self._all(_HEADS)

    def held(self) -> list[Run]:
        """Return the runs of their own that wait for others to succeed."""
        return self._all(_HELD)

    def succeeded(
        self,
        fingerprints: Sequence[str],
        *,
        project: str,
        person: str | None,
        environment: str,
        revision: int,
    ) -> list[Run]:
        """Return for each fingerprint the newest run that was executed and has an output.

        Parameters
        ----------
        person
            Whose; None for everybody's in the project.
        """
        found: list[Run] = []
        for start in range(0, len(fingerprints), _AT_ONCE):
            some = fingerprints[start : start + _AT_ONCE]
            newest = select(func.max(runs.c.id)).where(
                runs.c.fingerprint.in_(some),
                runs.c.project == project,
                runs.c.state == RunState.SUCCEEDED,
                runs.c.environment == environment,
                runs.c.environment_revision == revision,
                runs.c.reused_from == "",
                runs.c.output_sha256 != "",
            )
            if person is not None:
                newest = newest.where(runs.c.person == person)
            mine = newest.group_by(runs.c.fingerprint)
            found += self._all(select(*_COLUMNS).where(runs.c.id.in_(mine)))
        return found

    def count(self, state: str, person: str) -> int:
        """Return how many runs of their own a person has in a state."""
        query = select(func.count()).where(
            runs.c.sweep == "", runs.c.state == RunState(state), runs.c.person == person
        )
        return int(self._connection.execute(query).scalar_one())

    def uses_of(self, environment: str, project: str) -> list[tuple[RunState, int]]:
        """Return in which states runs of a project need which revision; 0 is not chosen yet."""
        query = select(runs.c.state, runs.c.environment_revision).where(
            runs.c.state.in_([RunState.QUEUED, RunState.RUNNING]),
            runs.c.project == project,
            runs.c.environment == environment,
        )
        return [(state, n) for state, n in self._connection.execute(query.distinct())]

    def active_of_lease(self, lease: str) -> list[Run]:
        """Return the runs that a slot has taken and not finished, one for each busy lane."""
        return self.find(state=RunState.RUNNING, lease=lease)

    def change(self, run: str, expected: str | Iterable[str], **changes: Any) -> Run:
        """Change a run that is in an expected state, and return it as it is then.

        Raises
        ------
        ConflictError
            ``run_moved_on`` when it is in another state, or is not there.
        TransitionError
            When the table of transitions does not allow the new state: a defect.
        """
        before = self.get(run)
        if before is None or before.state not in members_of(RunState, expected):
            now = "" if before is None else str(before.state)
            raise ConflictError("run_moved_on", run=run, state=now)
        after = RunState(changes.get("state", before.state))
        if after is not before.state and after not in RUN_TRANSITIONS[before.state]:
            raise TransitionError(f"run cannot go from {before.state} to {after}")
        query = update(runs).where(runs.c.id == run, runs.c.state == before.state)
        if changes and self._connection.execute(query.values(**changes)).rowcount == 0:
            raise ConflictError("run_moved_on", run=run, state=str(before.state))
        return self._all(_GET, run=run)[0]

    def _all(self, query: Select[Any], **values: Any) -> list[Run]:
        return [read_as(Run, row) for row in self._connection.execute(query, values)]


@cache
def _finding(asked: frozenset[str], newest_first: bool) -> Select[Any]:
    """Return the statement of a search, whose parameters are named as what is asked for."""
    own = ("person", "project", "lease", "sweep")
    several = {"states": runs.c.state, "projects": runs.c.project}
    found = conditions(asked, {name: runs.c[name] for name in own}, several)
    order = (runs.c.submitted_ms, runs.c.id)
    query = select(*_COLUMNS).where(*found)
    query = query.order_by(*(column.desc() if newest_first else column for column in order))
    return query.limit(bindparam("limit", type_=Integer)) if "limit" in asked else query
