"""Idempotency keys: what an earlier request with the same key has made."""

from sqlalchemy import Connection, delete, insert, select

from madang.store.tables import keys


class Keys:
    """Keys by person; remember one in the transaction that makes the thing itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seen(self, person: str, key: str) -> tuple[str, str] | None:
        """Return (fingerprint of the request, id of what it made), or None for a new key."""
        query = select(keys.c.fingerprint, keys.c.result_id).where(
            keys.c.person == person, keys.c.key == key
        )
        found = self._connection.execute(query).first()
        return None if found is None else (found.fingerprint, found.result_id)

    def remember(
        self, person: str, key: str, fingerprint: str, result_id: str, now_ms: int
    ) -> None:
        """Keep what a request with this key has made."""
        row = {
            "person": person,
            "key": key,
            "fingerprint": fingerprint,
            "result_id": result_id,
            "at_ms": now_ms,
        }
        self._connection.execute(insert(keys).values(row))

    def forget(self, before_ms: int) -> int:
        """Forget keys that are older, and return how many."""
        return self._connection.execute(delete(keys).where(keys.c.at_ms < before_ms)).rowcount
