"""Reads that wait together share a transaction, and none pays for another's fault."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from madang.errors import MadangError, NotFoundError
from madang.store import Store, Tx
from madang.store.reads import PATIENCE_S
from madang.store.store import READERS

DEADLINE_S = 20


@contextmanager
def _busy(store: Store) -> Iterator[None]:
    """Keep every reader thread inside a read."""
    inside, go = threading.Barrier(READERS + 1), threading.Event()

    def sit(_: Tx) -> None:
        inside.wait(DEADLINE_S)
        assert go.wait(DEADLINE_S)

    # One after the other, so that no thread takes two.
    sitting: list[Future[None]] = []
    for _ in range(READERS):
        sitting.append(store._read(sit))
        while store._reads._waiting:
            threading.Event().wait(0.001)
    inside.wait(DEADLINE_S)
    try:
        yield
    finally:
        go.set()
        for one in sitting:
            one.result(DEADLINE_S)


@pytest.fixture
def begun(store: Store) -> list[Any]:
    """Count the transactions of readers."""
    seen: list[Any] = []
    event.listen(store._reading, "begin", lambda connection: seen.append(connection))
    return seen


def _missing(_: Tx) -> None:
    raise NotFoundError("lease_unknown", given="x")


def _broken(tx: Tx) -> None:
    tx.connection.execute(text("SELECT nothing FROM nowhere"))


def _clumsy(_: Tx) -> None:
    raise ZeroDivisionError


def test_each_gets_its_own_answer_or_fault(store: Store, begun: list[Any]) -> None:
    store.write_now(lambda tx: tx.meta.set("a", 1))
    begun.clear()
    works = [lambda tx, n=n: (n, tx.meta.get("a")) for n in range(20)]
    with _busy(store):
        answers = [store._read(work) for work in works[:10]]
        faults = [store._read(work) for work in (_missing, _broken, _clumsy)]
        answers += [store._read(work) for work in works[10:]]
    assert [one.result(DEADLINE_S) for one in answers] == [(n, 1) for n in range(20)]
    for fault, kind in zip(faults, (NotFoundError, Exception, ZeroDivisionError), strict=True):
        with pytest.raises(kind) as told:
            fault.result(DEADLINE_S)
        assert isinstance(told.value, MadangError) == (kind is NotFoundError)
    assert len(begun) - READERS < len(works) // 2


def test_short_reads_of_an_embedded_database_take_turns(store: Store) -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    def look(_: Tx) -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.001)
        with lock:
            inside -= 1

    for one in [store._read(look) for _ in range(60)]:
        one.result(DEADLINE_S)
    assert most == (1 if store._file is not None else READERS)


def test_a_long_read_is_passed_by_all_after_one_wait(store: Store) -> None:
    inside, go = threading.Event(), threading.Event()

    def sit(_: Tx) -> None:
        inside.set()
        assert go.wait(DEADLINE_S)

    sitting = store._read(sit)
    assert inside.wait(DEADLINE_S)
    began = time.monotonic()
    try:
        for _ in range(40):
            store._read(lambda tx: tx.meta.get("a")).result(DEADLINE_S)
    finally:
        go.set()
    # Forty waits would take twice as long.
    assert time.monotonic() - began < 20 * PATIENCE_S
    sitting.result(DEADLINE_S)


def test_a_read_sees_what_was_written_before_it_was_asked(store: Store) -> None:
    with _busy(store):
        before = store._read(lambda tx: tx.meta.get("n"))
        for number in range(5):
            store.write_now(lambda tx, n=number: tx.meta.set("n", n))
            later = store._read(lambda tx: tx.meta.get("n"))
    assert later.result(DEADLINE_S) == 4
    assert before.result(DEADLINE_S) == 4


def test_who_waits_at_the_end_is_not_left_waiting(store: Store) -> None:
    with _busy(store):
        waiting = [store._read(lambda tx: tx.meta.get("n")) for _ in range(30)]
        closing = threading.Thread(target=store.close)
        closing.start()
    closing.join(DEADLINE_S)
    assert not closing.is_alive()
    for one in waiting:
        try:
            assert one.result(DEADLINE_S) is None
        except CancelledError:
            assert one.cancelled()
