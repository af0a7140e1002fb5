"""Slots that work on several runs of a sweep at the same time."""

import json
from typing import Any

import pytest

from madang.domain.lease import EndReason
from madang.errors import InvalidError
from madang.services.requests import SweepRequest, SweepRerun

NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "id": "a",
                "cell_type": "code",
                "metadata": {"tags": ["parameters"]},
                "source": "x = 1",
                "outputs": [],
                "execution_count": None,
            }
        ],
    }
).encode()


def asked(count: int, lanes: int = 3, **wanted: Any) -> SweepRequest:
    more = {"max_parallel": 2, "limit_ms": 600_000, **wanted}
    grid = {"x": list(range(count))}
    return SweepRequest(
        project="vision", name="s", notebook=NOTEBOOK, grid=grid, runs_per_device=lanes, **more
    )


async def submitted(house: Any, count: int, lanes: int = 3, **wanted: Any) -> dict[str, Any]:
    request = asked(count, lanes, **wanted)
    view: dict[str, Any] = await house.services.sweeps.submit(await house.actor("ada"), request)
    return view


async def workers(house: Any) -> dict[str, Any]:
    """Let slots start; returns the worker of each."""
    await house.turn(3)
    found = await house.services.leases.list(await house.actor("ada"), kind="slot", mine=True)
    return {
        lease["id"]: await house.slot_worker(lease["id"])
        for lease in found
        if lease["state"] == "active"
    }


async def taken(house: Any, worker: Any, lane: int) -> dict[str, Any] | None:
    task = await house.services.slots.next(worker, 0, lane=lane)
    if task is None:
        return None
    run: dict[str, Any] = task["run"]
    return run


async def given(house: Any, worker: Any, lane: int) -> dict[str, Any]:
    run = await taken(house, worker, lane)
    assert run is not None
    return run


async def finish(house: Any, worker: Any, run: str) -> None:
    await house.services.slots.finish(worker, run, {"state": "succeeded"})


async def test_lanes_take_runs_each_and_none_twice(house: Any) -> None:
    sweep = await submitted(house, 7)
    found = await workers(house)
    assert len(found) == 2  # two slots of three lanes, and no third though seven wait
    first, second = found.values()
    runs = [await given(house, first, lane) for lane in range(3)]
    assert [run["parameters"]["x"] for run in runs] == [0, 1, 2]
    task = await house.services.slots.next(first, 0, lane=1)
    assert task["lanes"] == 3
    # A repeated question of a lane has the same answer, and a lane too many has none.
    assert [(await given(house, first, lane))["id"] for lane in range(3)] == [r["id"] for r in runs]
    assert await taken(house, first, 3) is None
    others = [await given(house, second, lane) for lane in (2, 0, 1)]
    assert [run["parameters"]["x"] for run in others] == [3, 4, 5]
    await finish(house, first, runs[1]["id"])
    assert (await given(house, first, 1))["parameters"] == {"x": 6}
    assert await taken(house, first, 2) != await taken(house, first, 0)
    view = await house.services.sweeps.get(await house.actor("ada"), sweep["id"])
    assert (view["runs_per_device"], view["counts"]["running"]) == (3, 6)


async def test_a_slot_that_names_no_lane_works_on_one_run_at_a_time(house: Any) -> None:
    await submitted(house, 3, max_parallel=1)
    (worker,) = (await workers(house)).values()
    first = await house.services.slots.next(worker, 0)
    assert (await house.services.slots.next(worker, 0))["run"]["id"] == first["run"]["id"]
    await finish(house, worker, first["run"]["id"])
    again = await house.services.slots.next(worker, 0)
    assert again["run"]["parameters"] == {"x": 1}


@pytest.mark.parametrize(
    ("count", "lanes", "most", "slots"), [(3, 3, 4, 1), (4, 3, 4, 2), (12, 3, 2, 2), (2, 1, 4, 2)]
)
async def test_no_more_slots_are_opened_than_the_runs_need(
    house: Any, count: int, lanes: int, most: int, slots: int
) -> None:
    await submitted(house, count, lanes, max_parallel=most)
    assert len(await workers(house)) == slots
    await house.turn(3)
    assert len(await workers(house)) == slots


async def test_a_lost_slot_gives_all_its_runs_back(house: Any) -> None:
    sweep = await submitted(house, 3, max_parallel=1)
    ((lease, worker),) = (await workers(house)).items()
    runs = [await given(house, worker, lane) for lane in range(3)]
    house.engine.vanish(lease)
    await house.turn(12)
    view = await house.lease(lease)
    assert view["reason"] == EndReason.LOST
    ((other, worker),) = (await workers(house)).items()
    assert other != lease
    again = [await given(house, worker, lane) for lane in range(3)]
    assert [run["id"] for run in again] == [run["id"] for run in runs]
    assert [run["attempt"] for run in again] == [2, 2, 2]
    for run in again:
        await finish(house, worker, run["id"])
    await house.turn(2)
    view = await house.services.sweeps.get(await house.actor("ada"), sweep["id"])
    assert view["state"] == "succeeded"


