"""People: opaque ids and the hub names they have now."""

from sqlalchemy import Connection, bindparam, insert, select, update

from madang.domain.project import Person
from madang.store.columns import Known, columns_of, once, read_as, values_of
from madang.store.tables import people
from madang.units import new_id

_COLUMNS = columns_of(people, Person)
# Made once: making a statement costs as much as carrying it out.
_GET = select(*_COLUMNS).where(people.c.id == bindparam("person"))


class People:
    """The table that names live in; nothing else of the store keeps one."""

    def __init__(self, connection: Connection, *, is_fixed: bool = False) -> None:
        self._connection = connection
        self._known: Known = {} if is_fixed else None

    def get(self, person: str) -> Person | None:
        """Return a person by id."""
        return once(self._known, person, lambda: self._get(person))

    def _get(self, person: str) -> Person | None:
        found = self._connection.execute(_GET, {"person": person}).first()
        return None if found is None else read_as(Person, found)

    def by_name(self, hub_name: str) -> Person | None:
        """Return a person by hub name."""
        query = select(*_COLUMNS).where(people.c.hub_name == hub_name)
        found = self._connection.execute(query).first()
        return None if found is None else read_as(Person, found)

    def ensure(self, hub_name: str, now_ms: int) -> Person:
        """Return the person of a hub name, as a new one if the name was never seen."""
        known = self.by_name(hub_name)
        if known is not None:
            return known
        person = Person(id=new_id("person", now_ms), hub_name=hub_name)
        row = {**values_of(person), "created_ms": now_ms}
        self._connection.execute(insert(people).values(row))
        return person

    def set_admin(self, person: str, is_admin: bool) -> None:
        """Make a person an administrator, or no longer one."""
        query = update(people).where(people.c.id == person).values(is_admin=is_admin)
        self._connection.execute(query)

    def rename(self, person: str, hub_name: str) -> None:
        """Give a person another hub name; the caller has seen that it is free."""
        query = update(people).where(people.c.id == person).values(hub_name=hub_name)
        self._connection.execute(query)

    def all(self) -> list[Person]:
        """Return everyone, by hub name."""
        rows = self._connection.execute(select(*_COLUMNS).order_by(people.c.hub_name))
        return [read_as(Person, row) for row in rows]
