"""Leases: every change names the state it expects, so that two callers cannot both win."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from madang.domain.lease import HOLDS_DEVICES, Lease, LeaseKind, LeaseState, check_transition
from madang.errors import ConflictError
from madang.store.columns import columns_of, members_of, read_as, values_of
from madang.store.due_leases import DUE
from madang.store.searches import conditions, given
from madang.store.tables import attempts, leases, people, projects

_COLUMNS = columns_of(leases, Lease)
# Made once: making a statement costs as much as carrying it out.
_GET = select(*_COLUMNS).where(leases.c.id == bindparam("lease"))
_THOSE = select(*_COLUMNS).where(leases.c.id.in_(bindparam("ids", expanding=True)))
_UNFINISHED = tuple(state for state in LeaseState if state is not LeaseState.ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long one request waited for its first admission."""

    flavor: str
    submitted_ms: int
    admitted_ms: int

    @property
    def wait_ms(self) -> int:
        """Time between the two."""
        return max(0, self.admitted_ms - self.submitted_ms)


class Unfinished(NamedTuple):
    """Where a lease that has not ended stands: plain values, for there may be thousands."""

    id: str
    person: str
    project: str
    flavor: str
    state: str
    submitted_ms: int


class InUse(NamedTuple):
    """Which devices a lease that runs has."""

    id: str
    attempt: int
    kind: str
    device_ids: tuple[str, ...]


class Shown(NamedTuple):
    """What the queue shows of an unfinished lease."""

    id: str
    person: str
    project: str
    flavor: str
    devices: int
    kind: str
    lease_class: str
    state: str
    submitted_ms: int
    started_ms: int | None
    limit_ms: int
    person_name: str
    project_name: str


_AS_TEXT = ("kind", "lease_class", "state", "device_ids")


def _plain(name: str) -> Any:
    column = leases.c[name]
    return type_coerce(column, String) if name in _AS_TEXT else column


_SHOWN: Select[Any] = (
    select(
        *(_plain(name) for name in Shown._fields[:-2]),
        func.coalesce(people.c.hub_name, ""),
        func.coalesce(projects.c.name, ""),
    )
    .select_from(leases)
    .outerjoin(people, people.c.id == leases.c.person)
    .outerjoin(projects, projects.c.id == leases.c.project)
    .where(leases.c.id.in_(bindparam("ids", expanding=True)))
)
SHOWN_AT_ONCE = 500
_AGREED = ("id", "state", "attempt", "held_back")
_OF_IDS = select(*_COLUMNS).where(leases.c.id.in_(bindparam("ids", expanding=True)))
_HOLDING_OF = select(leases.c.id, leases.c.attempt).where(
    leases.c.state.in_(tuple(HOLDS_DEVICES)), leases.c.id.in_(bindparam("ids", expanding=True))
)
_CHARGED = (
    update(leases)
    .where(leases.c.id == bindparam("of_lease"), leases.c.state == LeaseState.ACTIVE)
    .values(charged_to_ms=bindparam("to_ms"))
)
_MARKED = ("state", "target", "reason", "attempt", "claimed_ms", "held_back")
_MARKS = select(
    leases.c.id, *(leases.c[name] for name in (*_MARKED, "started_ms", "limit_ms"))
).where(leases.c.id.in_(bindparam("ids", expanding=True)))
_WAITING_BY_FLAVOR = (
    select(leases.c.flavor, func.count())
    .where(leases.c.state == LeaseState.QUEUED)
    .group_by(leases.c.flavor)
)


