"""Browser sessions: they outlive a restart of the service; the hub's token is kept sealed."""

import contextlib
import hashlib
import secrets
from dataclasses import dataclass, field

from madang.errors import UnavailableError
from madang.services.core import Core
from madang.store import Tx

SESSION_MS = 14 * 24 * 3_600_000
"""As long as the hub's own cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser session; the hub's token never leaves the server."""

    person_name: str
    hub_token: str = field(repr=False)
    hub_session_id: str
    csrf: str = field(repr=False)
    checked_ms: int


class Sessions:
    """Opens, finds and closes browser sessions, by the hash of their cookie."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def create(
        self, person_name: str, hub_token: str, hub_session_id: str
    ) -> tuple[str, str]:
        """Open a session; returns the cookie's value and the CSRF token."""
        core = self._core
        session_id, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        sealed = core.seal.close(hub_token)
        now = core.clock()

        def work(tx: Tx) -> None:
            person = tx.people.ensure(person_name, now)
            tx.sessions.forget(now)
            tx.sessions.add(
                _hash(session_id), person.id, sealed, hub_session_id, csrf, now, now + SESSION_MS
            )

        await core.store.write(work)
        return session_id, csrf

    async def get(self, session_id: str) -> Session | None:
        """Return the session of a cookie; None when there is none or it is over."""
        core = self._core

        def work(tx: Tx) -> Session | None:
            found = tx.sessions.get(_hash(session_id), core.clock())
            person = tx.people.get(found.person) if found else None
            token = core.seal.open(found.hub_token_sealed) if found else None
            if found is None or person is None or token is None:
                return None
            return Session(
                person_name=person.hub_name,
                hub_token=token,
                hub_session_id=found.hub_session_id,
                csrf=found.csrf,
                checked_ms=found.seen_ms,
            )

        return await core.store.read(work)

    async def touch(self, session_id: str, checked_ms: int) -> None:
        """Note that the hub confirmed the session; lost on a full disk, the hub is asked again."""
        # People must be able to read what goes on while nothing can be written.
        with contextlib.suppress(UnavailableError):
            await self._core.store.write(
                lambda tx: tx.sessions.touch(_hash(session_id), checked_ms)
            )

    async def drop(self, session_id: str) -> None:
        """Close a session; harmless when it is closed."""
        await self._core.store.write(lambda tx: tx.sessions.drop(_hash(session_id)))


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
