"""Attempts: each life of a lease, opened once and closed once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from madang.domain.lease import GIVEN_BACK, Attempt
from madang.errors import ConflictError
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import attempts

_COLUMNS = columns_of(attempts, Attempt)


class Attempts:
    """The table of attempts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(
        self, lease: str, n: int, admitted_ms: int, device_ids: Sequence[str], rate: int
    ) -> Attempt:
        """Open an attempt at admission.

        Raises
        ------
        ConflictError
            ``attempt_twice`` when this number is taken: an admission that came twice.
        """
        if self.get(lease, n) is not None:
            raise ConflictError("attempt_twice", lease=lease, attempt=n)
        attempt = Attempt(
            lease=lease,
            n=n,
            admitted_ms=admitted_ms,
            device_ids=tuple(device_ids),
            rate_microcredits=rate,
        )
        self._connection.execute(insert(attempts).values(values_of(attempt)))
        return attempt

    def started(self, lease: str, n: int, started_ms: int) -> None:
        """Record the start of the first process; a later word changes nothing."""
        is_new = (*_is(lease, n), attempts.c.started_ms.is_(None), attempts.c.reason == "")
        query = update(attempts).where(*is_new).values(started_ms=started_ms)
        self._connection.execute(query)

    def close(
        self,
        lease: str,
        n: int,
        started_ms: int | None,
        ended_ms: int | None,
        reason: str | None,
    ) -> bool:
        """Close an attempt; False, and no change, when it is closed already or is not there.

        Parameters
        ----------
        started_ms
            Start of the first process, if it was learnt only now; None keeps what is recorded.
        ended_ms
            End of the last process; None when none was started.
        reason
            Why it ended; None for devices that were given back to the queue.
        """
        changes: dict[str, Any] = {"ended_ms": ended_ms, "reason": str(reason or GIVEN_BACK)}
        if started_ms is not None:
            changes["started_ms"] = started_ms
        is_open = (*_is(lease, n), attempts.c.reason == "")
        query = update(attempts).where(*is_open).values(changes)
        return self._connection.execute(query).rowcount == 1

    def get(self, lease: str, n: int) -> Attempt | None:
        """Return one attempt."""
        found = self._connection.execute(select(*_COLUMNS).where(*_is(lease, n))).first()
        return None if found is None else read_as(Attempt, found)

    def of_lease(self, lease: str) -> list[Attempt]:
        """Return the attempts of a lease in order."""
        query = select(*_COLUMNS).where(attempts.c.lease == lease).order_by(attempts.c.n)
        return [read_as(Attempt, row) for row in self._connection.execute(query)]


def _is(lease: str, n: int) -> tuple[Any, Any]:
    return attempts.c.lease == lease, attempts.c.n == n
