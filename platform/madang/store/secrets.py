"""Secrets of projects: values lie here sealed, under a key that the database does not hold."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from madang.domain.secret import Secret
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import secrets

_COLUMNS = columns_of(secrets, Secret)


class Secrets:
    """The table of secrets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_project(self, project: str) -> list[Secret]:
        """Return those that are there, by name."""
        query = select(*_COLUMNS).where(secrets.c.project == project, secrets.c.sealed != b"")
        found = self._connection.execute(query.order_by(secrets.c.name))
        return [read_as(Secret, row) for row in found]

    def named(self, project: str, names: Iterable[str]) -> dict[str, Secret]:
        """Return by name those of the names that are there."""
        query = select(*_COLUMNS).where(
            secrets.c.project == project,
            secrets.c.name.in_(list(names)),
            secrets.c.sealed != b"",
        )
        return {row.name: read_as(Secret, row) for row in self._connection.execute(query)}

    def set(self, project: str, name: str, sealed: bytes, by: str, now_ms: int) -> Secret:
        """Give a name a value, in place of the one before; each has a version of its own."""
        here = (secrets.c.project == project) & (secrets.c.name == name)
        before = self._connection.execute(select(secrets.c.version).where(here)).scalar()
        secret = Secret(
            project=project,
            name=name,
            sealed=sealed,
            version=(before or 0) + 1,
            set_by=by,
            set_at_ms=now_ms,
        )
        put = insert(secrets) if before is None else update(secrets).where(here)
        self._connection.execute(put.values(values_of(secret)))
        return secret

    def remove(self, project: str, name: str) -> bool:
        """Forget a value; tell whether there was one. What stays counts versions only."""
        query = update(secrets).where(
            secrets.c.project == project, secrets.c.name == name, secrets.c.sealed != b""
        )
        return self._connection.execute(query.values(sealed=b"")).rowcount > 0
