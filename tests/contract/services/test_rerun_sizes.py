"""Again on other devices, for another time, elsewhere; and saves that make no other notebook."""

from typing import Any

import pytest
from test_environments import asked as environment_of
from test_environments import build
from test_planning import all_succeeded
from test_sweep_life import NOTEBOOK, submitted, workers

from madang.errors import InvalidError, NotFoundError, RefusedError
from madang.services.requests import (
    NewSize,
    RunRerun,
    ScheduleCopy,
    SweepRequest,
    SweepRerun,
)

MIN = 60_000


def size_of(view: dict[str, Any]) -> tuple[Any, ...]:
    return (view["flavor"], view["devices"], view["limit_ms"])


async def test_a_sweep_again_takes_another_size_and_is_planned_with_it(house: Any) -> None:
    old = await submitted(house, grid={"x": [1, 2]}, max_parallel=1, devices=1)
    ada, sweeps = await house.actor("ada"), house.services.sweeps
    size = NewSize(devices=2, limit_ms=20 * MIN)
    asked = SweepRerun(max_parallel=3, size=size)
    plan = await sweeps.plan_rerun(ada, old["id"], asked)
    assert size_of(plan) == (old["flavor"], 2, 20 * MIN)
    assert plan["at_most_device_ms"] == 2 * 2 * 20 * MIN
    assert len(await sweeps.list(ada)) == 1
    new = await sweeps.rerun(ada, old["id"], asked, key="k")
    assert (*size_of(new), new["max_parallel"]) == (old["flavor"], 2, 20 * MIN, 3)
    rows = (await sweeps.rows(ada, new["id"]))["rows"]
    run = await house.services.runs.get(ada, rows[0]["id"])
    assert size_of(run) == (old["flavor"], 2, 20 * MIN)
    assert (await sweeps.rerun(ada, old["id"], asked, key="k"))["id"] == new["id"]
    same = await sweeps.rerun(ada, new["id"], SweepRerun())
    assert size_of(same) == size_of(new)


async def test_what_goes_to_processors_needs_no_word_about_devices(house: Any) -> None:
    old = await submitted(house, grid={"x": [1, 2]}, devices=2)
    ada, sweeps = await house.actor("ada"), house.services.sweeps
    new = await sweeps.rerun(ada, old["id"], SweepRerun(size=NewSize(flavor="cpu")))
    assert (new["flavor"], new["devices"]) == ("cpu", 0)
    shared = SweepRerun(runs_per_device=2, size=NewSize(flavor="gpu"))
    back = await sweeps.rerun(ada, new["id"], shared)
    assert (back["flavor"], back["devices"]) == (old["flavor"], 1)
    assert back["runs_per_device"] == 2


@pytest.mark.parametrize(
    ("size", "error", "code"),
    [
        (NewSize(flavor="h900"), InvalidError, "unknown_flavor"),
        (NewSize(flavor="cpu", devices=1), InvalidError, "cpu_has_no_devices"),
        (NewSize(devices=0), InvalidError, "devices_too_few"),
        (NewSize(devices=99), RefusedError, "more_devices_than_pool"),
        (NewSize(limit_ms=99 * 24 * 60 * MIN), RefusedError, "limit_too_long"),
        (NewSize(environment="nowhere"), NotFoundError, "environment_unknown"),
    ],
)
async def test_a_size_that_cannot_be_is_refused_before_and_at_the_submit(
    house: Any, size: NewSize, error: type[Exception], code: str
) -> None:
    ada = await house.actor("ada")
    sweep = await submitted(house, grid={"x": [1, 2]})
    run = await house.submit("ada", notebook=NOTEBOOK)
    services = house.services
    for act in (
        services.sweeps.plan_rerun(ada, sweep["id"], SweepRerun(size=size)),
        services.sweeps.rerun(ada, sweep["id"], SweepRerun(size=size)),
        services.runs.plan_rerun(ada, run["id"], RunRerun(size=size)),
        services.runs.rerun(ada, run["id"], RunRerun(size=size)),
    ):
        with pytest.raises(error, match=code):
            await act
    assert len(await services.sweeps.list(ada)) == 1


