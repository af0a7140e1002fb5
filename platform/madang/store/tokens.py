"""Attempt tokens, by hash only: what a slot worker or a run may call the service with."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """How far a token reaches; ``lease`` and ``run`` are empty where they do not apply."""

    sha256: str
    kind: str
    person: str
    project: str
    lease: str = ""
    run: str = ""
    expires_ms: int


_COLUMNS = columns_of(tokens, Token)


class Tokens:
    """The table of tokens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        sha256: str,
        kind: str,
        person: str,
        project: str,
        lease: str = "",
        run: str = "",
        expires_ms: int = 0,
    ) -> Token:
        """Keep the hash of a token."""
        token = Token(
            sha256=sha256,
            kind=kind,
            person=person,
            project=project,
            lease=lease,
            run=run,
            expires_ms=expires_ms,
        )
        self._connection.execute(insert(tokens).values(values_of(token)))
        return token

    def find(self, sha256: str, now_ms: int) -> Token | None:
        """Return a token that has not expired."""
        query = select(*_COLUMNS).where(tokens.c.sha256 == sha256, tokens.c.expires_ms > now_ms)
        found = self._connection.execute(query).first()
        return None if found is None else read_as(Token, found)

    def drop(self, lease: str = "", run: str = "") -> None:
        """Make the tokens of a lease (those of its runs too) or of a run worthless."""
        if lease:
            self._connection.execute(delete(tokens).where(tokens.c.lease == lease))
        if run:
            self._connection.execute(delete(tokens).where(tokens.c.run == run))

    def drop_person(self, person: str, keep: Collection[str]) -> None:
        """Make the tokens of a person worthless, but for those of the leases in ``keep``."""
        gone = tokens.c.person == person, tokens.c.lease.not_in(keep)
        self._connection.execute(delete(tokens).where(*gone))

    def forget(self, now_ms: int) -> int:
        """Drop what has expired, and return how many."""
        gone = delete(tokens).where(tokens.c.expires_ms <= now_ms)
        return self._connection.execute(gone).rowcount
