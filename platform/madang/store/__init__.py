"""The one place that keeps what must survive: SQLite on one machine, PostgreSQL on a cluster.

Services hand over a function that works on a :class:`Tx`; the store runs it in one transaction,
on the one writer thread or on a reader. Nothing outside this package sees SQL.
"""

from madang.store.sessions import Session
from madang.store.store import Store
from madang.store.tokens import Token
from madang.store.tx import Tx

__all__ = ["Session", "Store", "Token", "Tx"]