async def test_a_run_again_is_planned_first_and_takes_another_size(house: Any) -> None:
    old = await house.submit("bora", notebook=NOTEBOOK, parameters={"x": 1})
    bora, runs = await house.actor("bora"), house.services.runs
    asked = RunRerun(parameters={"y": 3}, size=NewSize(devices=2, limit_ms=5 * MIN))
    plan = await runs.plan_rerun(bora, old["id"], asked)
    assert size_of(plan) == (old["flavor"], 2, 5 * MIN)
    assert (plan["parameters"], plan["is_reused"]) == ({"x": 1, "y": 3}, False)
    assert plan["at_most_device_ms"] == 2 * 5 * MIN
    assert plan["at_most_microcredits"] > 0
    assert len(await runs.list(bora)) == 1
    new = await runs.rerun(bora, old["id"], asked)
    assert (*size_of(new), new["parameters"]) == (old["flavor"], 2, 5 * MIN, {"x": 1, "y": 3})
    with pytest.raises(RefusedError, match="retry_not_yours"):
        await runs.plan_rerun(await house.actor("ada"), old["id"], asked)
    with pytest.raises(NotFoundError):
        await runs.plan_rerun(await house.actor("eve"), old["id"], asked)


async def test_another_environment_and_the_installations_own(house: Any) -> None:
    name = (await build(house, await environment_of(house)))["name"]
    bora, services = await house.actor("bora"), house.services
    sweep = await submitted(house, "bora", grid={"x": [1, 2]})
    run = await house.submit("bora", notebook=NOTEBOOK)
    named, own = NewSize(environment=name), NewSize(environment="")
    inside = await services.sweeps.rerun(bora, sweep["id"], SweepRerun(size=named))
    assert inside["environment"]["name"] == name
    kept = await services.sweeps.rerun(bora, inside["id"], SweepRerun())
    assert kept["environment"]["name"] == name
    rows = (await services.sweeps.rows(bora, kept["id"]))["rows"]
    assert (await services.runs.get(bora, rows[0]["id"]))["environment"]["name"] == name
    out = await services.sweeps.rerun(bora, inside["id"], SweepRerun(size=own))
    assert out["environment"] is None
    inside = await services.runs.rerun(bora, run["id"], RunRerun(size=named))
    assert inside["environment"]["name"] == name
    out = await services.runs.rerun(bora, inside["id"], RunRerun(size=own))
    assert out["environment"] is None


async def test_seconds_between_saves_make_no_other_notebook(house: Any) -> None:
    ada, services = await house.actor("ada"), house.services
    asked = {"project": "vision", "notebook": NOTEBOOK, "limit_ms": 10 * MIN}
    await submitted(house, grid={"x": [0, 1]}, max_parallel=1, checkpoint_after_ms=10_000)
    (worker,) = (await workers(house)).values()
    task = await services.slots.next(worker, 0)
    assert (task["notebook"], task["checkpoint_after_ms"]) == (NOTEBOOK, 10_000)
    await services.slots.put_output(worker, task["run"]["id"], b'{"done": 0}')
    await services.slots.finish(worker, task["run"]["id"], {"state": "succeeded"})
    await all_succeeded(house, 1)
    for after_ms in (0, 10_000, 5_000):
        request = SweepRequest(
            **asked, grid={"x": [0, 1]}, is_reusing=True, checkpoint_after_ms=after_ms
        )
        assert (await services.sweeps.plan(ada, request))["reused"] == 2
        assert (await services.sweeps.submit(ada, request))["reused"] == 2
    run = await house.submit(
        "ada", notebook=NOTEBOOK, parameters={"x": 1}, is_reusing=True, checkpoint_after_ms=7_000
    )
    assert run["state"] == "succeeded"
    plan = await services.runs.plan_rerun(
        ada, run["id"], RunRerun(parameters={"x": 0}, is_reusing=True)
    )
    assert (plan["is_reused"], plan["at_most_microcredits"]) == (True, 0)


async def test_what_is_submitted_again_is_saved_as_often_as_before(house: Any) -> None:
    ada, services = await house.actor("ada"), house.services
    run = await house.submit("ada", notebook=NOTEBOOK, checkpoint_after_ms=9_000)
    await services.runs.rerun(ada, run["id"], RunRerun(parameters={"x": 1}))
    sweep = await submitted(house, grid={"x": [5]}, max_parallel=1, checkpoint_after_ms=9_000)
    await services.sweeps.rerun(ada, sweep["id"], SweepRerun(overrides={"y": 1}))
    daily = await services.schedules.repeat(ada, sweep["id"], ScheduleCopy(cron="* * * * *"))
    house.engine.advance(2 * MIN)
    await house.turn(3)
    assert (await services.schedules.get(ada, daily["id"]))["last_id"]
    worker = next(iter((await workers(house)).values()))
    told = []
    for _ in range(5):
        task = await services.slots.next(worker, 0)
        told.append(task["checkpoint_after_ms"])
        await services.slots.finish(worker, task["run"]["id"], {"state": "succeeded"})
    assert told == [9_000] * 5
