"""Clusters that grow by leases of workers, shrink by whole ones, and follow their scheduler."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from madang.engines.hostile import Faults
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError

RATE = 1_000_000


async def running(house: Any, **wanted: Any) -> dict[str, Any]:
    """A cluster of one worker that runs."""
    made = await house.cluster("ada", **{"workers": 1, **wanted})
    await house.turn(3)
    return await get(house, made["id"])


async def get(house: Any, cluster_id: str, name: str = "ada") -> dict[str, Any]:
    view: dict[str, Any] = await house.services.clusters.get(await house.actor(name), cluster_id)
    return view


async def scale(house: Any, cluster_id: str, workers: int, name: str = "ada") -> dict[str, Any]:
    actor = await house.actor(name)
    view: dict[str, Any] = await house.services.clusters.scale(actor, cluster_id, workers)
    return view


async def adapt(house: Any, cluster_id: str, minimum: int, maximum: int) -> dict[str, Any]:
    actor = await house.actor("ada")
    view: dict[str, Any] = await house.services.clusters.adapt(actor, cluster_id, minimum, maximum)
    return view


async def until(house: Any, cluster_id: str, is_met: Callable[[Any], bool]) -> dict[str, Any]:
    """Turn the house until a cluster is as wanted; what runs aside gets its time."""
    deadline = time.monotonic() + 10
    while not is_met(view := await get(house, cluster_id)):
        assert time.monotonic() < deadline, view
        await house.turn()
        await asyncio.sleep(0)
    return view


def sizes(view: dict[str, Any]) -> list[int]:
    return [part["workers"] for part in view["parts"] if part["is_wanted"]]


async def test_growth_is_a_lease_of_workers_in_the_same_queue(house: Any) -> None:
    cluster = await running(house)
    grown = await scale(house, cluster["id"], 3)
    assert (grown["workers_asked"], grown["workers_held"], sizes(grown)) == (3, 1, [1, 2])
    part = grown["parts"][1]
    # Asked again for the same, nothing is added.
    assert sizes(await scale(house, cluster["id"], 3)) == [1, 2]
    await house.turn(3)
    view = await get(house, cluster["id"])
    assert (view["workers_held"], view["ready"]) == (3, True)
    spec = house.engine.launcher.specs[(part["lease"], 1)]
    assert (spec.joins, spec.workers) == ((cluster["lease"]["id"], 1), 2)
    assert part["names"] == [f"{part['lease']}-1-worker-{n}" for n in range(2)]
    lease = await house.lease(part["lease"])
    assert (lease["kind"], lease["devices"], lease["state"]) == ("cluster", 2, "active")
    assert lease["cluster"] == cluster["id"]
    assert lease["reserved_microcredits"] > 0
    # In lists it is one cluster, not two.
    assert len(await house.services.clusters.list(await house.actor("ada"))) == 1


async def test_shrinking_ends_whole_leases_the_newest_first(house: Any) -> None:
    cluster = await running(house)
    for workers in (3, 4):
        await scale(house, cluster["id"], workers)
        await house.turn(3)
    view = await get(house, cluster["id"])
    assert sizes(view) == [1, 2, 1]
    assert sizes(await scale(house, cluster["id"], 3)) == [1, 2]
    # Inside a lease nothing can be given back: two stays three.
    assert sizes(await scale(house, cluster["id"], 2)) == [1, 2]
    newest = view["parts"][2]
    await until(house, cluster["id"], lambda v: len(v["parts"]) == 2)
    assert house.engine.launcher.retired == newest["names"]
    ended = await house.lease(newest["lease"])
    assert (ended["state"], ended["reason"]) == ("ended", "completed")
    # The first lease is never shrunk.
    assert sizes(await scale(house, cluster["id"], 0)) == [1]
    assert (await until(house, cluster["id"], lambda v: v["workers_held"] == 1))["ready"]


async def test_what_waits_is_withdrawn_first(house: Any) -> None:
    cluster = await running(house)
    await scale(house, cluster["id"], 3)
    await house.turn(3)
    other = await house.ask("chan", project="language", profile="gpu-1")
    await house.turn(2)
    grown = await scale(house, cluster["id"], 4)
    await house.turn(12)
    waiting = (await get(house, cluster["id"]))["parts"][-1]
    assert waiting["standing"]["position"] == 1
    shrunk = await scale(house, cluster["id"], 3)
    assert sizes(shrunk) == [1, 2]
    assert grown["parts"][-1]["lease"] == waiting["lease"]
    gone = await house.lease(waiting["lease"])
    assert (gone["state"], gone["reason"]) == ("ended", "cancelled")
    assert (await house.lease(other["id"]))["state"] == "admitted"
    assert house.engine.launcher.retired == []


async def test_a_closed_cluster_ends_with_all_its_leases(house: Any) -> None:
    cluster = await running(house)
    await scale(house, cluster["id"], 2)
    await house.turn(3)
    await scale(house, cluster["id"], 6)
    view = await get(house, cluster["id"])
    assert [part["state"] for part in view["parts"]] == ["active", "active", "queued"]
    await house.services.clusters.end(await house.actor("ada"), cluster["id"])
    await until(house, cluster["id"], lambda v: v["state"] == "ended")
    await house.turn(10)
    for part in view["parts"]:
        assert (await house.lease(part["lease"]))["state"] == "ended"
    assert await house.engine.launcher.alive() == []
    with pytest.raises(ConflictError, match="cluster_over"):
        await scale(house, cluster["id"], 2)


@pytest.mark.parametrize("how", ["finish", "vanish", "ask_back"])
async def test_workers_do_not_outlive_their_scheduler(house: Any, how: str) -> None:
    cluster = await running(house)
    await scale(house, cluster["id"], 3)
    await house.turn(3)
    parts = (await get(house, cluster["id"]))["parts"]
    getattr(house.engine, how)(parts[0]["lease"])
    await house.turn(20)
    part = await house.lease(parts[1]["lease"])
    assert part["state"] == "ended"
    alive = await house.engine.launcher.alive()
    assert [lease for lease, _ in alive if lease == parts[1]["lease"]] == []
    again = await get(house, cluster["id"])
    assert again["state"] == ("active" if how == "ask_back" else "ended")
    verified = await house.services.usage.verify(await house.actor("ada"))
    assert verified["ok"]


async def test_workers_that_are_asked_back_come_again(house: Any) -> None:
    cluster = await running(house)
    await scale(house, cluster["id"], 2)
    await house.turn(3)
    part = (await get(house, cluster["id"]))["parts"][1]
    house.engine.ask_back(part["lease"])

    def is_back(view: dict[str, Any]) -> bool:
        return view["parts"][-1]["names"] == [f"{part['lease']}-2-worker-0"] and (
            view["workers_held"] == 2
        )

    await until(house, cluster["id"], is_back)
    await house.turn(2)
    assert house.engine.launcher.specs[(part["lease"], 2)].joins == (cluster["lease"]["id"], 1)


async def test_growth_is_checked_like_everything_else(house: Any) -> None:
    waiting = await house.cluster("ada", workers=1)
    with pytest.raises(ConflictError, match="cluster_not_ready"):
        await scale(house, waiting["id"], 2)
    await house.turn(3)
    for workers in (-1, 65):
        with pytest.raises(InvalidError, match="workers_out_of_range"):
            await scale(house, waiting["id"], workers)
    with pytest.raises(RefusedError, match="more_devices_than_pool"):
        await scale(house, waiting["id"], 7)
    for minimum, maximum in ((-1, 2), (3, 2), (0, 65)):
        with pytest.raises(InvalidError, match="adapt_out_of_range"):
            await adapt(house, waiting["id"], minimum, maximum)
    poor = await house.cluster("ada", project="poor", workers=1)
    await house.turn(3)
    with pytest.raises(RefusedError, match="budget_too_small"):
        await scale(house, poor["id"], 2)
    for stranger in ("chan", "vera"):
        with pytest.raises(NotFoundError):
            await scale(house, waiting["id"], 2, stranger)
        with pytest.raises(NotFoundError):
            await house.services.clusters.log(await house.actor(stranger), waiting["id"])
    # An administrator may; the workers stay the owner's.
    grown = await scale(house, waiting["id"], 2, "root")
    assert (await house.lease(grown["parts"][1]["lease"]))["person"] == "ada"
    await house.turn(3)
    log = await house.services.clusters.log(await house.actor("ada"), waiting["id"])
    assert all(part["lease"] in log for part in grown["parts"])


async def test_a_cluster_follows_what_its_scheduler_wants(house: Any) -> None:
    cluster = await running(house)
    first = cluster["lease"]["id"]
    view = await adapt(house, cluster["id"], 0, 3)
    assert view["adapt"] == {"minimum": 0, "maximum": 3, "wanted": None, "why_not": ""}
    house.engine.launcher.wants[first] = 50
    view = await until(house, cluster["id"], lambda v: v["workers_held"] == 3)
    # One lease for each worker, and never more than the largest number.
    assert sizes(view) == [1, 1, 1]
    assert view["adapt"]["wanted"] == 50
    house.engine.launcher.wants[first] = 0
    begin = house.engine.clock()
    await until(house, cluster["id"], lambda v: v["workers_asked"] < 3)
    assert house.engine.clock() - begin >= 30_000
    await until(house, cluster["id"], lambda v: len(v["parts"]) == 1)
    assert len(house.engine.launcher.retired) == 2
    # By hand it is off.
    await scale(house, cluster["id"], 2)
    house.engine.launcher.wants[first] = 3
    await house.turn(20)
    view = await get(house, cluster["id"])
    assert (view["adapt"], sizes(view)) == (None, [1, 1])
    await adapt(house, cluster["id"], 1, 3)
    assert (await adapt(house, cluster["id"], 0, 0))["adapt"] is None


async def test_waiting_workers_are_not_asked_for_again(house: Any) -> None:
    cluster = await running(house)
    await house.ask("chan", project="language", profile="gpu-2")
    await house.turn(2)
    await adapt(house, cluster["id"], 0, 4)
    house.engine.launcher.wants[cluster["lease"]["id"]] = 4
    await until(house, cluster["id"], lambda v: v["workers_asked"] == 4)
    for _ in range(30):
        await house.turn()
        await asyncio.sleep(0)
    view = await get(house, cluster["id"])
    assert (view["workers_asked"], view["workers_held"]) == (4, 2)


async def test_a_refusal_is_told_and_not_asked_for_all_the_time(house: Any) -> None:
    cluster = await running(house, project="poor")
    await adapt(house, cluster["id"], 0, 4)
    house.engine.launcher.wants[cluster["lease"]["id"]] = 3
    view = await until(house, cluster["id"], lambda v: v["adapt"]["why_not"])
    assert "poor" in view["adapt"]["why_not"]
    assert sizes(view) == [1]


async def act(house: Any, draw: random.Random, cluster_id: str) -> None:
    for lease in (await get(house, cluster_id))["parts"][:1]:
        house.engine.launcher.wants[lease["lease"]] = draw.randint(0, 5)
    if draw.random() < 0.3:
        await adapt(house, cluster_id, 0, draw.randint(0, 4))
    elif draw.random() < 0.4:
        await scale(house, cluster_id, draw.randint(0, 4))
    elif draw.random() < 0.05:
        await house.services.clusters.end(await house.actor("ada"), cluster_id)


@pytest.mark.parametrize("seed", range(6))
async def test_nothing_is_left_whatever_happens(make_house: Any, seed: int) -> None:
    house = make_house(seed, Faults.all())
    await house.open()
    draw = random.Random(seed)
    made: list[str] = []
    try:
        for step in range(60):
            if step % 20 == 0:
                made.append((await house.cluster("ada", workers=1))["id"])
            with contextlib.suppress(ConflictError, RefusedError):
                await act(house, draw, draw.choice(made))
            if draw.random() < 0.1:
                await house.restart()
            await house.turn(draw.randint(1, 6))
        house.engine.calm()
        for cluster_id in made:
            await house.services.clusters.end(await house.actor("ada"), cluster_id)
        leases = house.services.leases
        root = await house.actor("root")
        deadline = time.monotonic() + 20
        while any(x["state"] != "ended" for x in await leases.list(root)):
            assert time.monotonic() < deadline
            await house.turn()
            await asyncio.sleep(0)
        await house.turn(15)
        assert await house.engine.launcher.alive() == []
        assert max(house.engine.launcher.starts.values()) == 1
        usage = await house.services.usage.usage(await house.actor("ada"), project="vision")
        assert usage["projects"][0]["reserved"] == 0
        assert (await house.services.usage.verify(root))["ok"]
    finally:
        house.services.core.store.close()
