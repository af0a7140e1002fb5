"""Again with other parameters, the order of one's own work, and results that are there already."""

import json
from typing import Any

import pytest
from test_sweep_life import NOTEBOOK, drained, finish, submitted, workers

from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services.requests import RunRerun, SweepRequest, SweepRerun


async def points(house: Any, sweep: str, person: str = "ada") -> list[dict[str, Any]]:
    page = await house.services.sweeps.rows(await house.actor(person), sweep, limit=1000)
    return [row["parameters"] for row in page["rows"]]


async def succeeded(house: Any, worker: Any) -> str:
    """Let a slot execute its next run with an output; returns the run."""
    task = await house.services.slots.next(worker, 0)
    run: str = task["run"]["id"]
    await house.services.slots.put_output(worker, run, b'{"done": "%s"}' % run.encode())
    await finish(house, worker, run)
    return run


async def all_succeeded(house: Any, count: int) -> list[str]:
    (worker,) = (await workers(house)).values()
    return [await succeeded(house, worker) for _ in range(count)]


async def test_a_sweep_is_repeated_with_some_parameters_changed(house: Any) -> None:
    files = {"a.txt": b"1"}
    old = await submitted(house, grid={"x": [1, 2], "y": [5, 6]}, files=files, max_parallel=1)
    ada = await house.actor("ada")
    sweeps = house.services.sweeps
    new = await sweeps.rerun(ada, old["id"], SweepRerun(grid={"x": [7]}, max_parallel=3), key="k")
    assert (new["origin"], new["runs"], new["max_parallel"]) == (old["id"], 2, 3)
    assert await points(house, new["id"]) == [{"x": 7, "y": 5}, {"x": 7, "y": 6}]
    again = await sweeps.rerun(ada, old["id"], SweepRerun(grid={"x": [7]}, max_parallel=3), key="k")
    assert again["id"] == new["id"]
    over = await sweeps.rerun(ada, old["id"], SweepRerun(overrides={"y": 0}, name="z"))
    assert (over["name"], over["runs"]) == ("z", 4)
    assert [point["y"] for point in await points(house, over["id"])] == [0] * 4
    for other in (old, over):
        await sweeps.cancel(ada, other["id"])
    (worker, *_) = (await workers(house)).values()
    task = await house.services.slots.next(worker, 0)
    assert (task["files"], task["notebook"]) == (files, NOTEBOOK)
    assert task["run"]["parameters"] == {"x": 7, "y": 5}


async def test_a_rerun_is_planned_first_and_may_take_only_what_failed(house: Any) -> None:
    old = await submitted(house, grid={"x": [1, 2], "y": [5]}, max_parallel=1)
    ada = await house.actor("ada")
    sweeps = house.services.sweeps
    with pytest.raises(ConflictError, match="sweep_nothing_to_retry"):
        await sweeps.plan_rerun(ada, old["id"], SweepRerun(only_failed=True))
    (worker,) = (await workers(house)).values()
    for state in ("succeeded", "failed"):
        task = await house.services.slots.next(worker, 0)
        await finish(house, worker, task["run"]["id"], state)
    offered = {one["name"]: one for one in (await sweeps.offered(ada, old["id"]))["parameters"]}
    assert (offered["x"]["old"], offered["x"]["count"], offered["y"]["old"]) == ("1, 2", 2, "5")
    asked = SweepRerun(typed={"y": "7, 8"}, only_failed=True)
    plan = await sweeps.plan_rerun(ada, old["id"], asked)
    assert (plan["runs"], plan["names"]) == (2, ["y"])
    assert plan["first"] == [{"x": 2, "y": 7}, {"x": 2, "y": 8}]
    made = await sweeps.rerun(ada, old["id"], asked)
    assert await points(house, made["id"]) == plan["first"]
    with pytest.raises(InvalidError, match="grid_range_empty") as caught:
        await sweeps.plan_rerun(ada, old["id"], SweepRerun(typed={"x": "9..0"}))
    assert caught.value.details["parameter"] == "x"
    for act in (sweeps.offered, lambda *a: sweeps.plan_rerun(*a, SweepRerun())):
        with pytest.raises(RefusedError, match="retry_not_yours"):
            await act(await house.actor("root"), old["id"])
        with pytest.raises(NotFoundError):
            await act(await house.actor("eve"), old["id"])


