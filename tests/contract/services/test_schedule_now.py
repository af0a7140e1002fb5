"""A schedule asked for now: one sweep at once, its times as before, and nothing twice."""

import asyncio
from typing import Any

import pytest
from test_schedules import HOUR_MS, added, seen, to_due

from madang.errors import ConflictError, NotFoundError, RefusedError
from madang.services.requests import Actor
from madang.store import Tx

GRID = {"x": [1, 2]}


async def run_now(house: Any, view: dict[str, Any], who: str = "ada", **more: Any) -> str:
    found = await house.services.schedules.run(await house.actor(who), view["id"], **more)
    return str(found["last_id"])


async def sweeps_of(house: Any, who: str = "ada") -> list[str]:
    return [one["id"] for one in await house.services.sweeps.list(await house.actor(who))]


def notes(house: Any) -> list[tuple[str, str, Any]]:
    """Return who ran which schedule at once, as the trail has it."""

    def work(tx: Tx) -> list[Any]:
        return tx.audit.find(act="schedule.run")

    found = house.services.core.store.read_now(work)
    return [(row["person"], row["target"], row["details"]) for row in found]


async def test_it_is_one_sweep_at_once_and_the_next_times_stay(house: Any) -> None:
    view = await added(house, grid=GRID)
    made = await run_now(house, view)
    found = await seen(house, view)
    assert await sweeps_of(house) == [made]
    assert (found["last_id"], found["last_state"]) == (made, "queued")
    assert (found["next_ms"], found["paused_for"]) == (view["next_ms"], "")
    await house.services.sweeps.cancel(await house.actor("ada"), made)
    to_due(house, view)
    await house.turn(2)
    later = await seen(house, view)
    assert later["last_id"] not in ("", made)
    assert later["next_ms"][0] == view["next_ms"][0] + HOUR_MS
    assert len(await sweeps_of(house)) == 2


async def test_it_is_audited_with_what_it_made(house: Any) -> None:
    view = await added(house, grid=GRID)
    made = await run_now(house, view)
    ada = await house.actor("ada")
    assert notes(house) == [(ada.person.id, view["id"], {"made": made})]


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("keys", [(None, None), ("a", "b"), ("a", "a")])
async def test_two_clicks_make_one(house: Any, overlap: bool, keys: tuple[str, str]) -> None:
    view = await added(house, grid=GRID, is_overlapping=overlap)
    at_once = await asyncio.gather(*(run_now(house, view, key=key) for key in keys))
    house.engine.advance(4_000)
    later = await run_now(house, view)
    assert {*at_once, later} == {*await sweeps_of(house)}
    assert len({*at_once, later}) == len(notes(house)) == 1


async def test_a_lost_answer_is_given_again_long_after(house: Any) -> None:
    view = await added(house, grid=GRID, is_overlapping=True)
    made = await run_now(house, view, key="k")
    house.engine.advance(60_000)
    await house.restart()
    assert await run_now(house, view, key="k") == made
    assert await sweeps_of(house) == [made]
    other = await run_now(house, view, key="l")
    assert other != made
    with pytest.raises(ConflictError, match="key_reused"):
        await run_now(house, await added(house, grid=GRID, name="b"), key="k")


async def test_it_waits_for_the_one_before_unless_it_may_overlap(house: Any) -> None:
    view = await added(house, grid=GRID)
    made = await run_now(house, view)
    house.engine.advance(60_000)
    with pytest.raises(ConflictError, match="schedule_still_going") as caught:
        await run_now(house, view)
    assert caught.value.details["last"] == made
    await house.services.sweeps.cancel(await house.actor("ada"), made)
    assert await run_now(house, view) != made


async def test_a_paused_one_runs_and_stays_paused_and_so_does_a_single_run(house: Any) -> None:
    view = await added(house, parameters={"x": 3})
    await house.services.schedules.pause(await house.actor("ada"), view["id"])
    made = await run_now(house, view)
    run = await house.services.runs.get(await house.actor("ada"), made)
    assert (run["name"], run["parameters"]) == ("nightly", {"x": 3})
    found = await seen(house, view)
    assert (found["paused_for"], found["next_ms"]) == ("person", [])
    assert len(notes(house)) == 1


async def test_nobody_runs_the_schedule_of_another(house: Any) -> None:
    view = await added(house, "bora", grid=GRID)
    for who in ("ada", "root"):
        with pytest.raises(RefusedError, match="schedule_not_yours"):
            await run_now(house, view, who)
    with pytest.raises(NotFoundError, match="schedule_unknown"):
        await run_now(house, view, "eve")
    bora: Actor = await house.actor("bora")
    root = await house.actor("root")
    await house.services.projects.remove_member(root, "vision", "bora", reason="moved")
    with pytest.raises((RefusedError, NotFoundError)):
        await house.services.schedules.run(bora, view["id"])
    assert notes(house) == []


async def test_what_is_refused_leaves_nothing_and_may_be_asked_again(house: Any) -> None:
    view = await added(house, grid=GRID, project="poor")
    ada = await house.actor("ada")
    await house.submit("ada", project="poor")  # its slot would take what the budget has left
    with pytest.raises(RefusedError, match="budget_too_small"):
        await run_now(house, view, key="k")
    assert ((await seen(house, view))["last_id"], notes(house)) == ("", [])
    (slot,) = await house.services.leases.list(ada, kind="slot", mine=True)
    await house.services.leases.end(ada, slot["id"])
    assert await run_now(house, view, key="k") in await sweeps_of(house)
