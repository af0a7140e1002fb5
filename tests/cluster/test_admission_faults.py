"""API server, Kueue or service fail: rows and cluster agree afterwards, nothing is held twice."""

import asyncio
import random
import time

import pytest
from engines_house import DEVICES, item
from faulty_api import ApiFaults, FaultyApi
from kubernetes_house import KubernetesHouse
from rows import Rows

from madang.domain.lease import WaitReason
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes import workloads

pytestmark = pytest.mark.timeout(300)
STEPS = 60
FAULTS = {"drop_watch", "gone", "twice", "busy", "cut_before", "cut_after", "old_list"}


@pytest.fixture
async def house(cluster):
    made = KubernetesHouse(cluster)
    await made.open()
    yield made
    await made.close()


def on_cluster(house):
    """Return the Workloads of a house, asked of the real API server."""
    found = house.cluster.plane.ask(workloads.workloads(house.name))
    return {each["metadata"]["name"]: each for each in found["items"]}


async def settled(house, rows, limit_s=60.0):
    """Wait until the cluster has an object for each row and no other, admitted where it is held."""
    deadline = time.monotonic() + limit_s
    while True:
        await rows.look(house.now())
        await rows.agree()
        there = on_cluster(house)
        admitted = {name for name, each in there.items() if workloads.is_admitted(each)}
        idle = await idle_for_nothing(house, rows)
        if (
            set(there) == {*rows.waiting, *rows.held}
            and admitted == set(rows.held)
            and not idle
            and all(workloads.is_same(there[n], one) for n, (one, _) in rows.held.items())
        ):
            return there
        said = (sorted(there), sorted(admitted), sorted(rows.waiting), sorted(rows.held))
        assert time.monotonic() < deadline, f"they do not agree: {said}"
        await asyncio.sleep(0.1)


async def idle_for_nothing(house, rows):
    """Return the leases that would fit, unless devices are collected for one that is before all."""
    told = await house.admission.standings(house.now())
    first = min(rows.waiting, key=lambda name: getattr(told.get(name), "position", 0), default=None)
    if first is not None and rows.waiting[first].devices > rows.free():
        return []
    return [one for one in rows.waiting.values() if one.devices <= rows.free()]


async def day(house, rows, chance, first, last, between=lambda _: None):
    """Play requests, ends and returns."""
    for step in range(first, last):
        act = chance.random()
        if act < 0.5:
            size = chance.randint(1, DEVICES)
            at = house.now() + step
            await rows.ask(f"lease-{step}", size, submitted_ms=at)
        elif act < 0.75 and (names := sorted({*rows.waiting, *rows.held})):
            await rows.end(chance.choice(names))
        elif rows.held:
            await rows.give_back(chance.choice(sorted(rows.held)))
        await rows.look(house.now())
        await asyncio.sleep(chance.random() * 0.1)
        done = between(step)
        if done is not None:
            await done


@pytest.mark.parametrize("seed", range(3))
async def test_a_misbehaving_api_server_loses_and_doubles_nothing(house, seed):
    chance = random.Random(seed)
    proxy = FaultyApi(house.cluster.plane, ApiFaults.all(), seed)
    await proxy.start()
    try:
        await house.reach(proxy.url)
        rows = Rows(house.admission)
        steps = 0
        while steps < STEPS or not set(proxy.injected) >= FAULTS:
            assert steps < 10 * STEPS, f"some faults never came: {proxy.injected}"
            await day(house, rows, chance, steps, steps + 10)
            steps += 10
        proxy.faults = ApiFaults()
        await settled(house, rows)
        await proxy.until_counted()
        # Each object that was made was deleted once, or is there: nothing was made in vain.
        there = on_cluster(house)
        made, deleted = (proxy.counts[(way, "workloads")] for way in ("POST", "DELETE"))
        assert made - deleted == len(there)
        assert len(rows.admissions) == len(set(rows.admissions)), "an attempt was admitted twice"
    finally:
        await house.reach("")
        await proxy.stop()


@pytest.mark.own_cluster("kills Kueue")
async def test_kueue_is_killed_while_leases_wait(house):
    rows = Rows(house.admission)
    for n in range(12):
        await rows.ask(f"lease-{n}", 1, submitted_ms=house.now() + n)
    await settled(house, rows)
    before = set(rows.held)
    assert len(before) == DEVICES
    house.cluster.kueue.kill()
    try:
        gone = sorted(before)[0]
        await rows.end(gone)
        await rows.ask("lease-late", 1, submitted_ms=house.now() + 60_000)
        await rows.look(house.now())
        assert set(rows.held) == before - {gone}
    finally:
        house.cluster.kueue.start()
    await settled(house, rows)
    assert before - {gone} < set(rows.held)
    assert "lease-late" in rows.waiting


@pytest.mark.own_cluster("kills the API server")
async def test_the_api_server_is_killed_while_leases_come_and_go(house):
    rows = Rows(house.admission)
    chance = random.Random(7)

    async def kill():
        await asyncio.to_thread(house.cluster.plane.restart_apiserver)

    await day(house, rows, chance, 0, 30, lambda step: kill() if step == 10 else None)
    await settled(house, rows)
    lists = house.admission.lists()
    assert all(count <= 2 for count in lists.values()), f"listed more than twice: {lists}"


