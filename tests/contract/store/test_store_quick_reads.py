"""Short reads of an embedded database on the loop: together, each with its own answer; or not."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from madang.errors import NotFoundError, UnavailableError
from madang.store import Store, Tx
from madang.store.quick_reads import AGAIN_S, FAR_TOO_LONG_S, SHORT_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{path}")
    opened.migrate()
    opened.write_now(lambda tx: tx.meta.set("a", 1))
    yield opened
    opened.close()


@pytest.fixture
def begun(store: Store) -> list[Any]:
    """Count the transactions on the loop."""
    seen: list[Any] = []
    assert store._quick is not None
    event.listen(store._quick._engine, "begin", lambda connection: seen.append(connection))
    return seen


def _where(tx: Tx) -> tuple[int, Any]:
    return threading.get_ident(), tx.meta.get("a")


async def test_reads_of_one_turn_share_transactions_on_the_loop(
    store: Store, begun: list[Any]
) -> None:
    answers = await asyncio.gather(*(store.read(_where) for _ in range(32)))
    assert set(answers) == {(threading.get_ident(), 1)}
    assert len(begun) == 4


async def test_a_fault_is_heard_by_who_asked_and_by_nobody_else(store: Store) -> None:
    def missing(_: Tx) -> None:
        raise NotFoundError("lease_unknown", given="x")

    def clumsy(_: Tx) -> None:
        raise ZeroDivisionError

    wanted = [_where, missing, _where, clumsy, _where]
    told = await asyncio.gather(*(store.read(one) for one in wanted), return_exceptions=True)
    assert [type(one) for one in told] == [tuple, NotFoundError, tuple, ZeroDivisionError, tuple]


async def test_what_takes_long_is_read_by_threads_until_it_is_fast(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, takes_s = [0.0], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def read(_: Tx) -> int:
        now[0] += takes_s[0]
        return threading.get_ident()

    here = threading.get_ident()

    async def where(seconds: float) -> bool:
        takes_s[0] = seconds
        return await store.read(read) == here

    # Late once, as when another process had the processor, is not late.
    late, far_too_late = 2 * SHORT_S, 2 * FAR_TOO_LONG_S
    assert [await where(x) for x in (0, late, 0, late, 0)] == [True] * 5
    assert [await where(x) for x in (late, late, 0)] == [True, True, False]
    now[0] += AGAIN_S + 1
    # This one found out that it needs little; from then on it is read here.
    assert not await where(0)
    assert [await where(x) for x in (0, far_too_late, 0)] == [True, True, False]
    now[0] += AGAIN_S - 1
    assert [await where(0), await where(0)] == [False, False]


async def test_what_needs_much_stays_with_the_threads(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, now = threading.get_ident(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def work(_: Tx) -> int:
        now[0] += 2 * FAR_TOO_LONG_S
        until = time.thread_time() + 2 * SHORT_S
        while time.thread_time() < until:
            pass
        return threading.get_ident()

    assert await store.read(work) == here
    for _ in range(3):
        now[0] += 2 * AGAIN_S
        assert await store.read(work) != here


async def test_a_lock_of_another_process_is_waited_for_elsewhere(store: Store, path: Path) -> None:
    await store.read(_where)
    other = sqlite3.connect(path, isolation_level=None)
    # As a copy tool does it: nobody else may even read.
    store._quick._engine.dispose()  # type: ignore[union-attr]
    store._reading.dispose()
    store._writing.dispose()
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    turns = 0
    asking = asyncio.ensure_future(store.read(_where))
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        await asyncio.sleep(0.01)
        turns += 1
    assert not asking.done()
    assert turns > 20, "the loop waited for the lock"
    other.execute("COMMIT")
    other.close()
    thread, value = await asyncio.wait_for(asking, 20)
    assert (thread != threading.get_ident(), value) == (True, 1)


async def test_who_goes_away_is_forgotten(store: Store) -> None:
    asked = [asyncio.ensure_future(store.read(_where)) for _ in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [tuple, asyncio.CancelledError, tuple]


async def test_a_closed_store_says_so(store: Store) -> None:
    late = asyncio.ensure_future(store.read(_where))
    await asyncio.sleep(0)
    store.close()
    for asking in (late, store.read(_where)):
        with pytest.raises(UnavailableError):
            await asking


def test_another_loop_reads_as_well(store: Store) -> None:
    for _ in range(2):
        thread, value = asyncio.run(store.read(_where))
        assert (thread, value) == (threading.get_ident(), 1)


async def test_a_second_loop_at_the_same_time_reads_by_threads(store: Store) -> None:
    here, _ = await store.read(_where)
    found: list[Any] = []
    second = threading.Thread(target=lambda: found.append(asyncio.run(store.read(_where))))
    second.start()
    await asyncio.to_thread(second.join)
    assert here == threading.get_ident()
    assert found[0][0] not in (here, second.ident)
    assert found[0][1] == 1


async def test_each_sees_what_was_written_before_it_asked(store: Store) -> None:
    for number in range(50):
        await store.write(lambda tx, number=number: tx.meta.set("a", number))
        assert (await store.read(_where))[1] == number