class Leases:
    """The table of leases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, lease: Lease) -> Lease:
        """Add a lease, and return it.

        Raises
        ------
        ConflictError
            ``notebook_unfinished`` when the person has an unfinished lease of that server name;
            its id is in the details.
        """
        if lease.kind is LeaseKind.NOTEBOOK and lease.state is not LeaseState.ENDED:
            query = select(leases.c.id).where(
                leases.c.kind == LeaseKind.NOTEBOOK,
                leases.c.state != LeaseState.ENDED,
                leases.c.person == lease.person,
                leases.c.name == lease.name,
            )
            other = self._connection.execute(query).scalar_one_or_none()
            if other is not None:
                raise ConflictError("notebook_unfinished", name=lease.name, lease=other)
        self._connection.execute(insert(leases).values(values_of(lease)))
        return lease

    def get(self, lease: str) -> Lease | None:
        """Return a lease by id."""
        found = self._connection.execute(_GET, {"lease": lease}).first()
        return None if found is None else read_as(Lease, found)

    def those(self, ids: Sequence[str]) -> list[Lease]:
        """Return the leases of these ids that there are, in no order."""
        return self._all(_THOSE, ids=list(ids))

    def find(
        self,
        state: str | Iterable[str] | None = None,
        kind: str | Iterable[str] | None = None,
        person: str | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
        name: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Lease]:
        """Return leases by time of request; what is None is not asked for."""
        asked = given(
            states=None if state is None else members_of(LeaseState, state),
            kinds=None if kind is None else members_of(LeaseKind, kind),
            projects=None if projects is None else list(projects),
            person=person,
            project=project,
            name=name,
            limit=limit,
        )
        rows = self._connection.execute(_finding(frozenset(asked), newest_first), asked)
        return [read_as(Lease, row) for row in rows]

    def unfinished(self) -> list[Lease]:
        """Return all leases that have not ended, the first first."""
        return self.find(state=_UNFINISHED)

    def standing(self) -> list[Unfinished]:
        """Return all leases that have not ended, in no order."""
        return list(map(Unfinished._make, self._at_once(Unfinished._fields, _UNFINISHED)))

    def running(self) -> dict[tuple[str, int], int]:
        """Return the limit of each lease that runs, by lease and attempt."""
        rows = self._at_once(("id", "attempt", "limit_ms"), (LeaseState.ACTIVE,))
        return {(lease, attempt): limit_ms for lease, attempt, limit_ms in rows}

    def holding(self, ids: Sequence[str] | None = None) -> set[tuple[str, int]]:
        """Return lease and attempt of those that hold devices; of all when no ids are given."""
        if ids is None:
            rows = self._at_once(("id", "attempt"), tuple(HOLDS_DEVICES))
            return {(lease, attempt) for lease, attempt in rows}
        found: set[tuple[str, int]] = set()
        for start in range(0, len(ids), SHOWN_AT_ONCE):
            some = {"ids": ids[start : start + SHOWN_AT_ONCE]}
            found |= {(row[0], row[1]) for row in self._connection.execute(_HOLDING_OF, some)}
        return found

    def devices_in_use(self) -> list[InUse]:
        """Return which devices each lease that runs has."""
        rows = self._at_once(InUse._fields, (LeaseState.ACTIVE,))
        return [InUse(x, n, kind, tuple(json.loads(names))) for x, n, kind, names in rows]

    def agreed(self) -> dict[str, tuple[str, int, bool]]:
        """Return state, attempt and whether it is held back of each that has not ended."""
        rows = self._at_once(_AGREED, _UNFINISHED)
        return {lease: (state, attempt, bool(held)) for lease, state, attempt, held in rows}

    def _at_once(self, names: Sequence[str], states: Sequence[LeaseState]) -> list[list[Any]]:
        # As one value, for there may be tens of thousands. Rows are made one by one in Python, and
        # at each SQLite lets go of the interpreter and waits for it behind a busy event loop: in a
        # thread 2,000 rows took 100 to 250 ms, of which 19 were work.
        is_sqlite = self._connection.dialect.name == "sqlite"
        query = _all_at_once(tuple(names), tuple(states), is_sqlite=is_sqlite)
        found: list[list[Any]] = []
        for part in self._connection.execute(query).scalars():
            found += json.loads(part or "[]")
        return found

    def several(self, ids: Sequence[str]) -> list[Lease]:
        """Return the leases of these ids, in no order."""
        found: list[Lease] = []
        for start in range(0, len(ids), SHOWN_AT_ONCE):
            found += self._all(_OF_IDS, ids=ids[start : start + SHOWN_AT_ONCE])
        return found

    def due(self, now_ms: int, mark_ms: int, block_ms: int, grace_ms: int) -> list[str]:
        """Return the leases that run and are over their limit, or must be charged, or renewed.

        Those whose reservation has to be looked at are told a moment too early and never too late.

        Parameters
        ----------
        mark_ms
            Up to where what runs is to be charged by now.
        block_ms, grace_ms
            As for :func:`madang.policy.budget.renewal_due`.
        """
        given = {"now": now_ms, "mark": mark_ms, "half": block_ms // 2, "grace": grace_ms}
        return list(self._connection.execute(DUE, given).scalars())

    def shown(self, ids: Sequence[str]) -> list[Shown]:
        """Return what the queue shows of these leases, in no order."""
        found: list[Shown] = []
        for start in range(0, len(ids), SHOWN_AT_ONCE):
            some = {"ids": ids[start : start + SHOWN_AT_ONCE]}
            found += map(Shown._make, self._connection.execute(_SHOWN, some))
        return found

    def waits(self, since_ms: int) -> list[Wait]:
        """Return the waits of device leases whose first admission was since then."""
        query = (
            select(leases.c.flavor, leases.c.submitted_ms, attempts.c.admitted_ms)
            .join(attempts, attempts.c.lease == leases.c.id)
            .where(attempts.c.n == 1, attempts.c.admitted_ms >= since_ms, leases.c.devices > 0)
        )
        return [
            Wait(flavor=flavor, submitted_ms=submitted_ms, admitted_ms=admitted_ms)
            for flavor, submitted_ms, admitted_ms in self._connection.execute(query)
        ]

    def count(
        self,
        state: str | Iterable[str] = _UNFINISHED,
        kind: str | Iterable[str] | None = None,
        person: str | None = None,
    ) -> int:
        """Return how many leases there are; those that have not ended unless a state is given."""
        asked = given(
            states=members_of(LeaseState, state),
            kinds=None if kind is None else members_of(LeaseKind, kind),
            person=person,
        )
        return int(self._connection.execute(_counting(frozenset(asked)), asked).scalar_one())

    def waiting_by_flavor(self) -> dict[str, int]:
        """Return how many leases wait, by flavor."""
        rows = self._connection.execute(_WAITING_BY_FLAVOR)
        return {flavor: int(count) for flavor, count in rows}

    def last_waiting_ms(self, flavor: str) -> int:
        """Return the latest time of request of those that wait for a flavor; 0 when none does."""
        query = select(func.max(leases.c.submitted_ms)).where(
            leases.c.state == LeaseState.QUEUED, leases.c.flavor == flavor
        )
        return int(self._connection.execute(query).scalar_one() or 0)

    def charged(self, to_ms: Mapping[str, int]) -> None:
        """Note up to when leases are charged that run, and were read in this transaction."""
        rows = [{"of_lease": lease, "to_ms": at_ms} for lease, at_ms in to_ms.items()]
        if rows:
            self._connection.execute(_CHARGED, rows)

    def marks(self, ids: Iterable[str]) -> dict[str, tuple[Any, ...]]:
        """Return what a view says of each of these leases that its person would want to know.

        State, target, reason, attempt, whether it is claimed, whether it is held back, when it
        started, and its limit.
        """
        found, all_ids = {}, list(ids)
        for start in range(0, len(all_ids), SHOWN_AT_ONCE):
            some = {"ids": all_ids[start : start + SHOWN_AT_ONCE]}
            for (
                lease,
                state,
                target,
                reason,
                attempt,
                claimed_ms,
                *rest,
            ) in self._connection.execute(_MARKS, some):
                plain = (str(state), str(target), str(reason or ""), attempt)
                found[lease] = (*plain, claimed_ms is not None, *rest)
        return found

    def waiting_sizes(self, project: str) -> list[tuple[Lease, int]]:
        """Return one waiting lease of each kind, size, limit and price of a project, and how many.

        What they will reserve follows from it without reading each of a very long queue.
        """
        group = (
            leases.c.kind,
            leases.c.flavor,
            leases.c.devices,
            leases.c.limit_ms,
            leases.c.rate_microcredits,
        )
        query = (
            select(func.min(leases.c.id), func.count())
            .where(leases.c.project == project, leases.c.state == LeaseState.QUEUED)
            .group_by(*group)
        )
        counts = {lease: int(count) for lease, count in self._connection.execute(query)}
        found = self._all(select(*_COLUMNS).where(leases.c.id.in_(counts)))
        return [(lease, counts[lease.id]) for lease in found]

    def change(self, lease: str, expected: str | Iterable[str], **changes: Any) -> Lease:
        """Change a lease that is in an expected state, and return it as it is then.

        Raises
        ------
        ConflictError
            ``lease_moved_on`` when it is in another state, or is not there.
        TransitionError
            When the table of transitions does not allow the new state: a defect.
        """
        allowed = members_of(LeaseState, expected)
        before = self.get(lease)
        if before is None or before.state not in allowed:
            now = "" if before is None else str(before.state)
            raise ConflictError("lease_moved_on", lease=lease, state=now)
        after = changes.get("state", before.state)
        if after is not before.state:
            check_transition(before.state, LeaseState(after))
        query = update(leases).where(leases.c.id == lease, leases.c.state == before.state)
        if changes and self._connection.execute(query.values(**changes)).rowcount == 0:
            raise ConflictError("lease_moved_on", lease=lease, state=str(before.state))
        return self._all(_GET, lease=lease)[0]

    def _all(self, query: Select[Any], **values: Any) -> list[Lease]:
        return [read_as(Lease, row) for row in self._connection.execute(query, values)]


@cache
def _all_at_once(
    names: tuple[str, ...], states: tuple[LeaseState, ...], *, is_sqlite: bool
) -> Select[Any]:
    columns = [_plain(name) for name in names]
    if is_sqlite:
        made: Any = func.json_group_array(func.json_array(*columns))
        return select(made).where(leases.c.state.in_(states))
    made = cast(func.json_agg(func.json_build_array(*columns)), String)
    # In parts of one in 32, by the last letter of the id: while one is read nobody else gets the
    # interpreter, and fifty thousand leases take a fifth of a second.
    part = func.right(leases.c.id, 1)
    return select(made).where(leases.c.state.in_(states)).group_by(part)


@cache
def _finding(asked: frozenset[str], newest_first: bool) -> Select[Any]:
    """Return the statement of a search, whose parameters are named as what is asked for."""
    query = select(*_COLUMNS).where(*_conditions(asked))
    if newest_first:
        query = query.order_by(leases.c.submitted_ms.desc(), leases.c.id.desc())
    else:
        query = query.order_by(leases.c.submitted_ms, leases.c.id)
    return query.limit(bindparam("limit", type_=Integer)) if "limit" in asked else query


@cache
def _counting(asked: frozenset[str]) -> Select[Any]:
    return select(func.count()).select_from(leases).where(*_conditions(asked))


def _conditions(asked: frozenset[str]) -> list[ColumnElement[bool]]:
    one = {"person": leases.c.person, "project": leases.c.project, "name": leases.c.name}
    several = {"states": leases.c.state, "kinds": leases.c.kind, "projects": leases.c.project}
    return conditions(asked, one, several)
