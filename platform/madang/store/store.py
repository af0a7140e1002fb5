"""The store's door: transactions on one writer thread, a few reader threads and the event loop.

Services call :meth:`Store.write` and :meth:`Store.read` from the event loop; scripts and tests use
the blocking pair. Work functions get a :class:`~madang.store.tx.Tx`, must be quick, and must do
nothing but read and write rows: when they raise, nothing of them remains.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from madang.errors import UnavailableError
from madang.store import migrate
from madang.store.copying import copy_before_migration
from madang.store.database import (
    open_address,
    plain_errors,
    reading_engine,
    renewing_engine,
    writing_engine,
)
from madang.store.quick_reads import QuickReads
from madang.store.reads import Reads
from madang.store.tx import Tx

T = TypeVar("T")

log = logging.getLogger(__name__)

READERS = 3
RENEWAL_MS = 2_000
"""Nobody waits longer for the renewal of a term."""


class Store:
    """All rows of one installation.

    Parameters
    ----------
    url
        ``sqlite:///<path>`` or ``postgresql://…``.
    wait_ms
        How long a transaction waits for another process's lock before it is given up.

    Attributes
    ----------
    on_written
        Called with the seconds that each :meth:`write` took, with its wait for a turn.
    writes
        Transactions that may have changed something; counted before their callers hear of it.
    is_shared
        Whether more than one process may be meant to use it: PostgreSQL, and no file.
    """

    def __init__(self, url: str, *, wait_ms: int = 10_000) -> None:
        self.on_written: Callable[[float], None] | None = None
        self.writes = 0
        address = open_address(url)
        is_embedded = address.get_backend_name() == "sqlite"
        self.is_shared = not is_embedded
        self._term: int | None = None
        self._on_fenced: Callable[[], None] = lambda: None
        self._file = Path(str(address.database)).absolute() if is_embedded else None
        self._writing = writing_engine(address, wait_ms)
        self._reading = reading_engine(address, wait_ms, READERS)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._reads = Reads(self._reading, 1 if is_embedded else READERS)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._quick = QuickReads(reading_engine(address, 0, 1), self._read) if is_embedded else None
        # In a file there is one connection that writes, and nobody to share it with.
        self._renewing = self._writing if is_embedded else renewing_engine(address, RENEWAL_MS)
        self._renewer = ThreadPoolExecutor(1, thread_name_prefix="store-renewer")

    def migrate(self) -> None:
        """Bring the tables to this version, in one transaction; safe to repeat.

        An embedded database that it would change is copied to ``backups`` beside it before.

        Raises
        ------
        LocalError
            ``database_newer`` when a newer version of Madang has written the database.
        """
        if self._file is not None:
            revision = self._submit(self._readers, self._reading, migrate.due).result()
            if revision:
                kept = copy_before_migration(self._file, revision)
                log.info("the database of version %s was copied to %s", revision, kept)
        self._submit(self._writer, self._writing, migrate.upgrade).result()

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in one transaction and return its result once it is durable.

        A caller that is cancelled does not stop a write that has begun. When the database goes
        away in the middle of a commit nobody knows the outcome: ask again with the same
        idempotency key.

        Raises
        ------
        UnavailableError
            ``database_unavailable``; nothing is half-written, and a later call may work.
        """
        began = time.monotonic()
        result = await asyncio.wrap_future(self._write(work))
        if self.on_written is not None:
            self.on_written(time.monotonic() - began)
        return result

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` over one consistent moment of the database; it cannot change anything."""
        return await self.reading(work)

    def reading(self, work: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Begin what :meth:`read` does; for a result that several wait for."""
        if self._quick is not None:
            return self._quick.reading(work)
        return asyncio.wrap_future(self._read(work))

    def write_now(self, work: Callable[[Tx], T]) -> T:
        """Do what :meth:`write` does, blocking the calling thread."""
        return self._write(work).result()

    def read_now(self, work: Callable[[Tx], T]) -> T:
        """Do what :meth:`read` does, blocking the calling thread; not to be called from a read."""
        return self._read(work).result()

    def fence(self, term: int, on_fenced: Callable[[], None]) -> None:
        """Let every later write fail as a whole once there is a newer term than this.

        Parameters
        ----------
        on_fenced
            Called after the first write that failed so, from the writer's thread.
        """
        self._term, self._on_fenced = term, on_fenced

    def renew(self, work: Callable[[Tx], T]) -> Future[T]:
        """Change the row of the leadership, and nothing else, without waiting for a turn."""
        return self._submit(self._renewer, self._renewing, lambda connection: work(Tx(connection)))

    def close(self) -> None:
        """Finish what has begun and close all connections; later calls are refused."""
        for threads in (self._writer, self._readers, self._renewer):
            threads.shutdown(wait=True, cancel_futures=True)
        self._reads.drop()
        if self._quick is not None:
            self._quick.close()
        for engine in (self._reading, self._writing, self._renewing):
            engine.dispose()

    def _read(self, work: Callable[[Tx], T]) -> Future[T]:
        try:
            return self._reads.ask(self._readers, work)
        except RuntimeError as closed:
            raise UnavailableError("database_unavailable", reason="closed") from closed

    def _write(self, work: Callable[[Tx], T]) -> Future[T]:
        return self._submit(self._writer, self._writing, partial(self._fenced, work))

    def _fenced(self, work: Callable[[Tx], T], connection: Connection) -> T:
        tx = Tx(connection)
        # Whoever begins a term waits for a turn too: what is newest now stays so until the commit.
        if self._term is not None and not tx.leadership.is_newest(self._term):
            raise UnavailableError("leadership_lost", term=self._term)
        return work(tx)

    def _submit(
        self, threads: ThreadPoolExecutor, engine: Engine, work: Callable[[Connection], T]
    ) -> Future[T]:
        try:
            return threads.submit(self._transaction, engine, work)
        except RuntimeError as closed:
            raise UnavailableError("database_unavailable", reason="closed") from closed

    def _transaction(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        try:
            with plain_errors(), engine.begin() as connection:
                return work(connection)
        except UnavailableError as error:
            if error.code == "leadership_lost":
                self._on_fenced()
            raise
        finally:
            # Also after a failure: a commit whose answer was lost may have happened.
            if engine is self._writing:
                self.writes += 1
