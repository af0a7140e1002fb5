"""Environments and their revisions: what was asked for, and what became of each build."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from madang.domain.environment import (
    BuildState,
    Environment,
    Revision,
    check_build_transition,
)
from madang.errors import ConflictError
from madang.store.columns import columns_of, members_of, read_as, values_of
from madang.store.searches import conditions, given
from madang.store.tables import environments, revisions

_COLUMNS = columns_of(environments, Environment)
# Made once: making a statement costs as much as carrying it out.
_GET = select(*_COLUMNS).where(environments.c.id == bindparam("environment"))
_OF_PROJECT = (
    select(*_COLUMNS)
    .where(environments.c.project == bindparam("project"), environments.c.deleted_ms.is_(None))
    .order_by(environments.c.name)
)
_REVISION = columns_of(revisions, Revision)


class Environments:
    """The two tables of environments."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, environment: Environment) -> None:
        """Add an environment.

        Raises
        ------
        ConflictError
            ``environment_exists`` when the project has one of that name.
        """
        if self.find(environment.project, environment.name) is not None:
            raise ConflictError("environment_exists", given=environment.name)
        self._connection.execute(insert(environments).values(values_of(environment)))

    def get(self, environment: str) -> Environment | None:
        """Return an environment by id, also one that was deleted."""
        found = self._connection.execute(_GET, {"environment": environment}).first()
        return None if found is None else read_as(Environment, found)

    def find(self, project: str, name_or_id: str) -> Environment | None:
        """Return an environment of a project that is there, by name, else by id."""
        for column in (environments.c.name, environments.c.id):
            query = select(*_COLUMNS).where(
                environments.c.project == project,
                column == name_or_id,
                environments.c.deleted_ms.is_(None),
            )
            found = self._connection.execute(query).first()
            if found is not None:
                return read_as(Environment, found)
        return None

    def of_project(self, project: str) -> list[Environment]:
        """Return the environments of a project that are there, by name."""
        rows = self._connection.execute(_OF_PROJECT, {"project": project})
        return [read_as(Environment, row) for row in rows]

    def all(self) -> list[Environment]:
        """Return every environment, those that were deleted among them."""
        rows = self._connection.execute(select(*_COLUMNS).order_by(environments.c.id))
        return [read_as(Environment, row) for row in rows]

    def change(self, environment: str, **changes: Any) -> None:
        """Change fields of an environment, such as its title or ``deleted_ms``."""
        query = update(environments).where(environments.c.id == environment).values(**changes)
        self._connection.execute(query)

    def add_revision(self, revision: Revision) -> None:
        """Add a build."""
        self._connection.execute(insert(revisions).values(values_of(revision)))

    def next_number(self, environment: str) -> int:
        """Return the number of the next build."""
        query = select(func.max(revisions.c.n)).where(revisions.c.environment == environment)
        return int(self._connection.execute(query).scalar_one() or 0) + 1

    def revision(self, environment: str, n: int) -> Revision | None:
        """Return one build."""
        query = select(*_REVISION).where(revisions.c.environment == environment, revisions.c.n == n)
        found = self._connection.execute(query).first()
        return None if found is None else read_as(Revision, found)

    def revisions(
        self, environment: str | None = None, state: str | Iterable[str] | None = None
    ) -> list[Revision]:
        """Return builds, the newest of each environment first; what is None is not asked for."""
        states = None if state is None else members_of(BuildState, state)
        asked = given(environment=environment, states=states)
        rows = self._connection.execute(_revisions(frozenset(asked)), asked)
        return [read_as(Revision, row) for row in rows]

    def built_by(self, run: str) -> Revision | None:
        """Return the build that a run is for; None for an ordinary run."""
        found = self._connection.execute(select(*_REVISION).where(revisions.c.run == run)).first()
        return None if found is None else read_as(Revision, found)

    def move(self, revision: Revision, state: BuildState | None = None, **changes: Any) -> Revision:
        """Change a build that is in the state it was read in, and return it as it is then.

        Raises
        ------
        ConflictError
            ``build_moved_on`` when it is in another state by now.
        TransitionError
            When the table of transitions does not allow the new state: a defect.
        """
        if state is not None and state is not revision.state:
            check_build_transition(revision.state, state)
            changes["state"] = state
        query = update(revisions).where(
            revisions.c.environment == revision.environment,
            revisions.c.n == revision.n,
            revisions.c.state == revision.state,
        )
        if changes and self._connection.execute(query.values(**changes)).rowcount == 0:
            raise ConflictError("build_moved_on", environment=revision.environment, n=revision.n)
        after = self.revision(revision.environment, revision.n)
        if after is None:
            raise ConflictError("build_moved_on", environment=revision.environment, n=revision.n)
        return after


@cache
def _revisions(asked: frozenset[str]) -> Select[Any]:
    one, several = {"environment": revisions.c.environment}, {"states": revisions.c.state}
    query = select(*_REVISION).where(*conditions(asked, one, several))
    return query.order_by(revisions.c.environment, revisions.c.n.desc())
