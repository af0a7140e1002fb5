"""The life of sweeps: submitted whole, taken by several slots, paused, cancelled, tried again."""

import asyncio
import json
import time
from collections.abc import Collection
from itertools import pairwise
from typing import Any

import pytest

from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services.requests import SweepRequest

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
                "source": "x = 1\ny = 2",
                "outputs": [],
                "execution_count": None,
            }
        ],
    }
).encode()


async def submitted(house: Any, person: str = "ada", /, **wanted: Any) -> dict[str, Any]:
    key = wanted.pop("key", None)
    asked = {"project": "vision", "name": "s", "notebook": NOTEBOOK, "limit_ms": 600_000}
    request = SweepRequest(**{**asked, "grid": {"x": list(range(6))}, **wanted})
    view: dict[str, Any] = await house.services.sweeps.submit(
        await house.actor(person), request, key=key
    )
    return view


async def slots(house: Any) -> list[dict[str, Any]]:
    found = await house.services.leases.list(await house.actor("ada"), kind="slot", mine=True)
    return [lease for lease in found if lease["state"] != "ended"]


async def workers(house: Any) -> dict[str, Any]:
    """Let slots start; returns the worker of each."""
    await house.turn(3)
    return {
        lease["id"]: await house.slot_worker(lease["id"])
        for lease in await slots(house)
        if lease["state"] == "active"
    }


async def finish(house: Any, worker: Any, run: str, state: str = "succeeded") -> None:
    await house.services.slots.finish(worker, run, {"state": state})