async def test_what_cannot_be_repeated_is_refused(house: Any) -> None:
    old = await submitted(house, "bora", grid={"x": [1, 2]})
    sweeps = house.services.sweeps
    bora = await house.actor("bora")
    with pytest.raises(RefusedError, match="retry_not_yours"):
        await sweeps.rerun(await house.actor("ada"), old["id"], SweepRerun())
    with pytest.raises(NotFoundError, match="sweep_unknown"):
        await sweeps.rerun(await house.actor("chan"), old["id"], SweepRerun())
    for wanted, code in (
        (SweepRerun(overrides={"z": 1}), "parameters_undeclared"),
        (SweepRerun(grid={"x": [1]}, overrides={"x": 1}), "sweep_name_twice"),
        (SweepRerun(grid={"y": range(10_000)}), "sweep_too_many_runs"),
    ):
        with pytest.raises(InvalidError, match=code):
            await sweeps.rerun(bora, old["id"], wanted)
    assert len(await sweeps.list(bora)) == 1


async def test_a_run_is_repeated_with_some_parameters_changed(house: Any) -> None:
    old = await house.submit("bora", notebook=NOTEBOOK, parameters={"x": 1, "y": 2})
    bora = await house.actor("bora")
    runs = house.services.runs
    new = await runs.rerun(bora, old["id"], RunRerun(parameters={"y": 3}), key="k")
    assert (new["origin"], new["parameters"]) == (old["id"], {"x": 1, "y": 3})
    same = await runs.rerun(bora, old["id"], RunRerun(parameters={"y": 3}), key="k")
    assert same["id"] == new["id"]
    with pytest.raises(RefusedError, match="retry_not_yours"):
        await runs.rerun(await house.actor("ada"), old["id"], RunRerun())
    with pytest.raises(InvalidError, match="parameters_undeclared"):
        await runs.rerun(bora, old["id"], RunRerun(parameters={"z": 1}))


async def test_slots_take_the_higher_priority_of_one_person_first(house: Any) -> None:
    first = await house.submit("ada", notebook=NOTEBOOK)
    second = await house.submit("ada", notebook=NOTEBOOK, priority=-1)
    third = await house.submit("ada", notebook=NOTEBOOK, priority=5)
    ada = await house.actor("ada")
    sweep = await submitted(house, max_parallel=1, grid={"x": [1]})
    await house.services.sweeps.prioritize(ada, sweep["id"], 2)
    found = await workers(house)
    worker = next(iter(found.values()))
    order = []
    for _ in range(4):
        task = await house.services.slots.next(worker, 0)
        order.append(task["run"]["sweep"] or task["run"]["id"])
        await finish(house, worker, task["run"]["id"])
    assert order == [third["id"], sweep["id"], first["id"], second["id"]]


async def test_the_first_in_order_is_the_one_a_slot_is_opened_for(house: Any) -> None:
    await house.ask("bora", profile="gpu-4")
    await house.turn(2)
    first = await house.submit("ada")
    second = await house.submit("ada")
    ada = await house.actor("ada")
    await house.services.runs.prioritize(ada, second["id"], 1)
    await house.turn(2)
    views = [await house.services.runs.get(ada, run["id"]) for run in (first, second)]
    assert [bool(view["lease"]) for view in views] == [False, True]
    # Who ends that slot in the queue takes back what it was opened for, and nothing else.
    await house.services.leases.end(ada, views[1]["lease"])
    states = [(await house.services.runs.get(ada, r["id"]))["state"] for r in (first, second)]
    assert states == ["queued", "cancelled"]


async def test_only_what_waits_and_is_ones_own_gets_a_priority(house: Any) -> None:
    sweep = await submitted(house, "bora", max_parallel=1, grid={"x": [1]})
    bora, ada = await house.actor("bora"), await house.actor("ada")
    sweeps, runs = house.services.sweeps, house.services.runs
    with pytest.raises(RefusedError, match="priority_not_yours"):
        await sweeps.prioritize(ada, sweep["id"], 1)
    with pytest.raises(NotFoundError):
        await sweeps.prioritize(await house.actor("chan"), sweep["id"], 1)
    row = (await sweeps.rows(bora, sweep["id"]))["rows"][0]
    with pytest.raises(ConflictError, match="priority_of_sweep"):
        await runs.prioritize(bora, row["id"], 1)
    assert (await sweeps.prioritize(bora, sweep["id"], 1))["priority"] == 1
    own = await house.submit("bora")
    with pytest.raises(RefusedError, match="priority_not_yours"):
        await runs.prioritize(ada, own["id"], 1)
    await runs.cancel(bora, own["id"])
    with pytest.raises(ConflictError, match="priority_too_late"):
        await runs.prioritize(bora, own["id"], 1)
    await sweeps.cancel(bora, sweep["id"])
    await house.turn()
    with pytest.raises(ConflictError, match="sweep_ended"):
        await sweeps.prioritize(bora, sweep["id"], 1)