async def test_one_cancelled_run_ends_alone(house: Any) -> None:
    await submitted(house, 3, max_parallel=1)
    (worker,) = (await workers(house)).values()
    runs = [await given(house, worker, lane) for lane in range(3)]
    await house.services.runs.cancel(await house.actor("ada"), runs[1]["id"])
    stops = [await house.services.slots.progress(worker, run["id"], {}) for run in runs]
    assert [stop["stop"] for stop in stops] == [False, True, False]


async def test_a_run_of_its_own_waits_until_the_slot_is_empty_and_not_for_the_sweep(
    house: Any,
) -> None:
    await submitted(house, 9, max_parallel=1)
    (worker,) = (await workers(house)).values()
    runs = [await given(house, worker, lane) for lane in range(3)]
    own = await house.submit("ada", flavor="sim-h200")
    await finish(house, worker, runs[0]["id"])
    assert await taken(house, worker, 0) is None
    await finish(house, worker, runs[1]["id"])
    assert await taken(house, worker, 1) is None
    await finish(house, worker, runs[2]["id"])
    assert (await given(house, worker, 2))["id"] == own["id"]
    assert await taken(house, worker, 0) is None  # a run of its own shares nothing
    await finish(house, worker, own["id"])
    assert (await given(house, worker, 0))["parameters"] == {"x": 3}


async def test_runs_share_one_device_and_no_more(house: Any) -> None:
    ada = await house.actor("ada")
    with pytest.raises(InvalidError, match="sharing_one_device"):
        await house.services.sweeps.plan(ada, asked(4, devices=2))
    with pytest.raises(InvalidError, match="sharing_one_device"):
        await submitted(house, 4, devices=2)
    plain = await submitted(house, 2, lanes=1, devices=2)
    with pytest.raises(InvalidError, match="sharing_one_device"):
        await house.services.sweeps.rerun(ada, plain["id"], SweepRerun(runs_per_device=2))


async def test_a_sweep_of_processors_has_lanes_too_and_a_rerun_keeps_them(house: Any) -> None:
    sweep = await submitted(house, 4, flavor="cpu", devices=0)
    (worker, _) = (await workers(house)).values()
    assert [(await given(house, worker, lane))["parameters"]["x"] for lane in (0, 1)] == [0, 1]
    ada = await house.actor("ada")
    again = await house.services.sweeps.rerun(ada, sweep["id"], SweepRerun())
    assert again["runs_per_device"] == 3
    other = await house.services.sweeps.rerun(ada, sweep["id"], SweepRerun(runs_per_device=1))
    assert other["runs_per_device"] == 1


async def test_shared_time_is_paid_once_and_runs_show_their_part(house: Any) -> None:
    sweep = await submitted(house, 3, max_parallel=1)
    ((lease, worker),) = (await workers(house)).items()
    runs = [await given(house, worker, lane) for lane in range(2)]
    house.engine.advance(30_000)
    runs.append(await given(house, worker, 2))
    house.engine.advance(30_000)
    for run in runs:
        await finish(house, worker, run["id"])
        house.engine.advance(3_000)
    await house.turn(30)
    ada = await house.actor("ada")
    view = await house.services.sweeps.get(ada, sweep["id"])
    assert view["held_device_ms"] == 66_000
    found = [await house.services.runs.get(ada, run["id"]) for run in runs]
    assert [run["held_device_ms"] for run in found] == [20_000, 21_000, 12_000]
    shown = sum(run["charged_microcredits"] for run in found)
    paid = (await house.lease(lease))["charged_microcredits"]
    assert 0 < shown <= view["charged_microcredits"] <= paid
    page = await house.services.sweeps.rows(ada, sweep["id"])
    assert sum(row["charged_microcredits"] for row in page["rows"]) == shown


async def test_a_plan_counts_with_shared_devices(house: Any) -> None:
    ada = await house.actor("ada")
    alone = await house.services.sweeps.plan(ada, asked(7, 1))
    shared = await house.services.sweeps.plan(ada, asked(7, 3))
    assert (alone["runs"], shared["runs"], shared["runs_per_device"]) == (7, 7, 3)
    assert alone["at_most_device_ms"] == 7 * 600_000
    assert shared["at_most_device_ms"] == 3 * 600_000
    assert (shared["at_most_microcredits"], alone["at_most_microcredits"]) == (500_000, 1_166_666)


async def test_what_a_pilot_took_is_divided_by_those_that_share(house: Any) -> None:
    ada = await house.actor("ada")
    pilot = await house.services.sweeps.pilot(ada, asked(7, 3))
    (worker,) = (await workers(house)).values()
    await given(house, worker, 0)
    assert await taken(house, worker, 1) is None
    house.engine.advance(10_000)
    await finish(house, worker, pilot["id"])
    plan = await house.services.sweeps.plan(ada, asked(7, 3, pilot=pilot["id"]))
    assert plan["measured_ms"] == 10_000
    assert plan["expected_device_ms"] == 3 * 10_000
    assert plan["expected_ms"] == 2 * 10_000  # two slots, six at a time
