"""Reads that wait at the same moment share one transaction.

Used by :class:`madang.store.store.Store`. Opening and ending a transaction costs as much as a small
read, and with many people looking there are always several that wait. Each still sees one moment,
later than it was asked, and one that fails fails alone.

Reads of an embedded database go one after another, except past one that takes long: it is read in
this very process, and threads that read at once take the interpreter from each other at every row.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Engine

from madang.errors import MadangError, UnavailableError
from madang.store.database import plain_errors
from madang.store.tx import Tx

T = TypeVar("T")

MAX_TOGETHER = 8
"""So that a long read makes few others wait with it."""

PATIENCE_S = 0.25
"""How long a read waits for its turn; who has it for longer is passed by all."""

_Asked = tuple[Callable[[Tx], Any], "Future[Any]"]


class Reads:
    """Reads that are asked for, and the threads that do them.

    Parameters
    ----------
    engine
        Each of its transactions sees one moment and changes nothing.
    at_once
        How many transactions are read at the same time, unless they take long.
    """

    def __init__(self, engine: Engine, at_once: int) -> None:
        self._engine, self._at_once = engine, at_once
        self._turns = threading.Semaphore(at_once)
        self._is_held_long = False
        self._waiting: deque[_Asked] = deque()

    def ask(self, threads: Executor, work: Callable[[Tx], T]) -> "Future[T]":
        """Have a read done by one of the threads; RuntimeError when they are closed."""
        future: Future[T] = Future()
        asked = (work, future)
        self._waiting.append(asked)
        try:
            threads.submit(self._serve)
        except RuntimeError:
            future.cancel()
            raise
        return future

    def drop(self) -> None:
        """Let go of what no thread will answer any more."""
        while self._waiting:
            self._waiting.popleft()[1].cancel()

    def _serve(self) -> None:
        has_turn = self._turns.acquire(timeout=0 if self._is_held_long else PATIENCE_S)
        self._is_held_long = not has_turn
        try:
            group = self._take()
            while group:
                group = self._do(group)
        finally:
            if has_turn:
                self._turns.release()

    def _take(self) -> list[_Asked]:
        """Take a share of what waits, for there may be other threads."""
        count = min(MAX_TOGETHER, -(-len(self._waiting) // self._at_once))
        taken: list[_Asked] = []
        # Another thread may be faster.
        with suppress(IndexError):
            while len(taken) < count:
                taken.append(self._waiting.popleft())
        return taken

    def _do(self, group: list[_Asked]) -> list[_Asked]:
        """Answer in one transaction; returns those to begin another for, after a fault."""
        left, is_begun = list(group), False
        try:
            with plain_errors(), self._engine.begin() as connection:
                is_begun, tx = True, Tx(connection, is_fixed=True)
                while left:
                    work, future = left.pop(0)
                    if future.set_running_or_notify_cancel() and not _answer(work, future, tx):
                        # What the database has refused once may be refused for all that follows.
                        break
        except BaseException as error:
            # Where only its end failed, who has an answer keeps it.
            for _, future in () if is_begun else left:
                if future.set_running_or_notify_cancel():
                    future.set_exception(error)
            return left if is_begun else []
        return left


def _answer(work: Callable[[Tx], T], future: "Future[T]", tx: Tx) -> bool:
    """Answer one read; False when the transaction may be of no more use."""
    try:
        with plain_errors():
            result = work(tx)
    except MadangError as error:
        future.set_exception(error)
        return not isinstance(error, UnavailableError)
    except BaseException as error:
        future.set_exception(error)
        return False
    future.set_result(result)
    return True
