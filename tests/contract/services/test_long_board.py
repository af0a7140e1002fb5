"""The list of a very long queue: who looks is shown what is known, and waits for nobody."""

import asyncio
import time
from typing import Any

import pytest

from madang.services import board
from madang.services.board import Board


def waiting(lanes: list[Any]) -> int:
    return sum(len(lane.waiting) + len(lane.running) for lane in lanes)


@pytest.fixture
async def lookers(house: Any, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a board to which two leases are many, and which has been looked at."""
    monkeypatch.setattr(board, "MANY", 1)
    monkeypatch.setattr(board, "FRESH_MS", 1)
    monkeypatch.setattr(board, "SHARE", 0)
    for number in range(2):
        await house.ask("ada", name=f"n{number}")
    made = Board(house.services.core)
    assert waiting(await made.lanes("en")) == 2
    return made


async def until(made: Board, count: int) -> None:
    deadline = time.monotonic() + 10
    while waiting(await made.lanes("en")) != count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_the_next_list_is_made_beside_who_looks(
    house: Any, lookers: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_make, anew = asyncio.Event(), Board._anew

    async def held_up(self: Board, lang: str) -> Any:
        await may_make.wait()
        return await anew(self, lang)

    monkeypatch.setattr(Board, "_anew", held_up)
    await house.ask("bora", name="third")
    await house.turn()
    for _ in range(20):
        assert waiting(await asyncio.wait_for(lookers.lanes("en"), 10)) == 2
        await asyncio.sleep(0)
    may_make.set()
    await until(lookers, 3)


async def test_what_is_too_old_is_shown_to_nobody(
    house: Any, lookers: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "LATEST_S", 0.0)
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
