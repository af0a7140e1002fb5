"""Projects and who is in them. Membership here is the truth; hub groups only sync in."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from madang.domain.project import Membership, Project, Role
from madang.errors import ConflictError
from madang.store.columns import Known, columns_of, once, read_as, values_of
from madang.store.tables import budgets, members, projects

_COLUMNS = columns_of(projects, Project)
_MEMBER = columns_of(members, Membership)
# Made once: making a statement costs as much as carrying it out.
_GET = select(*_COLUMNS).where(projects.c.id == bindparam("project"))
_OF_PERSON = (
    select(*_COLUMNS, members.c.role)
    .join(members, members.c.project == projects.c.id)
    .where(members.c.person == bindparam("person"))
    .order_by(projects.c.name)
)
_ROLE = select(members.c.role).where(
    members.c.project == bindparam("project"), members.c.person == bindparam("person")
)


class Projects:
    """Projects, their members, and the empty budget that each new one gets."""

    def __init__(self, connection: Connection, *, is_fixed: bool = False) -> None:
        self._connection = connection
        self._known: Known = {} if is_fixed else None

    def add(self, project: Project) -> None:
        """Add a project with an empty budget.

        Raises
        ------
        ConflictError
            ``project_exists`` when its id or its name is taken.
        """
        taken = self.get(project.id) or self.find(project.name)
        if taken is not None:
            raise ConflictError("project_exists", name=taken.name)
        self._connection.execute(insert(projects).values(values_of(project)))
        empty = {"project": project.id, "granted": 0, "reserved": 0, "used": 0}
        self._connection.execute(insert(budgets).values(empty))

    def change(self, project: str, **changes: Any) -> None:
        """Change fields of a project, such as its title, weight or quota."""
        query = update(projects).where(projects.c.id == project).values(**changes)
        self._connection.execute(query)

    def get(self, project: str) -> Project | None:
        """Return a project by id."""
        return once(self._known, project, lambda: self._get(project))

    def _get(self, project: str) -> Project | None:
        found = self._connection.execute(_GET, {"project": project}).first()
        return None if found is None else read_as(Project, found)

    def find(self, name_or_id: str) -> Project | None:
        """Return a project by name, else by id."""
        is_it = or_(projects.c.name == name_or_id, projects.c.id == name_or_id)
        # A project that is named like another's id must not hide behind it: the name goes first.
        order = (projects.c.name == name_or_id).desc()
        found = self._connection.execute(select(*_COLUMNS).where(is_it).order_by(order)).first()
        return None if found is None else read_as(Project, found)

    def all(self) -> list[Project]:
        """Return all projects, by name."""
        rows = self._connection.execute(select(*_COLUMNS).order_by(projects.c.name))
        return [read_as(Project, row) for row in rows]

    def set_member(self, membership: Membership) -> None:
        """Put a person into a project, or give a member another role."""
        mine = _is(membership.project, membership.person)
        changed = update(members).where(*mine).values(role=membership.role)
        if self._connection.execute(changed).rowcount == 0:
            self._connection.execute(insert(members).values(values_of(membership)))

    def remove_member(self, project: str, person: str) -> None:
        """Take a person out of a project; harmless when not in it."""
        self._connection.execute(delete(members).where(*_is(project, person)))

    def members(self, project: str) -> list[Membership]:
        """Return the members of a project."""
        query = select(*_MEMBER).where(members.c.project == project).order_by(members.c.person)
        return [read_as(Membership, row) for row in self._connection.execute(query)]

    def of_person(self, person: str) -> list[tuple[Project, Role]]:
        """Return the projects of a person, by name, with the role in each."""
        found = []
        for row in self._connection.execute(_OF_PERSON, {"person": person}):
            fields = dict(row._mapping)
            role = fields.pop("role")
            found.append((Project(**fields), role))
        return found

    def role(self, project: str, person: str) -> Role | None:
        """Return what a person is in a project; None when not in it."""
        return once(self._known, (project, person), lambda: self._role(project, person))

    def _role(self, project: str, person: str) -> Role | None:
        mine = {"project": project, "person": person}
        return self._connection.execute(_ROLE, mine).scalar_one_or_none()


def _is(project: str, person: str) -> tuple[Any, Any]:
    return members.c.project == project, members.c.person == person
