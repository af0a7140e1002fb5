"""Whatever is killed, what runs goes on, who waits keeps the place, and nothing starts twice.

One installation lives through all tests of this file, in their order.
"""

import asyncio
import json
import os
import signal
import time
from types import SimpleNamespace

import pytest
import pytest_asyncio

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # for a machine that is busy with other things
]

WAITING = ("chan", "dana", "eve", "finn", "gil")
"""They wait in one project, so that the time of the request alone is their order."""

SET_UP = """
import json, os, threading, time, madang
kept, count = 4711, 0
def tick():
    global count
    while True:
        count += 1
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
def step(number):
    time.sleep(0.1)
    return number
cluster = madang.Cluster(workers=2)
client = cluster.get_client()
futures = client.map(step, range(3000), pure=False)
"""
LOOK = """
print(json.dumps({
    "pid": os.getpid(), "kept": kept, "count": count,
    "done": sum(future.done() for future in futures),
    "sum": client.submit(sum, range(2000), pure=False, priority=9).result(60),
    "workers": sorted(client.run(os.getpid).values()),
}))
"""
MARK = "from pathlib import Path; import time\nopen(marks, 'a').write('{n}\\n'); time.sleep(2)"
UNTIL_TOLD = "while not Path(marks + '.go').exists():\n    time.sleep(0.1)\nprint('told')"
CELLS = [MARK.format(n=n) for n in range(4)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(build_house, notebook, tmp_path_factory):
    """A full pool: ada's notebook, cluster and run; five people wait."""
    house = build_house(4)
    began = time.monotonic()
    await asyncio.to_thread(house.up)
    print(f"up: {time.monotonic() - began:.2f} s")
    w = SimpleNamespace(house=house, marks=tmp_path_factory.mktemp("marks") / "cells")
    w.ada = await house.visitor("ada")
    w.people = {name: await house.visitor(name) for name in WAITING}
    await w.ada.spawn("vision-lab", "gpu-1")
    w.lease = await w.ada.until_ready(60)
    w.kernel = await house.kernel(w.ada)
    await w.kernel.execute(SET_UP)
    w.cluster = (await w.ada.api("GET", "clusters"))[0]
    body = {
        "name": "long",
        "project": "vision-lab",
        "notebook": notebook(*CELLS, UNTIL_TOLD, parameters="marks = ''"),
        "parameters": {"marks": str(w.marks)},
        "limit_s": 600,
    }
    w.run = await w.ada.api("POST", "runs", json=body)
    w.run = await house.until(lambda: run_of(w), lambda run: run["cells_done"] > 0, 40)
    for name in WAITING:
        await w.people[name].spawn("open", "gpu-1")
    w.places = await house.until(lambda: places(w), lambda found: len(found) == 5, 20)
    assert tuple(name for _, name, _, _ in w.places) == WAITING
    w.records = records(w)
    w.seen = json.loads(await w.kernel.execute(LOOK))
    w.servers = house.servers(w.lease["id"])
    yield w
    await w.kernel.leave()
    for visitor in (w.ada, *w.people.values()):
        await visitor.close()


async def run_of(w):
    return await w.ada.api("GET", f"runs/{w.run['id']}")


async def places(w):
    """Return who stands where: (position, person, lease, time of the request)."""
    found = []
    for name, visitor in w.people.items():
        lease = await visitor.notebook_lease()
        if lease.get("standing"):
            place = lease["standing"]["position"]
            found.append((place, name, lease["id"], lease["submitted_ms"]))
    return sorted(found)


def records(w):
    leases = (w.lease["id"], w.cluster["lease"]["id"], w.run["lease"])
    return {lease: w.house.records(lease) for lease in leases}


async def check_unharmed(w):
    """Everything that ran or waited before still does, once."""
    assert await w.house.until(lambda: places(w), lambda found: len(found) == 5, 20) == w.places
    lease = await w.ada.notebook_lease()
    same = ("id", "attempt", "started_ms", "state", "device_ids")
    assert [lease[key] for key in same] == [w.lease[key] for key in same]
    cluster = (await w.ada.api("GET", "clusters"))[0]
    assert [cluster["lease"][key] for key in same] == [w.cluster["lease"][key] for key in same]
    assert records(w) == w.records
    assert w.house.servers(w.lease["id"]) == w.servers
    assert len(w.servers) == 1
    run = await run_of(w)
    assert (run["state"], run["attempt"], run["lease"]) == ("running", 1, w.run["lease"])
    await w.house.reconnect(w.kernel)
    seen = json.loads(await w.kernel.execute(LOOK))
    fixed = ("pid", "kept", "sum", "workers")
    assert [seen[key] for key in fixed] == [w.seen[key] for key in fixed]
    assert seen["count"] > w.seen["count"]
    assert seen["done"] > w.seen["done"]
    w.seen = seen


@pytest.mark.parametrize("part", ["hub", "service", "proxy"])
async def test_a_killed_part_comes_back_and_nobody_notices(world, part):
    took = await world.house.kill(part)
    reachable = await world.house.until_server_answers("ada")
    print(f"{part}: {took}, ada's server reachable {reachable} s later")
    await check_unharmed(world)


async def test_all_parts_killed_at_once(world):
    took = await world.house.kill("hub", "service", "proxy")
    reachable = await world.house.until_server_answers("ada")
    print(f"all: {took}, ada's server reachable {reachable} s later")
    await check_unharmed(world)


async def test_the_supervisor_killed_and_up_again(world):
    house = world.house
    house.kill_supervisor()
    parts = {name: house.part(name) for name in ("hub", "service", "proxy")}
    assert all(part.is_alive for part in parts.values())
    began = time.monotonic()
    await asyncio.to_thread(house.up)
    print(f"up again: {time.monotonic() - began:.2f} s")
    await house.until_server_answers("ada")
    await check_unharmed(world)


async def test_a_killed_kernel_costs_its_memory_and_nothing_else(world):
    os.kill(world.seen["pid"], signal.SIGKILL)

    async def pid():
        await world.house.reconnect(world.kernel)
        return int(await world.kernel.execute("import os; print(os.getpid())"))

    await world.house.until(pid, lambda found: found != world.seen["pid"], 30)
    assert "gone" in await world.kernel.execute("print(globals().get('kept', 'gone'))")
    lease = await world.ada.notebook_lease()
    assert (lease["id"], lease["attempt"]) == (world.lease["id"], world.lease["attempt"])
    assert world.house.servers(world.lease["id"]) == world.servers


async def test_who_waits_starts_although_the_hub_forgot_them(world):
    """Three places come free; the first three of the queue get them, in their order."""
    await world.ada.stop_server()
    await world.ada.api("DELETE", f"clusters/{world.cluster['id']}")
    began = time.monotonic()
    turns = [world.people[name].until_ready(60) for _, name, _, _ in world.places[:3]]
    for lease, (_, _, lease_id, submitted_ms) in zip(
        await asyncio.gather(*turns), world.places[:3], strict=True
    ):
        assert (lease["id"], lease["submitted_ms"]) == (lease_id, submitted_ms)
        assert lease["attempt"] == 1
        assert len(world.house.servers(lease_id)) == 1
    print(f"three servers ready {time.monotonic() - began:.1f} s after the devices came free")
    left = await places(world)
    assert [place[1:] for place in left] == [place[1:] for place in world.places[3:]]


async def test_a_killed_server_ends_its_lease_and_frees_the_device(world):
    name, lease_id = world.places[0][1:3]
    visitor = world.people[name]
    before = await visitor.notebook_lease()
    os.kill(world.house.record(before, "server").pid, signal.SIGKILL)
    began = time.monotonic()

    async def lease():
        return await visitor.api("GET", f"leases/{lease_id}")

    after = await world.house.until(lease, lambda found: found["state"] == "ended", 15)
    print(f"ended {time.monotonic() - began:.2f} s after kill -9")
    assert after["reason"] == "failed"
    assert after["reason_text"]
    assert after["reason_hint"]
    following = world.people[world.places[3][1]]
    ready = await following.until_ready(60)
    assert ready["id"] == world.places[3][2]
    assert ready["device_ids"] == before["device_ids"]
    assert time.monotonic() - began < 20
    server = await world.house.until(visitor.server, lambda found: not found, 40)
    assert not server


async def test_the_run_succeeds_each_cell_once(world):
    (world.marks.parent / "cells.go").touch()
    run = await world.house.until(
        lambda: run_of(world), lambda found: found["state"] not in ("queued", "running"), 30
    )
    assert (run["state"], run["attempt"]) == ("succeeded", 1), run
    assert run["cells_done"] == run["cells_total"] == 6
    assert run["has_output"]
    assert world.marks.read_text().split() == ["0", "1", "2", "3"]


async def test_the_ledger_verifies_and_nothing_is_left(world):
    result = await world.ada.api("GET", "ledger/verify")
    assert result["ok"], result
    assert result["entries"] > 4
    await asyncio.to_thread(world.house.down)
    assert world.house.processes() == []