async def test_what_has_succeeded_already_is_not_executed_again(house: Any) -> None:
    await submitted(house, max_parallel=1, grid={"x": [0, 1]})
    done = await all_succeeded(house, 2)
    ada = await house.actor("ada")
    asked = {"project": "vision", "notebook": NOTEBOOK, "limit_ms": 600_000}
    request = SweepRequest(**asked, grid={"x": [0, 1, 2]}, is_reusing=True)
    plan = await house.services.sweeps.plan(ada, request)
    assert (plan["runs"], plan["reused"], plan["at_most_device_ms"]) == (3, 2, 600_000)
    new = await house.services.sweeps.submit(ada, request)
    assert (new["reused"], new["counts"]["succeeded"], new["counts"]["queued"]) == (2, 2, 1)
    assert new["charged_microcredits"] == 0
    rows = (await house.services.sweeps.rows(ada, new["id"]))["rows"]
    assert [row["reused_from"] for row in rows] == [*done, ""]
    assert [row["charged_microcredits"] for row in rows] == [0] * 3
    output = await house.services.runs.output(ada, rows[0]["id"])
    assert output == await house.services.runs.output(ada, done[0])
    assert sorted(await drained(house, new["id"])) == [2]
    # Nothing is taken over where nobody asked, nor from what was only taken over.
    other = await submitted(house, grid={"x": [0]})
    assert other["counts"]["queued"] == 1
    await house.services.sweeps.cancel(ada, other["id"])
    again = await house.services.sweeps.submit(ada, request)
    rows = (await house.services.sweeps.rows(ada, again["id"]))["rows"]
    assert [row["reused_from"] for row in rows[:2]] == done
    whole = SweepRequest(**asked, grid={"x": [0, 1]}, is_reusing=True)
    ended = await house.services.sweeps.submit(ada, whole)
    assert (ended["state"], ended["ended_ms"] is not None) == ("succeeded", True)
    run = await house.submit("ada", notebook=NOTEBOOK, parameters={"x": 1}, is_reusing=True)
    assert (run["state"], run["reused_from"]) == ("succeeded", done[1])
    kept = await house.services.runs.rerun(
        ada, run["id"], RunRerun(parameters={"x": 0}, is_reusing=True)
    )
    assert kept["reused_from"] == done[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"parameters": {"x": 1.0}},
        {"files": {"a.txt": b"2"}},
        {"notebook": NOTEBOOK + b"\n"},
        {"project": "poor"},
    ],
)
async def test_another_notebook_file_value_or_project_is_executed(
    house: Any, changed: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"notebook": NOTEBOOK, "parameters": {"x": 1}, "limit_ms": 60_000}
    await house.submit("ada", **asked, files={"a.txt": b"1"})
    await all_succeeded(house, 1)
    same = {**asked, "files": {"a.txt": b"1"}, "is_reusing": True}
    assert (await house.submit("ada", **same))["state"] == "succeeded"
    assert (await house.submit("ada", **{**same, **changed}))["state"] == "queued"


async def test_only_what_one_may_see_is_taken_over(house: Any) -> None:
    await house.submit("ada", notebook=NOTEBOOK)
    (lease,) = await workers(house)
    secret = await succeeded(house, await house.slot_worker(lease))
    mine = await house.submit("bora", notebook=NOTEBOOK, is_reusing=True)
    assert (mine["state"], mine["reused_from"]) == ("queued", "")
    # The owner of the project sees the results of its members.
    await house.services.leases.end(await house.actor("ada"), lease)
    await house.turn(8)
    found = await house.services.leases.list(await house.actor("bora"), kind="slot", mine=True)
    slot = next(x["id"] for x in found if x["state"] == "active")
    theirs = await succeeded(house, await house.slot_worker(slot))
    seen = await house.submit("ada", notebook=NOTEBOOK, is_reusing=True)
    assert seen["reused_from"] in (secret, theirs)
    await house.submit("bora", notebook=NOTEBOOK, parameters={"x": 9})
    only = await succeeded(house, await house.slot_worker(slot))
    taken = await house.submit("ada", notebook=NOTEBOOK, parameters={"x": 9}, is_reusing=True)
    assert taken["reused_from"] == only


async def lone_worker(house: Any) -> Any:
    (worker,) = (await workers(house)).values()
    return worker


async def test_what_waits_for_others_asks_for_no_slot_until_they_have_succeeded(house: Any) -> None:
    ada = await house.actor("ada")
    runs, sweeps = house.services.runs, house.services.sweeps
    first = await house.submit("ada", name="prepare")
    grid = {"x": [1]}
    second = await submitted(house, grid=grid, max_parallel=1, after=(first["id"], first["id"]))
    third = await house.submit("ada", after=(second["id"],), priority=10)
    wanted = [{"id": first["id"], "name": "prepare", "state": "queued"}]
    assert (second["after"], third["after"][0]["id"]) == (wanted, second["id"])
    worker = await lone_worker(house)
    order = []
    for _ in range(3):
        task = await house.services.slots.next(worker, 0)
        # The only one there is: nothing is handed out before its turn.
        order.append(task["run"]["sweep"] or task["run"]["id"])
        await house.turn()
        slots = await house.services.leases.list(ada, kind="slot", mine=True)
        assert sum(lease["state"] != "ended" for lease in slots) == 1
        await finish(house, worker, task["run"]["id"])
        await house.turn(2)
    assert order == [first["id"], second["id"], third["id"]]
    assert (await sweeps.get(ada, second["id"]))["after"] == []
    assert (await runs.get(ada, third["id"]))["state"] == "succeeded"
    # What has succeeded already holds nothing up.
    assert (await house.submit("ada", after=(first["id"],)))["after"] == []