async def test_a_service_that_is_killed_between_any_two_steps_finds_all_again(house):
    rows = Rows(house.admission)
    chance = random.Random(11)

    async def kill():
        # Nothing is flushed or said: tasks are cut off wherever they are.
        await house.restart()
        await rows.restore(house.admission, house.now())

    await day(house, rows, chance, 0, 40, lambda step: kill() if step % 5 == 4 else None)
    await settled(house, rows)
    assert len(rows.admissions) == len(set(rows.admissions))


async def test_what_a_killed_service_left_is_found_and_taken_away(house):
    await house.admission.enqueue(item("lease-left-a"))
    await house.admission.enqueue(item("lease-left-b", DEVICES))
    await house.until(lambda: _count(house, 2))
    await house.restart()
    rows = Rows(house.admission)
    await settled(house, rows)
    assert on_cluster(house) == {}


async def _count(house, count):
    return len(on_cluster(house)) == count


async def test_an_object_deleted_by_hand_comes_again_and_what_is_held_stays_held(house):
    rows = Rows(house.admission)
    for n in range(DEVICES + 2):
        await rows.ask(f"lease-{n}", 1, submitted_ms=house.now() + 1000 * n)
    await settled(house, rows)
    held, waits = sorted(rows.held)[0], sorted(rows.waiting)[0]
    plane = house.cluster.plane
    for name in (held, waits):
        assert plane.ask(f"{workloads.workloads(house.name)}/{name}", method="DELETE")
    await settled(house, rows)
    assert held in rows.held
    assert waits in rows.waiting


async def test_a_person_at_the_cap_waits_and_others_of_the_project_pass(house):
    rows, admission = Rows(house.admission), house.admission
    await admission.set_shares([ProjectShare(project="project-a", max_devices_person=2)])
    for n in range(3):
        await rows.ask(f"lease-{n}", 1, submitted_ms=house.now() + 1_000 * n)
    await rows.ask("lease-other", 1, person="person-b", submitted_ms=house.now() + 9_000)
    await house.until(lambda: _held(house, rows, {"lease-0", "lease-1", "lease-other"}))
    standing = (await admission.standings(house.now() + 2_000))["lease-2"]
    assert standing.reason is WaitReason.PERSON_CAP
    await rows.end("lease-0")
    await house.until(lambda: _held(house, rows, {"lease-1", "lease-2", "lease-other"}))


async def _held(house, rows, names):
    await rows.look(house.now())
    assert set(rows.held) <= names
    return set(rows.held) == names


async def test_a_queue_object_changed_or_deleted_by_hand(house):
    """What an administrator changes by hand stays and is told; what is gone is made again."""
    rows, plane = Rows(house.admission), house.cluster.plane
    await rows.ask("lease-a", 1)
    await settled(house, rows)
    queue = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{house.name}/localqueues/project-a.person-a"
    assert plane.ask(queue, method="DELETE")
    await house.until(lambda: _is_there(plane, queue))
    group = f"/apis/kueue.x-k8s.io/v1beta2/clusterqueues/{house.name}-project-a"
    edit = {"spec": {"stopPolicy": "Hold"}}
    query = "?fieldManager=kubectl-edit"
    assert plane.ask(group + query, edit, "PATCH", "application/merge-patch+json")
    await house.until(lambda: _is_told(house, group))
    assert plane.ask(group)["spec"]["stopPolicy"] == "Hold"
    edit = {"spec": {"stopPolicy": "None"}}
    assert plane.ask(group + query, edit, "PATCH", "application/merge-patch+json")
    await house.until(lambda: _is_told_no_more(house))
    await rows.ask("lease-b", DEVICES - 1, submitted_ms=house.now() + 1_000)
    await settled(house, rows)
    assert set(rows.held) == {"lease-a", "lease-b"}


async def _is_there(plane, path):
    found = plane.ask(path)
    return found is not None and "deletionTimestamp" not in found["metadata"]


async def _is_told(house, path):
    name = path.rpartition("/")[2]
    edited = [one for one in await house.admission.troubles() if one.kind == "edited"]
    return any(one.target == f"clusterqueues/{name}" and one.said for one in edited)


async def _is_told_no_more(house):
    return not await house.admission.troubles()


async def test_a_project_that_the_cluster_refuses_holds_up_nobody_else(house):
    rows = Rows(house.admission)
    await rows.ask("lease-bad", 1, project="Not_A_Name")
    await house.until(lambda: _is_refused(house))
    await rows.ask("lease-a", 1, submitted_ms=house.now() + 1_000)
    await house.until(lambda: _held(house, rows, {"lease-a"}))
    assert set(rows.waiting) == {"lease-bad"}


async def _is_refused(house):
    troubles = await house.admission.troubles()
    return any(one.kind == "refused" and "Not_A_Name" in one.target for one in troubles)
