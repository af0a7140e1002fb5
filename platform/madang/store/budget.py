"""Budgets and reservations: what may be spent, guarded by one conditional UPDATE.

Admission reserves; the ledger settles, gives back and grants, in the transaction that appends the
entry, so that rows and ledger cannot part. ``used`` changes nowhere else.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, insert, select, true, update

from madang.domain.lease import LeaseState
from madang.domain.project import Balance, Reservation
from madang.errors import ConflictError, NotFoundError
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import budgets, leases, reservations

_BALANCE = (budgets.c.project, budgets.c.granted, budgets.c.reserved, budgets.c.used)
_RESERVATION = columns_of(reservations, Reservation)
# Made once: making a statement costs as much as carrying it out.
_RESERVED = select(reservations.c.microcredits).where(
    reservations.c.lease == bindparam("lease"), reservations.c.attempt == bindparam("attempt")
)
_OF_PROJECT = select(*_BALANCE).where(budgets.c.project == bindparam("project"))
_LOWER = (
    update(reservations)
    .where(
        reservations.c.lease == bindparam("of_lease"),
        reservations.c.attempt == bindparam("of_attempt"),
    )
    .values(microcredits=reservations.c.microcredits - bindparam("cover"))
)


class Budget:
    """The budgets of all projects."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def balance(self, project: str) -> Balance:
        """Return the budget of a project; all zero for one that is not known."""
        found = self._connection.execute(_OF_PROJECT, {"project": project}).first()
        return Balance(project=project) if found is None else _balance(found)

    def all(self) -> list[Balance]:
        """Return the budget of each project."""
        rows = self._connection.execute(select(*_BALANCE).order_by(budgets.c.project))
        return [_balance(row) for row in rows]

    def committed(self, project: str) -> int:
        """Return what the waiting leases of a project will reserve when their turn comes.

        Each says so in ``options["committed_microcredits"]``.
        """
        query = select(leases.c.options).where(
            leases.c.project == project, leases.c.state == LeaseState.QUEUED
        )
        waiting = self._connection.execute(query).scalars()
        return sum(int(options.get("committed_microcredits", 0)) for options in waiting)

    def reserve(
        self, project: str, lease: str, attempt: int, microcredits: int, until_ms: int
    ) -> bool:
        """Set aside ``microcredits`` more for an attempt; False, and no change, if they don't fit.

        Parameters
        ----------
        microcredits
            What is added to the attempt's reservation, not its new total.
        until_ms
            Until when the reservation is meant to last.
        """
        if microcredits < 0:
            raise ValueError(f"cannot reserve {microcredits}")
        left = budgets.c.granted - budgets.c.used - budgets.c.reserved
        # A free attempt is admitted even where a true charge has overrun the grant.
        fits = left >= microcredits if microcredits else true()
        taken = (
            update(budgets)
            .where(budgets.c.project == project, fits)
            .values(reserved=budgets.c.reserved + microcredits)
        )
        if self._connection.execute(taken).rowcount == 0:
            return False
        mine = _is(lease, attempt)
        later = case((reservations.c.until_ms > until_ms, reservations.c.until_ms), else_=until_ms)
        raised = (
            update(reservations)
            .where(*mine)
            .values(microcredits=reservations.c.microcredits + microcredits, until_ms=later)
        )
        if self._connection.execute(raised).rowcount == 0:
            row = Reservation(
                lease=lease,
                attempt=attempt,
                project=project,
                microcredits=microcredits,
                until_ms=until_ms,
            )
            self._connection.execute(insert(reservations).values(values_of(row)))
        return True

    def reservation(self, lease: str, attempt: int) -> int:
        """Return what is set aside for an attempt now."""
        mine = {"lease": lease, "attempt": attempt}
        return self._connection.execute(_RESERVED, mine).scalar_one_or_none() or 0

    def open_reservations(self) -> list[Reservation]:
        """Return all reservations that are not released, those of a project together."""
        query = select(*_RESERVATION).order_by(
            reservations.c.project, reservations.c.lease, reservations.c.attempt
        )
        return [read_as(Reservation, row) for row in self._connection.execute(query)]

    def settle(self, project: str, lease: str, attempt: int, microcredits: int) -> None:
        """Move a true charge from reserved to used; never refused, whatever is left.

        Only the ledger settles, for the charges it appends.
        """
        self.settle_all({(project, lease, attempt): microcredits})

    def settle_all(self, charges: Mapping[tuple[str, str, int], int]) -> None:
        """Settle many charges by (project, lease, attempt), in few statements."""
        held = self.reservations_of({lease for _, lease, _ in charges})
        lowered: list[dict[str, Any]] = []
        covered: Counter[str] = Counter()
        used: Counter[str] = Counter()
        for (project, lease, attempt), microcredits in charges.items():
            used[project] += microcredits
            cover = min(held.get((lease, attempt), 0), microcredits)
            if cover:
                covered[project] += cover
                lowered.append({"of_lease": lease, "of_attempt": attempt, "cover": cover})
        if lowered:
            self._connection.execute(_LOWER, lowered)
        for project in sorted(used):
            self._change(
                project,
                reserved=budgets.c.reserved - covered[project],
                used=budgets.c.used + used[project],
            )

    def release(self, lease: str, attempt: int) -> int:
        """Free what is still set aside for an attempt, and return how much that was."""
        query = select(*_RESERVATION).where(*_is(lease, attempt))
        found = self._connection.execute(query).first()
        if found is None:
            return 0
        held = read_as(Reservation, found)
        self._connection.execute(delete(reservations).where(*_is(lease, attempt)))
        self._change(held.project, reserved=budgets.c.reserved - held.microcredits)
        return held.microcredits

    def give_back(self, project: str, microcredits: int) -> None:
        """Lower what is used; only the ledger calls this, for refunds and corrections."""
        if microcredits > self.balance(project).used:
            raise ConflictError("refund_too_large", project=project)
        self._change(project, used=budgets.c.used - microcredits)

    def raise_granted(self, project: str, microcredits: int) -> None:
        """Raise what is granted; only the ledger calls this, for each grant it appends."""
        if self.balance(project).granted + microcredits < 0:
            raise ConflictError("grant_below_zero", project=project)
        self._change(project, granted=budgets.c.granted + microcredits)

    def reservations_of(self, of_leases: Collection[str]) -> dict[tuple[str, int], int]:
        """Return what is set aside for each attempt of these leases."""
        query = select(
            reservations.c.lease, reservations.c.attempt, reservations.c.microcredits
        ).where(reservations.c.lease.in_(of_leases))
        return {
            (row.lease, row.attempt): row.microcredits for row in self._connection.execute(query)
        }

    def _change(self, project: str, **values: Any) -> None:
        query = update(budgets).where(budgets.c.project == project).values(**values)
        if self._connection.execute(query).rowcount == 0:
            raise NotFoundError("budget_missing", project=project)


def _is(lease: str, attempt: int) -> tuple[Any, Any]:
    return reservations.c.lease == lease, reservations.c.attempt == attempt


def _balance(row: Any) -> Balance:
    project, granted, reserved, used = row
    return Balance(
        project=project,
        granted=granted,
        reserved=reserved,
        used=used,
        overrun=max(0, used - granted),
    )