@pytest.mark.parametrize("end", ["failed", "cancelled", "expired"])
async def test_what_waits_in_vain_is_cancelled_and_says_why(house: Any, end: str) -> None:
    ada = await house.actor("ada")
    first = await house.submit("ada")
    second = await submitted(house, after=(first["id"],))
    third = await house.submit("ada", after=(second["id"],))
    worker = await lone_worker(house)
    task = await house.services.slots.next(worker, 0)
    await finish(house, worker, task["run"]["id"], end)
    await house.turn(4)
    sweep = await house.services.sweeps.get(ada, second["id"])
    run = await house.services.runs.get(ada, third["id"])
    assert (sweep["state"], run["state"], run["reason"]) == (
        *("cancelled", "cancelled", "after_failed"),
    )
    assert "has not succeeded" in run["reason_text"]
    row = (await house.services.sweeps.rows(ada, second["id"]))["rows"][0]
    assert row["reason"] == "after_failed"
    told = (await house.services.notices.get(ada))["recent"]
    told = {row["path"][1]: row["body"] for row in told if "before it began" in row["subject"]}
    assert set(told) == {second["id"], third["id"]}
    assert f"'{first['name']}'" in told[second["id"]]
    assert f"'{second['name']}'" in told[third["id"]]
    with pytest.raises(ConflictError, match="after_failed"):
        await house.submit("ada", after=(first["id"],))
    # Its person may let it go on nevertheless.
    again = await house.services.sweeps.retry(ada, second["id"], with_cancelled=True)
    assert (again["counts"]["queued"], again["after"]) == (6, [])


async def test_only_work_of_the_project_that_one_may_see_is_waited_for(house: Any) -> None:
    secret = await house.submit("ada")
    with pytest.raises(NotFoundError, match="run_unknown"):
        await house.submit("bora", after=(secret["id"],))
    other = await house.submit("ada", project="poor", limit_ms=60_000)
    with pytest.raises(InvalidError, match="after_elsewhere"):
        await submitted(house, after=(other["id"],))
    with pytest.raises(InvalidError, match="after_too_many"):
        await house.submit("ada", after=tuple(f"run-{n}" for n in range(21)))
    with pytest.raises(NotFoundError, match="sweep_unknown"):
        await house.submit("ada", after=("sweep-none",))


async def test_a_kill_forgets_nobody_who_waits(house: Any) -> None:
    first = await house.submit("ada")
    await house.submit("ada", after=(first["id"],))
    worker = await lone_worker(house)
    await house.restart()
    assert (await house.services.slots.next(worker, 0))["run"]["id"] == first["id"]
    await house.turn(3)
    await finish(house, worker, first["id"])
    await house.restart()
    await house.turn(2)
    assert (await house.services.slots.next(worker, 0)) is not None


async def test_what_the_cell_states_is_held_to_by_the_service_as_well(house: Any) -> None:
    cell = b'"source": "x: int\\ny: list = []"'
    stated = NOTEBOOK.replace(b'"source": "x = 1\\ny = 2"', cell)
    assert cell in stated
    bora = await house.actor("bora")
    runs, sweeps = house.services.runs, house.services.sweeps
    for given, code in (({"x": "1"}, "type_wrong"), ({"y": []}, "missing")):
        with pytest.raises(InvalidError, match=f"parameter_{code}"):
            await house.submit("bora", notebook=stated, parameters=given)
        with pytest.raises(InvalidError, match=f"parameter_{code}"):
            await submitted(house, "bora", notebook=stated, grid={}, table=json.dumps([given]))
    assert (await runs.list(bora), await sweeps.list(bora)) == ([], [])
    run = await house.submit("bora", notebook=stated, parameters={"x": 1})
    with pytest.raises(InvalidError, match="parameter_type_wrong"):
        await runs.rerun(bora, run["id"], RunRerun(parameters={"y": 1}))
    sweep = await submitted(house, "bora", notebook=stated, grid={"x": [1, 2]})
    for wrong in (SweepRerun(overrides={"y": 1}), SweepRerun(typed={"x": "a"})):
        with pytest.raises(InvalidError, match="parameter_type_wrong"):
            await sweeps.plan_rerun(bora, sweep["id"], wrong)
