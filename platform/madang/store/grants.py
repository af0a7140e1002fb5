"""Grants: each is a row, a line of the ledger and a higher budget, all in one transaction."""

from sqlalchemy import Connection, insert, select

from madang.domain.project import Grant
from madang.errors import InvalidError
from madang.ledger.entry import Entry, EntryKind
from madang.store.columns import columns_of, read_as, values_of
from madang.store.ledger import Ledger
from madang.store.tables import grants

_COLUMNS = columns_of(grants, Grant)


class Grants:
    """Budgets given to projects."""

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger

    def add(self, grant: Grant, at_ms: int) -> Entry:
        """Give a grant, and return its ledger entry; a negative amount takes back.

        Raises
        ------
        InvalidError
            ``grant_empty`` for an amount of 0.
        ConflictError
            ``grant_below_zero`` when more is taken back than was granted.
        """
        if grant.amount_microcredits == 0:
            raise InvalidError("grant_empty")
        self._connection.execute(insert(grants).values(values_of(grant)))
        entry = Entry(
            kind=EntryKind.GRANT,
            project=grant.project,
            at_ms=at_ms,
            amount_microcredits=grant.amount_microcredits,
            ref=grant.id,
        )
        return self._ledger.append([entry])[0]

    def of_project(self, project: str) -> list[Grant]:
        """Return the grants of a project, the first first."""
        query = (
            select(*_COLUMNS)
            .where(grants.c.project == project)
            .order_by(grants.c.from_ms, grants.c.id)
        )
        return [read_as(Grant, row) for row in self._connection.execute(query)]
