"""The list of a very long queue: who looks is shown what is known, and waits for nobody."""

import asyncio
import time
from typing import Any

import pytest

from madang.services import board, once, pool
from madang.services.board import Board


def waiting(lanes: list[Any]) -> int:
    return sum(len(lane.waiting) + len(lane.running) for lane in lanes)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return what holds up the next list while it is not set."""
    may_make, anew = asyncio.Event(), Board._anew
    may_make.set()

    async def held_up(self: Board, lang: str) -> Any:
        await may_make.wait()
        return await anew(self, lang)

    monkeypatch.setattr(Board, "_anew", held_up)
    return may_make


@pytest.fixture
async def lookers(house: Any, gate: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a board to which two leases are many, and which has been looked at."""
    monkeypatch.setattr(board, "MANY", 1)
    monkeypatch.setattr(board, "FRESH_MS", 1)
    monkeypatch.setattr(once, "FRESH_S", 0.0)
    monkeypatch.setattr(once, "SHARE", 0)
    for number in range(2):
        await house.ask("ada", name=f"n{number}")
    made = Board(house.services.core)
    for _ in range(2):
        assert waiting(await made.lanes("en")) == 2
    return made


async def until(made: Board, count: int) -> None:
    deadline = time.monotonic() + 10
    while waiting(await made.lanes("en")) != count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_the_next_list_is_made_beside_who_looks(
    house: Any, lookers: Board, gate: asyncio.Event
) -> None:
    gate.clear()
    await house.ask("bora", name="third")
    await house.turn()
    for _ in range(20):
        assert waiting(await asyncio.wait_for(lookers.lanes("en"), 10)) == 2
        await asyncio.sleep(0)
    gate.set()
    await until(lookers, 3)


async def test_what_is_too_old_is_shown_to_nobody(
    house: Any, lookers: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "LATEST_S", 0.0)
    await house.ask("bora", name="third")
    await house.turn()
    assert waiting(await lookers.lanes("en")) == 3


async def test_a_list_that_could_not_be_made_is_made_by_the_next(
    house: Any, lookers: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, faults = Board._make, iter([OSError("the disk is away")])

    def faulty(self: Board, *given: Any) -> Any:
        for fault in faults:
            raise fault
        return make(self, *given)

    monkeypatch.setattr(Board, "_make", faulty)
    await house.ask("bora", name="third")
    await house.turn()
    await until(lookers, 3)


async def test_the_numbers_of_a_long_queue_are_those_of_a_moment_ago(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "MANY", 0)
    monkeypatch.setattr(once, "FRESH_S", 0.0)
    monkeypatch.setattr(once, "SHARE", 0)
    ada, looks = await house.actor("ada"), house.services.pool
    await house.ask("ada", name="first")
    for _ in range(2):
        assert (await looks.pool(ada))["waiting"] == 1
    await house.ask("bora", name="second")
    assert (await looks.pool(ada))["waiting"] == 1
    deadline = time.monotonic() + 10
    while (await looks.pool(ada))["waiting"] != 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
