"""The life of runs and clusters, with a slot worker played by the test."""

from typing import Any

import pytest

from madang.engines.ports import Trouble
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services.requests import ClusterRequest, LeaseRequest


async def taken(house: Any, run: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Let the slot start and its worker take the run."""
    await house.turn(3)
    view = await house.services.runs.get(await house.actor("ada"), run["id"])
    worker = await house.slot_worker(view["lease"])
    task = await house.services.slots.next(worker, 0)
    assert task is not None
    return worker, task


async def test_a_run_is_taken_reported_and_finished(house: Any) -> None:
    run = await house.submit("ada", parameters={"x": 3})
    worker, task = await taken(house, run)
    again = await house.services.slots.next(worker, 0)
    assert again["run"]["id"] == task["run"]["id"]
    assert again["run"]["attempt"] == 1
    mine = await house.services.people.attempt_actor(task["token"], "en")
    body = {"cells_done": 1, "cells_total": 1, "cell": 0, "log": "hello"}
    assert await house.services.slots.progress(mine, run["id"], body) == {"stop": False}
    await house.services.slots.put_output(mine, run["id"], b"{}")
    await house.services.slots.finish(worker, run["id"], {"state": "succeeded", "reason": ""})
    await house.services.slots.finish(worker, run["id"], {"state": "failed", "reason": "late"})
    ada = await house.actor("ada")
    view = await house.services.runs.get(ada, run["id"])
    assert (view["state"], view["cells_done"]) == ("succeeded", 1)
    assert await house.services.runs.output(ada, run["id"]) == b"{}"
    assert await house.services.runs.log(ada, run["id"]) == "hello"


async def test_one_key_makes_one_run_and_an_idle_slot_gives_back(house: Any) -> None:
    first = await house.submit("ada", key="once")
    second = await house.submit("ada", key="once")
    assert first["id"] == second["id"]
    worker, _ = await taken(house, first)
    await house.services.slots.finish(worker, first["id"], {"state": "succeeded"})
    house.engine.advance(11_000)
    with pytest.raises(ConflictError, match="slot_over"):
        await house.services.slots.next(worker, 0)
    await house.turn(8)
    lease = await house.lease(worker.token_lease)
    assert (lease["state"], lease["reason"]) == ("ended", "completed")


async def test_a_run_whose_slot_was_lost_waits_for_another(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    house.engine.vanish(worker.token_lease)
    await house.turn(6)
    second, task = await taken(house, run)
    assert second.token_lease != worker.token_lease
    assert task["run"]["attempt"] == 2


async def test_a_slot_that_ran_out_of_memory_says_so_and_is_not_tried_again(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    house.engine.run_out_of_memory(worker.token_lease)
    await house.turn(6)
    view = await house.services.runs.get(await house.actor("ada"), run["id"])
    assert (view["state"], view["reason"]) == ("failed", "out_of_memory")
    assert "more than the 3.0 GiB" in view["error"]["value"]
    lease = await house.lease(worker.token_lease)
    assert (lease["state"], lease["reason"]) == ("ended", "out_of_memory")
    assert "the 3 GiB" in lease["reason_text"]


async def test_what_was_printed_and_done_before_the_slot_was_ended_is_kept(house: Any) -> None:
    run = await house.submit("ada")
    worker, task = await taken(house, run)
    inside = await house.services.people.attempt_actor(task["token"], "en")
    told = {"cells_done": 2, "cells_total": 5, "log": "epoch 1\n"}
    await house.services.slots.progress(inside, run["id"], told)
    house.engine.run_out_of_memory(worker.token_lease)
    await house.turn(6)
    house.services.core.live.progress.clear()  # as after a restart of the service
    ada = await house.actor("ada")
    view = await house.services.runs.get(ada, run["id"])
    assert (view["state"], view["cells_done"], view["cells_total"]) == ("failed", 2, 5)
    assert await house.services.runs.log(ada, run["id"]) == "epoch 1\n"


async def test_a_slot_that_its_machine_ended_is_no_loss_that_counts(house: Any) -> None:
    """Drained five times in a row, with and without a worker that could still say so."""
    run = await house.submit("ada")
    for attempt in range(1, 6):
        worker, task = await taken(house, run)
        assert task["run"]["attempt"] == attempt
        if attempt % 2:
            said = {"state": "cancelled", "reason": "slot_stopped"}
            await house.services.slots.finish(worker, run["id"], said)
        house.engine.evict(worker.token_lease)
        await house.turn(6)
        lease = await house.lease(worker.token_lease)
        assert (lease["state"], lease["reason"]) == ("ended", "lost")
    await taken(house, run)


async def test_what_keeps_a_slot_from_going_on_is_told(house: Any) -> None:
    run = await house.submit("ada")
    ada = await house.actor("ada")
    house.engine.launcher.fetches = True
    house.engine.launcher.trouble = Trouble.IMAGE
    await house.turn(3)
    view = await house.services.runs.get(ada, run["id"])
    assert view["waits_for"]["code"] == "image_away"
    house.engine.launcher.fetches = False
    house.engine.launcher.trouble = None
    await house.turn(3)
    assert (await house.services.runs.get(ada, run["id"]))["waits_for"] is None
    await taken(house, run)
    house.engine.launcher.trouble = Trouble.MACHINE
    await house.turn(2)
    view = await house.services.runs.get(ada, run["id"])
    assert (view["state"], view["waits_for"]["code"]) == ("running", "machine_silent")


async def test_a_large_image_is_waited_for_and_a_start_that_is_not_coming_is_not(
    house: Any,
) -> None:
    run = await house.submit("ada")
    house.engine.launcher.fetches = True
    await house.turn(3)
    lease = (await house.services.runs.get(await house.actor("ada"), run["id"]))["lease"]
    house.engine.advance(600_000)
    await house.turn(2)
    assert (await house.lease(lease))["state"] == "admitted"
    house.engine.advance(700_000)
    await house.turn(3)
    ended = await house.lease(lease)
    assert (ended["state"], ended["reason"]) == ("ended", "lost")


async def test_preempted_attempts_are_no_lost_ones(house: Any) -> None:
    """P10: asked back twice and lost once is one loss, not three."""
    run = await house.submit("ada")
    for _ in range(2):
        worker, _ = await taken(house, run)
        house.engine.ask_back(worker.token_lease)
        await house.turn(8)
    for attempt in (3, 4, 5):
        worker, task = await taken(house, run)
        assert task["run"]["attempt"] == attempt
        house.engine.vanish(worker.token_lease)
        await house.turn(3)
    view = await house.services.runs.get(await house.actor("ada"), run["id"])
    assert (view["state"], view["reason"]) == ("failed", "slot_lost")


async def test_a_run_whose_process_was_killed_goes_on_in_the_slot_it_has(house: Any) -> None:
    run = await house.submit("ada")
    died = {"state": "failed", "reason": "runner_died", "error": {"cell": 0, "name": "x"}}
    for attempt in (1, 2, 3):
        worker, task = await taken(house, run)
        assert task["run"]["attempt"] == attempt
        view = await house.services.slots.finish(worker, run["id"], died)
    assert (view["state"], view["reason"]) == ("failed", "runner_died")
    assert view["error"] == died["error"]
    leases = await house.services.leases.list(await house.actor("ada"), kind="slot", mine=True)
    assert len(leases) == 1


@pytest.mark.parametrize("reason", ["runner_died", "slot_stopped"])
async def test_a_run_that_was_cancelled_does_not_go_on(house: Any, reason: str) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    await house.services.runs.cancel(await house.actor("ada"), run["id"])
    house.engine.ask_back(worker.token_lease, grace_ms=60_000)
    await house.turn()
    view = await house.services.slots.finish(
        worker, run["id"], {"state": "cancelled", "reason": reason}
    )
    assert (view["state"], view["reason"]) == ("cancelled", "cancelled")


async def test_who_ends_a_waiting_slot_cancels_the_run_it_was_opened_for(house: Any) -> None:
    await house.ask("bora", profile="gpu-4")
    await house.turn()
    ada = await house.actor("ada")
    runs = [await house.submit("ada"), await house.submit("ada", flavor="cpu", devices=0)]
    await house.turn(2)
    slot = (await house.services.runs.get(ada, runs[0]["id"]))["lease"]
    assert (await house.lease(slot))["state"] == "queued"
    await house.services.leases.end(ada, slot)
    await house.turn(5)
    first, other = [await house.services.runs.get(ada, run["id"]) for run in runs]
    assert (first["state"], first["reason"]) == ("cancelled", "cancelled")
    assert other["state"] == "queued"
    leases = await house.services.leases.list(ada, kind="slot", mine=True)
    assert [x["id"] for x in leases if x["state"] != "ended" and x["devices"]] == []


async def test_who_ends_a_working_slot_cancels_its_run_and_no_other(house: Any) -> None:
    ada = await house.actor("ada")
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    waiting = await house.submit("ada")
    await house.services.leases.end(ada, worker.token_lease)
    await house.turn(8)
    assert (await house.services.runs.get(ada, run["id"]))["state"] == "cancelled"
    view = await house.services.runs.get(ada, waiting["id"])
    assert view["state"] == "queued"
    assert view["lease"] != worker.token_lease


async def test_a_slot_asked_back_puts_its_run_back_in_the_queue(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    house.engine.ask_back(worker.token_lease)
    await house.turn(2)
    with pytest.raises(ConflictError, match="slot_over"):
        await house.services.slots.next(worker, 0)
    await house.turn(3)
    view = await house.services.runs.get(await house.actor("ada"), run["id"])
    assert view["state"] in ("queued", "running")


async def test_a_worker_told_to_stop_by_an_ask_back_has_not_failed(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    house.engine.ask_back(worker.token_lease, grace_ms=60_000)
    await house.turn()
    end = {"state": "cancelled", "reason": "slot_stopped"}
    view = await house.services.slots.finish(worker, run["id"], end)
    assert (view["state"], view["reason"]) == ("queued", "")


async def test_a_worker_told_to_stop_at_the_limit_expires(house: Any) -> None:
    run = await house.submit("ada", limit_ms=60_000)
    worker, _ = await taken(house, run)
    await house.turn(125)
    end = {"state": "cancelled", "reason": "slot_stopped"}
    view = await house.services.slots.finish(worker, run["id"], end)
    assert (view["state"], view["reason"]) == ("expired", "time_limit")


async def test_cancel_reaches_a_waiting_and_a_running_run(house: Any) -> None:
    ada = await house.actor("ada")
    waiting = await house.submit("ada")
    assert (await house.services.runs.cancel(ada, waiting["id"]))["state"] == "cancelled"
    run = await house.submit("ada", name="second")
    worker, _task = await taken(house, run)
    assert (await house.services.runs.cancel(ada, run["id"]))["reason"] == "cancelling"
    assert (await house.services.slots.progress(worker, run["id"], {}))["stop"]


async def test_an_attempt_token_reaches_its_own_run_and_nothing_else(house: Any) -> None:
    run = await house.submit("ada")
    other = await house.submit("chan", project="language")
    _, task = await taken(house, run)
    mine = await house.services.people.attempt_actor(task["token"], "en")
    with pytest.raises(NotFoundError):
        await house.services.runs.get(mine, other["id"])
    with pytest.raises(RefusedError, match="token_too_narrow"):
        await house.services.leases.request(mine, LeaseRequest(project="vision", profile="cpu"))
    with pytest.raises(RefusedError, match="token_too_narrow"):
        await house.services.runs.list(mine)
    with pytest.raises(NotFoundError):
        await house.services.clusters.create(mine, ClusterRequest(project="open"))
    cluster = await house.services.clusters.create(mine, ClusterRequest(workers=1))
    assert cluster["project"] == "vision"


async def test_a_runs_clusters_end_with_it(house: Any) -> None:
    run = await house.submit("ada")
    worker, task = await taken(house, run)
    mine = await house.services.people.attempt_actor(task["token"], "en")
    cluster = await house.services.clusters.create(mine, ClusterRequest(workers=1))
    await house.turn(3)
    await house.services.slots.finish(worker, run["id"], {"state": "succeeded"})
    await house.turn(8)
    assert (await house.lease(cluster["lease"]["id"]))["state"] == "ended"


async def test_only_the_owner_gets_a_clusters_credentials(house: Any) -> None:
    cluster = await house.cluster("bora", workers=2)
    await house.turn(3)
    bora, ada = await house.actor("bora"), await house.actor("ada")
    secrets = await house.services.clusters.credentials(bora, cluster["id"])
    assert secrets["address"].startswith("tls://")
    assert (await house.services.clusters.get(ada, cluster["id"]))["ready"]
    with pytest.raises(NotFoundError):
        await house.services.clusters.credentials(ada, cluster["id"])
    with pytest.raises(NotFoundError):
        await house.services.clusters.get(await house.actor("chan"), cluster["id"])


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"notebook": b"no json"}, "notebook_not_json"),
        ({"notebook": b"{}"}, "notebook_not_notebook"),
        ({"notebook": b" " * (10 * 1024**2 + 1)}, "notebook_too_large"),
        ({"parameters": {"y": 1}}, "parameters_undeclared"),
        ({"parameters": {"x": "a" * 70_000}}, "parameters_too_large"),
        ({"files": {"../secret": b""}}, "path_outside"),
        ({"files": {"http://example.org/a": b""}}, "path_is_url"),
    ],
)
async def test_what_a_run_may_not_be_given_is_refused(
    house: Any, wanted: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidError, match=code):
        await house.submit("ada", **wanted)
    assert await house.services.runs.list(await house.actor("ada")) == []


async def test_a_slots_devices_count_as_used_while_a_run_works(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    await house.turn(40)
    await house.services.slots.finish(worker, run["id"], {"state": "succeeded"})
    await house.services.leases.end(await house.actor("ada"), worker.token_lease)
    await house.turn(8)
    usage = await house.services.usage.usage(await house.actor("ada"), project="vision")
    project = usage["projects"][0]
    assert project["unmetered_device_ms"] == 0
    assert 0 < project["used_device_ms"] <= project["held_device_ms"]


async def test_an_ended_run_is_run_again_from_its_snapshot(house: Any) -> None:
    first = await house.submit("bora", files={"a.txt": b"1"}, parameters={"x": 2})
    bora, runs = await house.actor("bora"), house.services.runs
    with pytest.raises(ConflictError, match="retry_not_final"):
        await runs.retry(bora, first["id"])
    await runs.cancel(bora, first["id"])
    again = await runs.retry(bora, first["id"], key="k")
    assert (await runs.retry(bora, first["id"], key="k"))["id"] == again["id"] != first["id"]
    same = ("name", "project", "parameters", "flavor", "devices", "limit_ms")
    assert [again[key] for key in same] == [first[key] for key in same]
    assert (await taken(house, again))[1]["continues"] == ""  # it was cancelled: nothing is kept
    assert (again["state"], (await runs.get(bora, first["id"]))["state"]) == ("queued", "cancelled")
    assert await runs.notebook(bora, again["id"]) == await runs.notebook(bora, first["id"])


async def test_nobody_runs_another_persons_notebook_again(house: Any) -> None:
    first = await house.submit("bora")
    await house.services.runs.cancel(await house.actor("bora"), first["id"])
    for name in ("ada", "root"):
        with pytest.raises(RefusedError, match="retry_not_yours"):
            await house.services.runs.retry(await house.actor(name), first["id"])
    with pytest.raises(NotFoundError):
        await house.services.runs.retry(await house.actor("chan"), first["id"])


async def test_a_retry_of_what_failed_continues_the_first_of_its_line(house: Any) -> None:
    first = await house.submit("bora")
    bora, runs, slots = await house.actor("bora"), house.services.runs, house.services.slots
    again = first
    for _ in range(2):
        worker, task = await taken(house, again)
        counts = {"cells_done": 3, "cells_total": 5, "resumed_after": 1, "kept_cell": 2}
        await slots.progress(worker, again["id"], counts)
        assert (await runs.get(bora, again["id"]))["resumed_after"] == 1
        await slots.finish(worker, again["id"], {"state": "failed", "reason": "cell_failed"})
        view = await runs.get(bora, again["id"])
        assert (view["resumed_after"], view["kept_cell"]) == (1, 2)
        assert task["continues"] == ("" if again is first else first["id"])
        again = await runs.retry(bora, again["id"])
    await runs.cancel(bora, again["id"])
    start = await runs.retry(bora, first["id"], from_start=True)
    assert (await taken(house, start))[1]["continues"] == ""


async def test_a_lost_attempt_leaves_no_progress_to_the_next(house: Any) -> None:
    run = await house.submit("ada")
    worker, task = await taken(house, run)
    inside = await house.services.people.attempt_actor(task["token"], "en")
    told = {"cells_done": 2, "cells_total": 5, "kept_cell": 2, "log": "epoch 1\n"}
    await house.services.slots.progress(inside, run["id"], told)
    house.engine.vanish(worker.token_lease)
    await house.turn(6)
    await taken(house, run)
    ada = await house.actor("ada")
    view = await house.services.runs.get(ada, run["id"])
    assert (view["attempt"], view["cells_done"], view["kept_cell"]) == (2, 0, 0)
    assert await house.services.runs.log(ada, run["id"]) == "epoch 1\n"


@pytest.mark.parametrize("has_other", [False, True])
async def test_a_slot_that_has_not_started_goes_with_its_run(house: Any, has_other: bool) -> None:
    """It may wait long for its image; nobody is charged for what nobody wants any more."""
    house.engine.launcher.fetches = True
    runs = [await house.submit("ada") for _ in range(1 + has_other)]
    await house.turn(3)
    ada = await house.actor("ada")
    views = [await house.services.runs.get(ada, run["id"]) for run in runs]
    run, lease = next((view, view["lease"]) for view in views if view["lease"])
    assert (await house.lease(lease))["state"] == "admitted"
    await house.services.runs.cancel(ada, run["id"])
    await house.turn(3)
    ended = await house.lease(lease)
    assert ended["state"] == ("admitted" if has_other else "ended")
    assert ended["charged_microcredits"] == 0