async def test_who_waits_is_told_of_a_change_and_looks_at_most_twice_a_second(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await submitted(house, grid={"x": [1]})
    await house.turn(3)
    sweeps, ada = house.services.sweeps, await house.actor("ada")
    seen = (await sweeps.get(ada, view["id"]))["version"]
    looks = []
    get = sweeps.get

    async def counted(*given: Any) -> Any:
        looks.append(time.monotonic())
        return await get(*given)

    monkeypatch.setattr(sweeps, "get", counted)
    waiting = asyncio.ensure_future(sweeps.wait(ada, view["id"], seen=seen, timeout_s=60))
    until_s = time.monotonic() + 2.2
    while time.monotonic() < until_s:  # as the runs of another sweep do
        house.services.core.bus.publish("runs")
        await asyncio.sleep(0.02)
    assert not waiting.done()
    assert len(looks) > 2
    assert all(after - before > 0.4 for before, after in pairwise(looks))
    await sweeps.pause(ada, view["id"], is_paused=True)
    assert (await asyncio.wait_for(waiting, 30))["is_paused"]


async def test_what_a_run_recorded_stands_in_its_row_and_unfit_values_do_not(house: Any) -> None:
    view = await submitted(house, grid={"x": [1, 2]})
    worker = next(iter((await workers(house)).values()))
    task = await house.services.slots.next(worker, 0)
    told = {"loss": 0.25, "이름": "가", "nan": float("nan"), "big": "x" * 5_000, "": 1}
    assert task["run"]["recorded"] == {}
    ended = {"state": "failed", "recorded": told}
    run = await house.services.slots.finish(worker, task["run"]["id"], ended)
    assert run["recorded"] == {"loss": 0.25, "이름": "가"}
    ada = await house.actor("ada")
    page = await house.services.sweeps.rows(ada, view["id"])
    assert [row["recorded"] for row in page["rows"]] == [{"loss": 0.25, "이름": "가"}, {}]
    again = await house.services.sweeps.retry(ada, view["id"])
    page = await house.services.sweeps.rows(ada, again["id"])
    assert [row["recorded"] for row in page["rows"]] == [{}, {}]


async def drained(house: Any, sweep: str, fails: Collection[int] = ()) -> list[int]:
    """Let all slots work until nothing waits; returns the positions as they were taken."""
    taken: list[int] = []
    ada = await house.actor("ada")
    for _ in range(200):
        view = await house.services.sweeps.get(ada, sweep)
        if view["ended_ms"] is not None:
            return taken
        for worker in (await workers(house)).values():
            try:
                task = await house.services.slots.next(worker, 0)
            except ConflictError:
                continue
            if task is None:
                continue
            run = await house.services.runs.get(ada, task["run"]["id"])
            page = await house.services.sweeps.rows(ada, sweep, state="running")
            position = next(r["position"] for r in page["rows"] if r["id"] == run["id"])
            taken.append(position)
            await finish(house, worker, run["id"], "failed" if position in fails else "succeeded")
    raise AssertionError(f"{sweep} did not end: {view}")


async def test_a_sweep_is_taken_by_as_many_slots_as_it_may_have(house: Any) -> None:
    sweep = await submitted(house, max_parallel=2)
    assert (sweep["state"], sweep["runs"], sweep["runs_done"]) == ("queued", 6, 0)
    found = await workers(house)
    assert len(found) == 2
    tasks = [await house.services.slots.next(worker, 0) for worker in found.values()]
    assert [task["run"]["parameters"] for task in tasks] == [{"x": 0}, {"x": 1}]
    await house.turn(3)
    assert len(await slots(house)) == 2
    ada = await house.actor("ada")
    view = await house.services.sweeps.get(ada, sweep["id"])
    assert (view["state"], view["counts"]["running"], view["counts"]["queued"]) == ("running", 2, 4)
    assert view["held_device_ms"] > 0
    for worker, task in zip(found.values(), tasks, strict=True):
        await finish(house, worker, task["run"]["id"])
    assert sorted(await drained(house, sweep["id"])) == [2, 3, 4, 5]
    view = await house.services.sweeps.get(ada, sweep["id"])
    assert (view["state"], view["runs_done"]) == ("succeeded", 6)
    assert view["charged_microcredits"] > 0
    # Nothing of it is left waiting for devices.
    await house.turn(20)
    assert [lease for lease in await slots(house) if lease["state"] == "queued"] == []


async def test_a_run_of_a_sweep_wakes_the_loop_only_when_its_slot_finds_no_more(house: Any) -> None:
    sweep = await submitted(house, grid={"x": [1, 2]}, max_parallel=1)
    (worker,) = (await workers(house)).values()
    wake = house.services.core.wake
    for is_last in (False, True):
        task = await house.services.slots.next(worker, 0)
        wake.clear()
        await finish(house, worker, task["run"]["id"])
        assert not wake.is_set()
        if is_last:
            assert await house.services.slots.next(worker, 0) is None
            assert wake.is_set()
    await house.turn(1)
    view = await house.services.sweeps.get(await house.actor("ada"), sweep["id"])
    assert view["ended_ms"] is not None


async def test_slots_that_nothing_needs_any_more_leave_the_queue(house: Any) -> None:
    await house.ask("bora", profile="gpu-4")
    await house.turn(2)
    sweep = await submitted(house, max_parallel=3)
    await house.turn(2)
    assert [lease["state"] for lease in await slots(house)] == ["queued"] * 3
    ada = await house.actor("ada")
    view = await house.services.sweeps.get(ada, sweep["id"])
    assert view["standing"]["position"] >= 1
    await house.services.sweeps.pause(ada, sweep["id"], is_paused=True)
    await house.turn(2)
    assert await slots(house) == []
    assert (await house.services.sweeps.get(ada, sweep["id"]))["state"] == "paused"
    await house.services.sweeps.pause(ada, sweep["id"], is_paused=False)
    assert len(await slots(house)) == 3
    view = await house.services.sweeps.cancel(ada, sweep["id"])
    assert (view["state"], view["counts"]["cancelled"]) == ("cancelled", 6)
    assert await slots(house) == []
    assert await house.services.sweeps.cancel(ada, sweep["id"]) == view


async def test_cancel_takes_the_waiting_and_asks_the_running(house: Any) -> None:
    sweep = await submitted(house, max_parallel=1)
    (worker,) = (await workers(house)).values()
    task = await house.services.slots.next(worker, 0)
    ada = await house.actor("ada")
    view = await house.services.sweeps.cancel(ada, sweep["id"])
    assert (view["counts"]["cancelled"], view["counts"]["running"]) == (5, 1)
    assert view["ended_ms"] is None
    assert (await house.services.slots.progress(worker, task["run"]["id"], {}))["stop"]
    await finish(house, worker, task["run"]["id"], "cancelled")
    await house.turn()
    view = await house.services.sweeps.get(ada, sweep["id"])
    assert (view["state"], view["ended_ms"] is not None) == ("cancelled", True)
    with pytest.raises(ConflictError, match="sweep_ended"):
        await house.services.sweeps.pause(ada, sweep["id"], is_paused=True)


async def test_only_what_failed_is_tried_again_at_its_place(house: Any) -> None:
    sweep = await submitted(house, max_parallel=2)
    ada = await house.actor("ada")
    assert sorted(await drained(house, sweep["id"], fails={1, 4})) == list(range(6))
    before = await house.services.sweeps.get(ada, sweep["id"])
    assert (before["state"], before["counts"]["failed"]) == ("failed", 2)
    view = await house.services.sweeps.retry(ada, sweep["id"], key="again")
    same = await house.services.sweeps.retry(ada, sweep["id"], key="again")
    assert view["counts"]["queued"] == same["counts"]["queued"] == 2
    assert (view["runs"], view["ended_ms"]) == (6, None)
    assert sorted(await drained(house, sweep["id"])) == [1, 4]
    after = await house.services.sweeps.get(ada, sweep["id"])
    assert after["state"] == "succeeded"
    # What the first tries cost stays on the sweep's bill.
    assert after["held_device_ms"] >= before["held_device_ms"]
    with pytest.raises(ConflictError, match="sweep_nothing_to_retry"):
        await house.services.sweeps.retry(ada, sweep["id"])
    told = (await house.services.notices.get(ada))["recent"]
    assert sorted(notice["subject"] for notice in told) == [
        "Sweep 's' has ended with failures",
        "Sweep 's' is done",
    ]
    assert {notice["kind"] for notice in told} == {"run"}


async def test_one_key_makes_one_sweep_and_a_refused_one_leaves_nothing(house: Any) -> None:
    first = await submitted(house, key="once")
    assert (await submitted(house, key="once"))["id"] == first["id"]
    with pytest.raises(ConflictError, match="key_reused"):
        await submitted(house, key="once", grid={"x": [1]})
    with pytest.raises(InvalidError, match="parameters_too_large"):
        await submitted(house, grid={"x": [1, 2, "a" * 70_000]})
    ada = await house.actor("ada")
    assert [sweep["id"] for sweep in await house.services.sweeps.list(ada)] == [first["id"]]
    assert await house.services.runs.list(ada) == []


@pytest.mark.parametrize(
    ("wanted", "kind", "code"),
    [
        ({"grid": {"x": range(10**9)}}, InvalidError, "sweep_too_many_runs"),
        ({"grid": {}}, InvalidError, "sweep_empty"),
        ({"grid": {"z": [1]}}, InvalidError, "parameters_undeclared"),
        ({"grid": {}, "table": '[{"x": NaN}]'}, InvalidError, "grid_value_not_finite"),
        ({"table": '{"x": [1]}'}, InvalidError, "sweep_name_twice"),
        ({"files": {"../secret": b""}}, InvalidError, "path_outside"),
        ({"notebook": b"{}"}, InvalidError, "notebook_not_notebook"),
        ({"limit_ms": 100 * 3_600_000}, RefusedError, "limit_too_long"),
        ({"devices": 5}, RefusedError, "more_devices_than_pool"),
        ({"project": "language"}, NotFoundError, "project_unknown"),
        ({"environment": "none"}, NotFoundError, "environment_unknown"),
    ],
)
async def test_what_a_sweep_may_not_be_is_refused(
    house: Any, wanted: dict[str, Any], kind: type[Exception], code: str
) -> None:
    with pytest.raises(kind, match=code):
        await submitted(house, **wanted)
    assert await house.services.sweeps.list(await house.actor("ada")) == []


async def test_who_may_see_and_do_what(house: Any) -> None:
    sweep = await submitted(house, "bora")
    sweeps = house.services.sweeps
    for stranger in ("chan", "vera"):
        actor = await house.actor(stranger)
        for asked in (
            sweeps.get(actor, sweep["id"]),
            sweeps.rows(actor, sweep["id"]),
            sweeps.cancel(actor, sweep["id"]),
            sweeps.pause(actor, sweep["id"], is_paused=True),
            sweeps.retry(actor, sweep["id"]),
        ):
            with pytest.raises(NotFoundError, match="sweep_unknown"):
                await asked
        assert await sweeps.list(actor) == []
    owner = await house.actor("ada")
    assert [view["id"] for view in await sweeps.list(owner)] == [sweep["id"]]
    with pytest.raises(RefusedError, match="retry_not_yours"):
        await sweeps.retry(owner, sweep["id"])
    with pytest.raises(InvalidError, match="reason_missing"):
        await sweeps.cancel(await house.actor("root"), sweep["id"])
    assert (await sweeps.cancel(owner, sweep["id"]))["state"] == "cancelled"


async def test_a_run_of_its_own_goes_before_those_of_a_sweep(house: Any) -> None:
    await submitted(house, max_parallel=1)
    (worker,) = (await workers(house)).values()
    first = await house.services.slots.next(worker, 0)
    own = await house.submit("ada")
    await finish(house, worker, first["run"]["id"])
    assert (await house.services.slots.next(worker, 0))["run"]["id"] == own["id"]


async def test_the_files_of_a_sweep_reach_each_run_and_its_retry(house: Any) -> None:
    await submitted(house, files={"a.txt": b"1"}, max_parallel=1)
    (worker,) = (await workers(house)).values()
    task = await house.services.slots.next(worker, 0)
    assert (task["files"], task["notebook"]) == ({"a.txt": b"1"}, NOTEBOOK)
    await finish(house, worker, task["run"]["id"], "failed")
    ada = await house.actor("ada")
    alone = await house.services.runs.retry(ada, task["run"]["id"])
    again = await house.services.slots.next(worker, 0)
    assert (again["run"]["id"], again["files"]) == (alone["id"], {"a.txt": b"1"})


async def test_who_ends_a_waiting_slot_of_a_sweep_pauses_it(house: Any) -> None:
    await house.ask("bora", profile="gpu-4")
    await house.turn(2)
    sweep = await submitted(house, max_parallel=2)
    ada = await house.actor("ada")
    await house.services.leases.end(ada, (await slots(house))[0]["id"])
    await house.turn(3)
    assert await slots(house) == []
    assert (await house.services.sweeps.get(ada, sweep["id"]))["state"] == "paused"


async def test_a_kill_loses_no_run_and_takes_none_twice(house: Any) -> None:
    sweep = await submitted(house, max_parallel=2)
    found = await workers(house)
    tasks = [await house.services.slots.next(worker, 0) for worker in found.values()]
    await house.restart()
    for lease in found:
        house.engine.vanish(lease)
    await house.turn(8)
    left = await drained(house, sweep["id"])
    assert sorted(left) == list(range(6))
    view = await house.services.sweeps.get(await house.actor("ada"), sweep["id"])
    assert view["state"] == "succeeded"
    for task in tasks:
        run = await house.services.runs.get(await house.actor("ada"), task["run"]["id"])
        assert (run["attempt"], run["state"]) == (2, "succeeded")


async def test_without_budget_a_sweep_waits_and_holds_up_nobody(house: Any) -> None:
    sweep = await submitted(house, project="poor", limit_ms=900_000, max_parallel=4)
    await house.turn(3)
    view = await house.services.sweeps.get(await house.actor("ada"), sweep["id"])
    assert view["counts"]["queued"] == 6
    # 0.3 credits carry one slot of sixteen minutes, and no second one.
    assert len(await slots(house)) == 1


async def test_who_leaves_takes_their_sweeps_along(house: Any) -> None:
    sweep = await submitted(house, "bora", max_parallel=1)
    root = await house.actor("root")
    await house.services.departures.off_board(root, "bora", reason="moved away")
    await house.turn(3)
    view = await house.services.sweeps.get(root, sweep["id"])
    assert (view["state"], view["counts"]["cancelled"]) == ("cancelled", 6)


async def test_a_plan_says_what_it_would_be_and_keeps_nothing(house: Any) -> None:
    ada = await house.actor("ada")
    request = SweepRequest(
        project="vision",
        notebook=NOTEBOOK,
        grid={"x": [1, 2]},
        table='[{"y": 5}, {"y": 6}]',
        devices=2,
        limit_ms=3_600_000,
    )
    plan = await house.services.sweeps.plan(ada, request)
    assert (plan["runs"], plan["names"]) == (4, ["y", "x"])
    assert plan["first"][1] == {"y": 5, "x": 2}
    assert plan["at_most_device_ms"] == 4 * 2 * 3_600_000
    assert plan["at_most_microcredits"] == 8 * 1_000_000
    assert await house.services.sweeps.list(ada) == []


async def test_a_sweep_tells_what_shared_cells_saved_and_which_kernels_were_slow(
    house: Any,
) -> None:
    sweep = await submitted(house, grid={"x": list(range(7))}, max_parallel=2)
    kernels = iter(
        [{"warm": warm, "shared_ms": ms} for warm, ms in (("a", 900), ("b", 1_100), ("a", 900))]
        + [{"fresh_reason": "threads MainThread"}, {"fresh_reason": "threads Other"}]
        + [{"fresh_reason": "from another version"}, None]
    )
    ada = await house.actor("ada")
    while True:
        for worker in (await workers(house)).values():
            task = await house.services.slots.next(worker, 0)
            if task is not None:
                end = {"state": "succeeded", "kernel": next(kernels)}
                await house.services.slots.finish(worker, task["run"]["id"], end)
        view = await house.services.sweeps.get(ada, sweep["id"])
        if view["runs_done"] == 7:
            break
    expected = {"runs": 3, "times": 2, "saved_ms": 900}
    for _ in range(2):  # counted while it is open, and as written down at its end
        assert view["shared"] == expected
        assert [(row["reason"], row["runs"]) for row in view["fresh"]] == [
            ("threads", 2),
            ("from", 1),
        ]
        assert "threads" in view["fresh"][0]["reason_text"]
        await house.turn(2)
        view = await house.services.sweeps.get(ada, sweep["id"])
    assert view["ended_ms"] is not None
    page = await house.services.sweeps.rows(ada, sweep["id"])
    assert sum(bool(row["fresh_text"]) for row in page["rows"]) == 3


async def test_ten_thousand_runs_are_submitted_and_shown_in_time(house: Any) -> None:
    ada = await house.actor("ada")
    # Of the processor: how long it takes by the clock depends on who else is on the machine.
    began = time.process_time()
    sweep = await submitted(house, grid={"x": range(100), "y": range(100)})
    took_s = time.process_time() - began
    print(f"submit of 10,000 runs: {took_s:.2f} s")
    assert sweep["runs"] == 10_000
    assert took_s < 5
    slowest_ms = 0.0
    for asked in (
        {"offset": 9_900},
        {"state": "queued", "offset": 5_000},
        {"sort": "duration", "is_descending": True},
        {"sort": "state"},
    ):
        took_ms = []
        for _ in range(3):  # beside others a processor does less in a second of its own, too
            began = time.process_time()
            page = await house.services.sweeps.rows(ada, sweep["id"], **asked)
            took_ms.append((time.process_time() - began) * 1000)
        slowest_ms = max(slowest_ms, min(took_ms))
        assert (page["total"], len(page["rows"])) == (10_000, 100)
    began = time.process_time()
    await house.services.sweeps.get(ada, sweep["id"])
    view_ms = (time.process_time() - began) * 1000
    began = time.process_time()
    await house.services.reconciler.look()
    look_ms = (time.process_time() - began) * 1000
    print(f"slowest page {slowest_ms:.0f} ms, the sweep {view_ms:.0f} ms, a look {look_ms:.0f} ms")
    assert slowest_ms < 200


def asked(**wanted: Any) -> SweepRequest:
    given = {"project": "vision", "name": "s", "notebook": NOTEBOOK, "limit_ms": 600_000}
    return SweepRequest(**{**given, **wanted})


async def test_what_was_typed_and_a_csv_make_the_same_sweep_as_values_do(house: Any) -> None:
    ada = await house.actor("ada")
    sweeps = house.services.sweeps
    plan = await sweeps.plan(ada, asked(typed={"y": "0..2"}, table="x\n5\n6\n", table_kind="csv"))
    assert plan["runs"] == 6
    assert plan["first"][:2] == [{"x": 5, "y": 0}, {"x": 5, "y": 1}]
    assert plan["expected_device_ms"] is None
    for wrong, code in (
        (asked(typed={"x": "1,,2"}), "grid_value_missing"),
        (asked(typed={"x": "1"}, grid={"x": [1]}), "sweep_name_twice"),
        (asked(typed={"z": "1"}), "parameters_undeclared"),
        (asked(typed={"x": "0..999999999"}), "sweep_too_many_runs"),
        (asked(table="x,y\n1\n", table_kind="csv"), "table_row_uneven"),
    ):
        with pytest.raises(InvalidError) as refused:
            await sweeps.plan(ada, wrong)
        assert refused.value.code == code


async def test_one_run_is_tried_first_and_its_time_tells_what_all_will_take(house: Any) -> None:
    ada = await house.actor("ada")
    sweeps, request = house.services.sweeps, asked(typed={"x": "3..8"})
    run = await sweeps.pilot(ada, request, key="k")
    assert (await sweeps.pilot(ada, request, key="k"))["id"] == run["id"]
    assert (run["name"], run["parameters"], run["sweep"]) == ("s (pilot)", {"x": 3}, "")
    named = asked(typed={"x": "3..8"}, pilot=run["id"])
    assert (await sweeps.plan(ada, named))["measured_ms"] is None
    ((_, worker),) = (await workers(house)).items()
    assert (await house.services.slots.next(worker, 0))["run"]["id"] == run["id"]
    await house.turn(7)
    await finish(house, worker, run["id"])
    ended = await house.services.runs.get(ada, run["id"])
    took = ended["ended_ms"] - ended["started_ms"]
    assert took > 0
    plan = await sweeps.plan(ada, named)
    assert (plan["measured_ms"], plan["expected_device_ms"]) == (took, 6 * took)
    assert plan["expected_ms"] == 2 * took  # four together, and then two
    assert plan["expected_microcredits"] == pytest.approx(6 * ended["charged_microcredits"], abs=6)
    assert plan["expected_device_ms"] < plan["at_most_device_ms"]
    # Of another size nobody knows the time, and whose run it is stays a secret.
    other = asked(typed={"x": "3..8"}, pilot=run["id"], devices=2)
    assert (await sweeps.plan(ada, other))["measured_ms"] is None
    assert await sweeps.list(ada) == []
    chan = await house.actor("chan")
    with pytest.raises(NotFoundError):
        await sweeps.plan(chan, asked(project="language", typed={"x": "1"}, pilot=run["id"]))


async def test_a_pilot_is_refused_where_the_sweep_is_wrong_or_not_theirs(house: Any) -> None:
    ada = await house.actor("ada")
    with pytest.raises(InvalidError):
        await house.services.sweeps.pilot(ada, asked(typed={"x": "1,2"}, grid={"z": [1]}))
    with pytest.raises(NotFoundError):
        await house.services.sweeps.pilot(await house.actor("chan"), asked(typed={"x": "1"}))
    assert await house.services.runs.list(ada) == []


@pytest.mark.parametrize("from_start", [False, True])
async def test_a_retried_run_of_a_sweep_continues_the_one_at_its_place(
    house: Any, from_start: bool
) -> None:
    sweep = await submitted(house, max_parallel=1)
    ada = await house.actor("ada")
    (worker,) = (await workers(house)).values()
    first = await house.services.slots.next(worker, 0)
    await finish(house, worker, first["run"]["id"], "failed")
    await house.services.sweeps.retry(ada, sweep["id"], from_start=from_start)
    again = await house.services.slots.next(worker, 0)
    assert again["run"]["parameters"] == first["run"]["parameters"]
    assert again["continues"] == ("" if from_start else first["run"]["id"])
    await finish(house, worker, again["run"]["id"])
    assert (await house.services.slots.next(worker, 0))["continues"] == ""
