"""Browser sessions: the hub's token stays here, sealed; the browser holds an id only."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that is logged in.

    Attributes
    ----------
    id_sha256
        Hash of the id that the browser's cookie holds.
    hub_token_sealed
        The hub's token, encrypted by the caller.
    seen_ms
        When the hub last confirmed it.
    """

    id_sha256: str
    person: str
    hub_token_sealed: bytes = field(repr=False)
    hub_session_id: str
    csrf: str = field(repr=False)
    created_ms: int
    seen_ms: int
    expires_ms: int


_COLUMNS = columns_of(sessions, Session)


class Sessions:
    """The table of sessions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        id_sha256: str,
        person: str,
        hub_token_sealed: bytes,
        hub_session_id: str,
        csrf: str,
        now_ms: int,
        expires_ms: int,
    ) -> Session:
        """Keep a new session."""
        session = Session(
            id_sha256=id_sha256,
            person=person,
            hub_token_sealed=hub_token_sealed,
            hub_session_id=hub_session_id,
            csrf=csrf,
            created_ms=now_ms,
            seen_ms=now_ms,
            expires_ms=expires_ms,
        )
        self._connection.execute(insert(sessions).values(values_of(session)))
        return session

    def get(self, id_sha256: str, now_ms: int | None = None) -> Session | None:
        """Return a session; with ``now_ms`` only when it has not expired."""
        query = select(*_COLUMNS).where(sessions.c.id_sha256 == id_sha256)
        if now_ms is not None:
            query = query.where(sessions.c.expires_ms > now_ms)
        found = self._connection.execute(query).first()
        return None if found is None else read_as(Session, found)

    def touch(self, id_sha256: str, now_ms: int, expires_ms: int | None = None) -> None:
        """Record that the hub has confirmed it now; with ``expires_ms``, let it live longer."""
        values = {"seen_ms": now_ms}
        if expires_ms is not None:
            values["expires_ms"] = expires_ms
        query = update(sessions).where(sessions.c.id_sha256 == id_sha256).values(values)
        self._connection.execute(query)

    def drop(self, id_sha256: str = "", hub_session_id: str = "") -> None:
        """End a session, or all sessions of one login at the hub."""
        if id_sha256:
            self._connection.execute(delete(sessions).where(sessions.c.id_sha256 == id_sha256))
        if hub_session_id:
            gone = sessions.c.hub_session_id == hub_session_id
            self._connection.execute(delete(sessions).where(gone))

    def drop_person(self, person: str) -> None:
        """End all sessions of a person."""
        self._connection.execute(delete(sessions).where(sessions.c.person == person))

    def forget(self, now_ms: int) -> int:
        """Drop what has expired, and return how many."""
        gone = delete(sessions).where(sessions.c.expires_ms <= now_ms)
        return self._connection.execute(gone).rowcount
