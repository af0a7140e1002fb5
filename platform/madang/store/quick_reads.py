"""Short reads of an embedded database, done by the event loop itself, many in one transaction.

Used by :class:`madang.store.store.Store`. The database is in this very process, and a read of a few
rows takes a millisecond or two of the interpreter. In a thread it takes longer, and so does the
loop: both let go of the interpreter at every row, and wait for each other. What takes long is read
by threads: so is everything that took more than :data:`SHORT_S` twice in a row (once may be another
process's doing), for a while at least, and until a thread needed less for it.

Nothing waits here for a lock: what cannot be read at once is left to the threads as well.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from types import CodeType
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from madang.errors import MadangError, UnavailableError
from madang.store.database import plain_errors
from madang.store.reads import MAX_TOGETHER
from madang.store.tx import Tx

T = TypeVar("T")
Work = Callable[[Tx], Any]

SHORT_S = 0.02
"""The loop may be held up for so long by one read, unless nobody knows yet how long it takes."""

FAR_TOO_LONG_S = 0.1
"""This says enough the first time."""

AGAIN_S = 10.0
"""What took longer is left to threads for so long before it may be tried here again."""


class QuickReads:
    """Reads on the event loop that asks first.

    Parameters
    ----------
    engine
        Its transactions see one moment, change nothing and wait for nobody.
    elsewhere
        Lets a thread read; called for whatever should not, or cannot, be read here.
    """

    def __init__(self, engine: Engine, elsewhere: Callable[[Work], "Future[Any]"]) -> None:
        self._engine, self._elsewhere = engine, elsewhere
        self._long: dict[CodeType | None, float] = {}
        self._late: set[CodeType] = set()
        self._asked: deque[tuple[Work, asyncio.Future[Any]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def reading(self, work: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Run ``work`` over one moment of the database."""
        code = getattr(work, "__code__", None)
        if code is None or code in self._long or not self._is_here():
            return asyncio.wrap_future(self._in_thread(work, code))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._asked.append((work, future))
        if len(self._asked) == 1:
            loop.call_soon(self._serve)
        return future

    def close(self) -> None:
        """Read nothing here any more."""
        self._is_closed = True
        self._engine.dispose()

    def _is_here(self) -> bool:
        """Tell whether the caller's loop is the one that reads."""
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop.is_closed():
            self._loop = loop
            self._asked.clear()
        return self._loop is loop and not self._is_closed

    def _in_thread(self, work: Callable[[Tx], T], code: CodeType | None) -> "Future[T]":
        def timed(tx: Tx) -> T:
            # Of the processor: beside a busy loop a thread waits more than it works.
            began = time.thread_time()
            try:
                return work(tx)
            finally:
                is_short = time.thread_time() - began < SHORT_S
                was_long_s = time.monotonic() - self._long.get(code, math.inf)
                if is_short and was_long_s > AGAIN_S:
                    self._long.pop(code, None)

        return self._elsewhere(timed)

    def _serve(self) -> None:
        """Answer some of what was asked, and give the loop its turn before the rest."""
        group = [self._asked.popleft() for _ in range(min(MAX_TOGETHER, len(self._asked)))]
        left = deque((work, future) for work, future in group if not future.done())
        try:
            with ExitStack() as stack:
                if left and not self._is_closed:
                    stack.enter_context(plain_errors())
                    connection = stack.enter_context(self._engine.begin())
                    tx = Tx(connection, is_fixed=True)
                    while left and self._answer(tx, *left[0]):
                        left.popleft()
        except MadangError:
            # The threads find out what it is, or wait until it is over.
            pass
        finally:
            for work, future in left:
                self._leave(work, future)
            if self._asked:
                cast(asyncio.AbstractEventLoop, self._loop).call_soon(self._serve)

    def _answer(self, tx: Tx, work: Work, future: asyncio.Future[Any]) -> bool:
        """Answer one read; False when the transaction is of no more use."""
        began = time.monotonic()
        try:
            with plain_errors():
                result = work(tx)
        except UnavailableError:
            return False
        except Exception as error:
            future.set_exception(error)
            return True
        future.set_result(result)
        self._judge(work.__code__, time.monotonic() - began)
        return True

    def _judge(self, code: CodeType, took_s: float) -> None:
        """Decide whether this one is to be read here the next time."""
        if took_s <= SHORT_S:
            self._late.discard(code)
        elif took_s <= FAR_TOO_LONG_S and code not in self._late:
            self._late.add(code)
        else:
            self._late.discard(code)
            self._long[code] = time.monotonic()

    def _leave(self, work: Work, future: asyncio.Future[Any]) -> None:
        """Let a thread answer what was asked here."""
        if future.done():
            return
        try:
            asking = asyncio.wrap_future(self._elsewhere(work), loop=self._loop)
        except MadangError as refused:
            future.set_exception(refused)
            return
        asking.add_done_callback(lambda done: _hand_over(done, future))


def _hand_over(done: "asyncio.Future[Any]", future: "asyncio.Future[Any]") -> None:
    error = None if done.cancelled() else done.exception()
    if future.done():
        return
    if done.cancelled():
        future.cancel()
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(done.result())
