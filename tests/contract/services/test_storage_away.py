"""A storage that goes away just as a slot takes a run: nothing is lost, doubled or held."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from madang.errors import ConflictError, UnavailableError


class Away:
    """The engine's artifacts while nobody answers; a request hangs until it is let go."""

    def __init__(self, kept: Any) -> None:
        self._kept = kept
        self.is_away = True
        self.asked: list[asyncio.Event] = []
        self.hangs = False

    async def _answer(self) -> None:
        if self.hangs:
            self.asked.append(asyncio.Event())
            await self.asked[-1].wait()
        if self.is_away:
            raise UnavailableError("artifacts_away", why="EndpointConnectionError")

    async def get(self, sha256: str) -> bytes:
        await self._answer()
        return bytes(await self._kept.get(sha256))

    async def put(self, data: bytes) -> str:
        await self._answer()
        return str(await self._kept.put(data))

    async def remove(self, sha256: str) -> None:
        await self._answer()
        await self._kept.remove(sha256)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("condition not met in time")


async def slot_of(house: Any, run: dict[str, Any]) -> Any:
    await house.turn(3)
    return await house.slot_worker((await seen(house, run))["lease"])


async def seen(house: Any, run: dict[str, Any]) -> dict[str, Any]:
    view: dict[str, Any] = await house.services.runs.get(await house.actor("ada"), run["id"])
    return view


def go_away(house: Any) -> Away:
    held = house.services.core.artifacts
    held._kept = away = Away(held._kept)
    return away


async def come_back(house: Any, away: Away) -> None:
    away.is_away = False
    await house.turn(1)
    await until(lambda: house.services.core.artifacts.away_since_ms is None)


async def test_a_run_that_cannot_be_handed_over_waits_and_no_slot_is_opened(house: Any) -> None:
    run = await house.submit("ada")
    worker = await slot_of(house, run)
    away = go_away(house)
    with pytest.raises(UnavailableError, match="artifacts_away"):
        await house.services.slots.next(worker, 0)
    view = await seen(house, run)
    assert (view["state"], view["attempt"], view["lease"], view["started_ms"]) == (
        *("queued", 0, ""),
        None,
    )
    assert view["waits_for"]["code"] == "artifacts_away"
    assert await house.services.slots.next(worker, 0) is None  # nothing is tried in vain
    house.engine.advance(11_000)
    with pytest.raises(ConflictError, match="slot_over"):
        await house.services.slots.next(worker, 0)
    await house.turn(8)
    assert (await seen(house, run))["lease"] == ""
    assert (await house.lease(worker.token_lease))["state"] == "ended"
    await come_back(house, away)
    task = await house.services.slots.next(await slot_of(house, run), 0)
    assert task is not None
    assert (task["run"]["id"], task["run"]["attempt"]) == (run["id"], 1)
    assert (await seen(house, run))["waits_for"] is None


async def test_a_late_refusal_takes_nothing_from_a_later_answer(house: Any) -> None:
    """The worker gave up on an answer and asked again; only then does the first one fail."""
    run = await house.submit("ada")
    worker = await slot_of(house, run)
    away = go_away(house)
    away.hangs = True
    first = asyncio.create_task(house.services.slots.next(worker, 0))
    await until(lambda: bool(away.asked))
    away.hangs = away.is_away = False
    task = await house.services.slots.next(worker, 0)
    assert task is not None
    away.is_away = True
    away.asked[0].set()
    with pytest.raises(UnavailableError):
        await first
    view = await seen(house, run)
    assert (view["state"], view["lease"]) == ("running", worker.token_lease)
    mine = await house.services.people.attempt_actor(task["token"], "en")
    assert await house.services.slots.progress(mine, run["id"], {}) == {"stop": False}


async def test_what_was_cancelled_meanwhile_ends_and_does_not_wait(house: Any) -> None:
    run = await house.submit("ada")
    worker = await slot_of(house, run)
    away = go_away(house)
    away.hangs = True
    asking = asyncio.create_task(house.services.slots.next(worker, 0))
    await until(lambda: bool(away.asked))
    await house.services.runs.cancel(await house.actor("ada"), run["id"])
    away.asked[0].set()
    with pytest.raises(UnavailableError):
        await asking
    view = await seen(house, run)
    assert (view["state"], view["waits_for"]) == ("cancelled", None)


async def test_a_run_that_the_slot_had_before_counts_as_tried(house: Any) -> None:
    run = await house.submit("ada")
    worker = await slot_of(house, run)
    assert await house.services.slots.next(worker, 0) is not None
    away = go_away(house)
    with pytest.raises(UnavailableError):  # the answer before was lost
        await house.services.slots.next(worker, 0)
    view = await seen(house, run)
    assert (view["state"], view["attempt"]) == ("queued", 1)
    await come_back(house, away)
    task = await house.services.slots.next(worker, 0)
    assert task is not None
    assert task["run"]["attempt"] == 2
