"""Small facts about the installation, as JSON values by key."""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from madang.store.tables import meta


class Meta:
    """The table of facts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value; ``default`` when it was never set."""
        found = self._connection.execute(select(meta.c.value).where(meta.c.key == key)).first()
        return default if found is None else found.value

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        query = update(meta).where(meta.c.key == key).values(value=value)
        if self._connection.execute(query).rowcount == 0:
            self._connection.execute(insert(meta).values(key=key, value=value))
