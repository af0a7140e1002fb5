"""One bad row, one empty budget or one flood must not stop, slow or churn the house."""

from typing import Any

import pytest

from madang.domain.lease import LeaseKind
from madang.errors import ConflictError, NotFoundError, RefusedError
from madang.services import leasing, run_submits, slot_opening
from madang.services.requests import ClusterRequest


async def slots(house: Any) -> int:
    find = house.services.core.store.read
    return len(await find(lambda tx: tx.leases.find(kind=LeaseKind.SLOT)))


async def run_of(house: Any, run_id: str) -> dict[str, Any]:
    view: dict[str, Any] = await house.services.runs.get(await house.actor("root"), run_id)
    return view


async def taken(house: Any, run: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    await house.turn(3)
    worker = await house.slot_worker((await run_of(house, run["id"]))["lease"])
    return worker, await house.services.slots.next(worker, 0)


async def test_a_run_that_nothing_can_take_any_more_fails_and_holds_up_nobody(house: Any) -> None:
    big = await house.submit("ada", devices=4)
    await taken(house, big)
    house.services.core.devices_total = {"sim-h200": 2, "cpu": 0}
    house.engine.vanish((await run_of(house, big["id"]))["lease"])
    small = await house.submit("bora", devices=1)
    await house.turn(5)
    failed = await run_of(house, big["id"])
    assert (failed["state"], failed["reason"]) == ("failed", "refused")
    _, task = await taken(house, small)
    assert task["run"]["id"] == small["id"]


async def test_runs_wait_for_budget_without_a_slot_for_every_look(house: Any) -> None:
    run = await house.submit("ada", project="poor", devices=1, limit_ms=600_000)
    held = await house.services.core.store.write(
        lambda tx: tx.budget.reserve(tx.projects.find("poor").id, "other", 1, 200_000, 0)
    )
    assert held
    await house.turn(60)
    assert await slots(house) <= 2
    assert (await run_of(house, run["id"]))["state"] == "queued"
    await house.services.core.store.write(lambda tx: tx.budget.release("other", 1))
    await house.turn(10)
    _, task = await taken(house, run)
    assert task["run"]["id"] == run["id"]


async def test_slots_that_cannot_start_are_tried_seldom_and_then_no_more(house: Any) -> None:
    run = await house.submit("ada")
    for _ in range(120):
        await house.turn(2)
        view = await run_of(house, run["id"])
        if view["state"] != "queued":
            break
        lease = await house.lease(view["lease"]) if view["lease"] else {}
        if lease.get("state") == "active":
            house.engine.finish(lease["id"], 1)
    assert (view["state"], view["reason"]) == ("failed", "slot_lost")
    assert await slots(house) == slot_opening.MAX_SLOT_FAULTS


async def test_a_failing_part_of_a_look_stops_no_other(house: Any) -> None:
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(2)

    async def broken(*_: Any) -> Any:
        raise RuntimeError("the engine is gone")

    admission, meter = house.engine.admission, house.engine.meter
    admission.poll, meter.read = broken, broken
    house.engine.finish(lease["id"], 0)
    await house.turn(20)
    assert (await house.lease(lease["id"]))["state"] == "ended"


async def test_one_person_waits_with_so_many_leases_and_runs(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "MAX_LEASES", 3)
    monkeypatch.setattr(run_submits, "MAX_QUEUED", 2)
    for number in range(3):
        await house.ask("ada", profile="cpu", name=f"n{number}")
    with pytest.raises(RefusedError, match="too_many_leases"):
        await house.ask("ada", profile="cpu", name="n4")
    with pytest.raises(RefusedError, match="too_many_leases"):
        await house.cluster("ada")
    await house.ask("bora", profile="cpu")
    await house.ask("ada", profile="cpu", name="n1")
    for key in ("a", "b", "b"):
        await house.submit("ada", key=key, name=key)
    with pytest.raises(RefusedError, match="too_many_runs"):
        await house.submit("ada")
    await house.submit("bora")


async def test_holding_without_using_counts_in_the_order(house: Any) -> None:
    full = await house.ask("bora", profile="gpu-4")
    await house.turn()
    absent = await house.ask("ada", profile="gpu-4", name="absent")
    await house.turn(12)
    await house.services.leases.end(await house.actor("bora"), full["id"])
    await house.turn(130)
    assert (await house.lease(absent["id"]))["turns_missed"] == 1
    shares: list[Any] = []

    async def keep(found: Any) -> None:
        shares.extend(found)

    house.engine.admission.set_shares = keep
    await house.services.reconciler._count_use()
    await house.services.reconciler._set_shares()
    assert max(share.usage_device_ms for share in shares) >= 4 * 120_000


async def test_a_cancelled_run_is_not_tried_again_when_its_slot_is_lost(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    await house.services.runs.cancel(await house.actor("ada"), run["id"])
    house.engine.vanish(worker.token_lease)
    await house.turn(6)
    assert (await run_of(house, run["id"]))["state"] == "cancelled"


@pytest.mark.parametrize("end", ["vanish", "cancel", "ask_back"])
async def test_clusters_of_a_run_end_with_its_slot(house: Any, end: str) -> None:
    run = await house.submit("ada")
    worker, task = await taken(house, run)
    mine = await house.services.people.attempt_actor(task["token"], "en")
    cluster = await house.services.clusters.create(mine, ClusterRequest(workers=1))
    await house.turn(3)
    if end == "vanish":
        house.engine.vanish(worker.token_lease)
    elif end == "ask_back":
        house.engine.ask_back(worker.token_lease)
    else:
        await house.services.leases.end(await house.actor("ada"), worker.token_lease)
    await house.turn(12)
    assert (await house.lease(cluster["lease"]["id"]))["state"] == "ended"
    with pytest.raises(RefusedError):
        await house.services.clusters.create(mine, ClusterRequest(workers=1))


async def test_a_clusters_own_token_takes_no_runs_and_opens_nothing(house: Any) -> None:
    cluster = await house.cluster("ada", workers=1)
    await house.turn(3)
    run = await house.submit("ada")
    token = await house.slot_worker(cluster["lease"]["id"])
    with pytest.raises(RefusedError, match="slot_token_only"):
        await house.services.slots.next(token, 0)
    assert (await run_of(house, run["id"]))["state"] == "queued"
    for call in (
        house.services.clusters.create(token, ClusterRequest(workers=1)),
        house.services.clusters.list(token),
        house.services.leases.activity(token, cluster["lease"]["id"], {}),
    ):
        with pytest.raises(RefusedError, match="token_too_narrow"):
            await call
    with pytest.raises(NotFoundError):
        await house.services.clusters.end(token, cluster["id"])


async def test_a_runs_token_lists_its_own_clusters_only(house: Any) -> None:
    other = await house.cluster("ada", workers=1)
    run = await house.submit("ada")
    _, task = await taken(house, run)
    mine = await house.services.people.attempt_actor(task["token"], "en")
    own = await house.services.clusters.create(mine, ClusterRequest(workers=1))
    listed = [cluster["id"] for cluster in await house.services.clusters.list(mine)]
    assert listed == [own["id"]]
    assert other["id"] not in listed


async def test_an_output_is_taken_while_the_run_runs_and_never_after(house: Any) -> None:
    run = await house.submit("ada")
    worker, _ = await taken(house, run)
    waiting = await house.submit("ada", name="second")
    await house.services.slots.put_output(worker, run["id"], b"{}")
    await house.services.slots.finish(worker, run["id"], {"state": "succeeded"})
    for late in (run["id"], waiting["id"]):
        with pytest.raises((ConflictError, NotFoundError)):
            await house.services.slots.put_output(worker, late, b"changed")
    ada = await house.actor("ada")
    assert await house.services.runs.output(ada, run["id"]) == b"{}"


async def test_nothing_is_kept_for_who_may_not_submit(house: Any) -> None:
    before = dict(house.engine.artifacts._stored)
    for name, project in (("chan", "vision"), ("vera", "vision")):
        with pytest.raises((NotFoundError, RefusedError)):
            await house.submit(name, project=project)
    assert house.engine.artifacts._stored == before


async def test_who_may_look_may_ask_for_one_project_too(house: Any) -> None:
    await house.ask("bora")
    vera, root = await house.actor("vera"), await house.actor("root")
    usage = house.services.usage
    assert (await usage.usage(vera, project="vision"))["projects"][0]["name"] == "vision"
    assert len(await house.services.leases.list(root, project="vision")) == 1
    assert await house.services.leases.list(vera, project="vision") == []
    assert await house.services.runs.list(root, project="vision") == []
    with pytest.raises(NotFoundError):
        await usage.usage(await house.actor("chan"), project="vision")


async def test_heads_are_the_oldest_of_each_person_project_and_size(house: Any) -> None:
    first = await house.submit("ada", name="1")
    house.engine.advance(5)
    for name, devices in (("ada", 1), ("ada", 2), ("bora", 1)):
        await house.submit(name, name="later", devices=devices)
    heads = await house.services.core.store.read(lambda tx: tx.runs.heads())
    assert len(heads) == 3
    assert first["id"] in {run.id for run in heads}
    waiting = await house.services.core.store.read(lambda tx: tx.leases.count("queued"))
    assert waiting == 3
