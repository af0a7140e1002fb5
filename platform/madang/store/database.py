"""Engines for a database address: one that writes, one that reads a snapshot.

Used by :mod:`madang.store.store` only. All that differs between SQLite and PostgreSQL about
connections, transactions and errors stands here; repositories do not know which one they use.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
    ResourceClosedError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from madang.domain.leadership import IDLE_MS
from madang.errors import InvalidError, UnavailableError

WRITER_LOCK = 0x6D6164616E67
"""Key of the advisory lock that makes all writers of one PostgreSQL database take turns."""

SQLITE_REASONS = {
    3: "denied",
    5: "locked",
    6: "locked",
    7: "memory",
    8: "denied",
    10: "broken",
    11: "broken",
    13: "full",
    14: "missing",
    15: "locked",
    26: "broken",
}
"""What SQLite's primary result codes mean to an operator; other codes are defects of ours."""

SQLSTATE_REASONS = {
    "08": "lost",
    "25006": "denied",
    "25P03": "lost",
    "28": "denied",
    "28P01": "password",
    "3D": "missing",
    "40": "locked",
    "53": "full",
    "55P03": "locked",
    "57": "lost",
    "58": "broken",
}
"""The same for PostgreSQL, by SQLSTATE or its class."""

CONNECTING_REASONS = {
    "password authentication failed": "password",
    "password 인증을 실패": "password",
    "no password supplied": "password",
    "authentication failed": "denied",
    "pg_hba.conf": "denied",
    "permission denied for database": "denied",
    "does not exist": "missing",
    "too many": "full",
}
"""The same for a connection that PostgreSQL refuses, by its words; those of a server that speaks
another language are taken for a connection that was lost, and stand in the log."""


def open_address(address: str) -> URL:
    """Read a database address; create the file of an embedded database, for its owner only.

    Raises
    ------
    InvalidError
        ``database_url_unknown`` for anything but an SQLite file or PostgreSQL.
    """
    try:
        # A Secret that was made of a file ends as files do, with the end of a line.
        url = make_url(address.strip())
    except ArgumentError as broken:
        raise InvalidError("database_url_unknown", given="?") from broken
    family = url.get_backend_name()
    if family == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if family != "sqlite" or not url.database or url.database == ":memory:":
        raise InvalidError("database_url_unknown", given=family)
    _create_private(Path(url.database))
    return url


def _create_private(path: Path) -> None:
    """Create the file unless it exists; SQLite gives its side files the same permissions."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as broken:
        raise UnavailableError("database_unavailable", reason="missing") from broken


def writing_engine(url: URL, wait_ms: int) -> Engine:
    """Return the engine of the one writer: one connection, which waits for its turn.

    PostgreSQL ends a transaction of it that falls silent: its process was paused, and all other
    writers would wait for a turn.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, wait_ms, "BEGIN IMMEDIATE", 1, ["PRAGMA synchronous = FULL"])
    engine = create_engine(
        url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=_postgres_args(wait_ms)
    )

    @event.listens_for(engine, "begin")
    def take_turn(connection: Connection) -> None:
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = {int(wait_ms)};"
            f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS}"
        )
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

    return engine


def renewing_engine(url: URL, wait_ms: int) -> Engine:
    """Return an engine for PostgreSQL that writes without waiting for a turn, or for long."""
    engine = create_engine(
        url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=_postgres_args(wait_ms)
    )

    @event.listens_for(engine, "begin")
    def hurry(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(wait_ms)}")

    return engine


def reading_engine(url: URL, wait_ms: int, count: int) -> Engine:
    """Return the engine of the readers: each transaction sees one moment and changes nothing."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, wait_ms, "BEGIN", count, ["PRAGMA query_only = ON"])
    return create_engine(
        url,
        pool_size=count,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=_postgres_args(wait_ms),
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def _postgres_args(wait_ms: int) -> dict[str, Any]:
    return {
        "connect_timeout": max(2, wait_ms // 1000),
        "tcp_user_timeout": wait_ms,
        "application_name": "madang",
    }


def _sqlite(url: URL, wait_ms: int, begin: str, count: int, pragmas: list[str]) -> Engine:
    engine = create_engine(
        url,
        pool_size=count,
        max_overflow=0,
        connect_args={"timeout": wait_ms / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver begins transactions by itself, and too late; we say BEGIN ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA foreign_keys = ON", *pragmas]:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what a database reports into our errors; what only a defect can cause passes."""
    try:
        yield
    except PoolTimeoutError as late:
        raise UnavailableError("database_unavailable", reason="locked") from late
    except (DataError, OverflowError, UnicodeEncodeError) as unfit:
        raise InvalidError("value_unstorable") from unfit
    except (PendingRollbackError, ResourceClosedError) as gone:
        # The connection was lost under a transaction that went on.
        raise UnavailableError("database_unavailable", reason="lost") from gone
    except (DatabaseError, InterfaceError) as broken:
        reason = _reason(broken)
        if reason is None:
            raise
        if reason == "password":
            # It is there, and waiting does not help: somebody has to do something.
            raise UnavailableError("database_password_refused") from broken
        raise UnavailableError("database_unavailable", reason=reason) from broken


def _reason(broken: DatabaseError | InterfaceError) -> str | None:
    if broken.connection_invalidated:
        return "lost"
    origin = broken.orig
    code = getattr(origin, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE_REASONS.get(code & 0xFF)
    state = getattr(origin, "sqlstate", None)
    if state is None:
        is_psycopg = type(origin).__module__.startswith("psycopg")
        return _connecting_reason(str(origin)) if is_psycopg else None
    known = SQLSTATE_REASONS.get(state) or SQLSTATE_REASONS.get(state[:2])
    # By the definition of these two it is the database's trouble and not our statement's.
    is_its_own = isinstance(broken, OperationalError | InternalError)
    return known or ("broken" if is_its_own else None)


def _connecting_reason(said: str) -> str:
    """Return why no connection was made: libpq gives words then, and no SQLSTATE."""
    return next((why for words, why in CONNECTING_REASONS.items() if words in said), "lost")
