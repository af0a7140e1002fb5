"""The one row that says which replica leads; taken and renewed by compare-and-set.

All times are the database's own: clocks of replicas are never compared with each other.
"""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    cast,
    extract,
    func,
    literal_column,
    or_,
    select,
    update,
)

from madang.domain.leadership import Leader
from madang.store.tables import leadership

_JULIAN_EPOCH = 2440587.5
_MS_PER_DAY = 86_400_000


class Leadership:
    """The row. Only what holds for the very term that is named is changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> Leader:
        """Return who leads, or led last."""
        left = leadership.c.until_ms - self._now_ms()
        query = select(
            leadership.c.term, leadership.c.replica, leadership.c.address, left.label("left_ms")
        )
        row = self._connection.execute(query).one()
        return Leader(
            term=row.term, replica=row.replica, address=row.address, left_ms=max(0, row.left_ms)
        )

    def take(self, replica: str, address: str, for_ms: int) -> int | None:
        """Begin a new term and return its number; None while another replica's has not run out.

        A replica that comes back under its own name need not wait for itself: the process that had
        the name before is gone, and its term ends here.
        """
        now = self._now_ms()
        query = (
            update(leadership)
            .where(or_(leadership.c.until_ms <= now, leadership.c.replica == replica))
            .values(
                term=leadership.c.term + 1, replica=replica, address=address, until_ms=now + for_ms
            )
            .returning(leadership.c.term)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def renew(self, term: int, for_ms: int) -> bool:
        """Keep a term for longer; False when there is a newer one."""
        until = self._now_ms() + for_ms
        query = update(leadership).where(leadership.c.term == term).values(until_ms=until)
        return self._connection.execute(query).rowcount == 1

    def give_back(self, term: int) -> bool:
        """Let others lead at once; False when there is a newer term."""
        query = update(leadership).where(leadership.c.term == term).values(until_ms=0)
        return self._connection.execute(query).rowcount == 1

    def is_newest(self, term: int) -> bool:
        """Tell whether no newer term was begun."""
        newest: int = self._connection.execute(select(leadership.c.term)).scalar_one()
        return newest == term

    def _now_ms(self) -> ColumnElement[int]:
        if self._connection.dialect.name == "postgresql":
            # Not now(): a transaction may have waited long for its turn.
            return cast(extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
        days = func.julianday("now") - literal_column(str(_JULIAN_EPOCH))
        return cast(days * _MS_PER_DAY, BigInteger)
