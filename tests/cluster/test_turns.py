"""On a cluster the order is that of our own queue, between projects and inside them."""

import asyncio

import pytest
from engines_house import DEVICES, FLAVOR
from kubernetes_house import KubernetesHouse
from rows import Rows

from madang.domain.lease import LeaseClass, WaitReason
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.turns import PATIENCE_MS

pytestmark = pytest.mark.timeout(300)
HOUR_MS = 3_600_000


@pytest.fixture
async def house(cluster):
    made = KubernetesHouse(cluster)
    await made.open()
    yield made
    await made.close()


def on_cluster(house):
    found = house.cluster.plane.ask(workloads.workloads(house.name))
    return {each["metadata"]["name"]: each for each in found["items"]}


def active(house):
    """Return who waits and may be chosen by Kueue."""
    return {
        name
        for name, each in on_cluster(house).items()
        if not workloads.is_stopped(each) and not workloads.is_admitted(each)
    }


async def holds(house, rows, count):
    await rows.look(house.now())
    return len(rows.held) == count


async def are_there(house, count):
    return len(on_cluster(house)) == count


async def serve(house, rows, count):
    """End one lease after the other, the first that came first; return who came for it."""
    served = []
    for _ in range(count):
        before = set(rows.held)
        await rows.end(next(iter(rows.held)))
        await house.until(lambda: holds(house, rows, DEVICES))
        served += sorted(set(rows.held) - before)
    return served


async def test_a_project_that_used_nothing_goes_before_one_that_asked_first(house):
    rows = Rows(house.admission)
    used = ProjectShare(project="project-a", usage_device_ms=1_000 * HOUR_MS)
    await house.admission.set_shares([used, ProjectShare(project="project-b")])
    for n in range(3 * DEVICES):
        await rows.ask(f"a-{n:02}", 1, submitted_ms=house.now() + n)
    await house.until(lambda: holds(house, rows, DEVICES))
    for n in range(3):
        at = house.now() + HOUR_MS + n
        await rows.ask(f"b-{n}", 1, project="project-b", submitted_ms=at)
    await house.until(lambda: are_there(house, 3 * DEVICES + 3))
    # None of those who wait may be chosen, and each reads that devices are busy.
    assert active(house) == set()

    async def are_placed():
        told = await house.admission.standings(house.now())
        places = {name: one.position for name, one in told.items()}
        assert {one.reason for one in told.values()} == {WaitReason.DEVICES_BUSY}
        return [places[f"b-{n}"] for n in range(3)] == [1, 2, 3]

    await house.until(are_placed)
    assert await serve(house, rows, 5) == ["b-0", "b-1", "b-2", "a-04", "a-05"]


async def test_inside_a_project_class_goes_before_use(house):
    rows = Rows(house.admission)
    for n in range(DEVICES):
        await rows.ask(f"held-{n}", 1, person="person-heavy", submitted_ms=house.now() + n)
    await house.until(lambda: holds(house, rows, DEVICES))
    await rows.ask("light-run", 1, person="person-light", submitted_ms=house.now() + 1_000)
    await rows.ask(
        "heavy-notebook",
        1,
        person="person-heavy",
        lease_class=LeaseClass.INTERACTIVE,
        submitted_ms=house.now() + HOUR_MS,
    )
    await house.until(lambda: are_there(house, DEVICES + 2))
    assert await serve(house, rows, 2) == ["heavy-notebook", "light-run"]


async def test_a_guarantee_is_asked_back_at_once_although_its_project_asked_last(house):
    rows = Rows(house.admission)
    owner = ProjectShare(
        project="project-b", guaranteed={FLAVOR: 2}, usage_device_ms=1_000 * HOUR_MS
    )
    await house.admission.set_shares([ProjectShare(project="project-a"), owner])
    for n in range(3 * DEVICES):
        await rows.ask(f"a-{n:02}", 1, submitted_ms=house.now() + n)
    await house.until(lambda: holds(house, rows, DEVICES))
    for n in range(3):
        at = house.now() + HOUR_MS + n
        await rows.ask(f"b-{n}", 1, project="project-b", submitted_ms=at)

    async def has_both():
        await rows.look(house.now())
        return {"b-0", "b-1"} <= set(rows.held)

    await house.until(has_both)
    # The third is beyond the guarantee and waits for its turn, behind those who used less.
    served = await serve(house, rows, 2)
    assert [name[0] for name in served] == ["a", "a"]
    assert "b-2" in rows.waiting


async def test_a_burst_that_fits_is_admitted_without_ever_being_stopped(house):
    rows, seen = Rows(house.admission), []
    api, path = house.api, workloads.workloads(house.name)
    version = (await api.get(path))["metadata"]["resourceVersion"]

    async def follow():
        async for event in api.watch(path, version):
            if event["type"] != "BOOKMARK":
                seen.append(event["object"])

    following = asyncio.create_task(follow())
    try:
        share = ProjectShare(project="project-a", max_devices_person=DEVICES)
        await house.admission.set_shares([share])
        for n in range(DEVICES):
            await rows.ask(f"lease-{n}", 1, submitted_ms=house.now() + n)
        await house.until(lambda: holds(house, rows, DEVICES))

        async def are_seen():
            admitted = [one["metadata"]["name"] for one in seen if workloads.is_admitted(one)]
            return len(set(admitted)) == DEVICES

        await house.until(are_seen)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert not [one for one in seen if workloads.is_stopped(one)]


async def test_what_is_free_is_collected_for_a_large_lease_that_is_first(house):
    rows = Rows(house.admission)
    for n in range(2):
        await rows.ask(f"held-{n}", 2, submitted_ms=house.now() + n)
    await house.until(lambda: holds(house, rows, 2))
    await rows.ask("large", DEVICES, person="person-b", submitted_ms=house.now() + 1_000)
    for n in range(3):
        at = house.now() + 2_000 + n
        await rows.ask(f"small-{n}", 1, person="person-b", submitted_ms=at)
    await house.until(lambda: are_there(house, 6))
    await rows.end("held-0")

    async def may_be_chosen():
        return active(house) == {"large"}

    await house.until(may_be_chosen)
    await rows.end("held-1")
    await house.until(lambda: holds(house, rows, 1))
    assert set(rows.held) == {"large"}


async def test_after_a_restart_the_same_are_next_and_everybody_gets_a_turn(house):
    rows = Rows(house.admission)
    for n in range(DEVICES + 3):
        await rows.ask(f"lease-{n}", 1, submitted_ms=house.now() + 1_000 * n)
    await house.until(lambda: holds(house, rows, DEVICES))
    await house.until(lambda: are_there(house, DEVICES + 3))
    await house.restart()
    await rows.restore(house.admission, house.now())
    assert active(house) == set()
    assert await serve(house, rows, 3) == [f"lease-{n}" for n in range(DEVICES, DEVICES + 3)]


async def test_what_kueue_took_out_of_turn_is_kept_and_counted(house):
    rows, plane = Rows(house.admission), house.cluster.plane
    used = ProjectShare(project="project-a", usage_device_ms=1_000 * HOUR_MS)
    await house.admission.set_shares([used, ProjectShare(project="project-b")])
    for n in range(DEVICES + 1):
        await rows.ask(f"a-{n}", 1, submitted_ms=house.now() + n)
    await house.until(lambda: holds(house, rows, DEVICES))
    await rows.ask("b-0", 1, project="project-b", submitted_ms=house.now() + HOUR_MS)
    await house.until(lambda: are_there(house, DEVICES + 2))
    path = f"{workloads.workloads(house.name)}/a-{DEVICES}"
    assert plane.ask(path, {"spec": {"active": True}}, "PATCH", "application/merge-patch+json")
    queue = f"/apis/kueue.x-k8s.io/v1beta2/clusterqueues/{house.name}-project-b"
    await hold(house, queue, "Hold")
    await rows.end("a-0")
    await house.until(lambda: holds(house, rows, DEVICES))
    assert f"a-{DEVICES}" in rows.held

    async def may_be_chosen():
        return active(house) == set()

    await house.until(may_be_chosen)
    await hold(house, queue, "None")
    assert await serve(house, rows, 1) == ["b-0"]


async def test_a_project_whose_queue_was_stopped_by_hand_holds_up_others_for_seconds_only(house):
    rows = Rows(house.admission)
    used = ProjectShare(project="project-a", usage_device_ms=1_000 * HOUR_MS)
    await house.admission.set_shares([used, ProjectShare(project="project-b")])
    queue = f"/apis/kueue.x-k8s.io/v1beta2/clusterqueues/{house.name}-project-b"
    await house.until(lambda: is_there(house, queue))
    await hold(house, queue, "Hold")
    for n in range(DEVICES + 2):
        at = house.now() + 1_000 * n
        await rows.ask(f"b-{n}", 1, project="project-b", submitted_ms=at)
    for n in range(DEVICES):
        await rows.ask(f"a-{n}", 1, submitted_ms=house.now() + HOUR_MS + n)
    await house.until(lambda: are_there(house, 2 * DEVICES + 2))
    assert active(house) == {f"b-{n}" for n in range(DEVICES)}
    await house.pass_time(PATIENCE_MS)
    await house.until(lambda: holds(house, rows, DEVICES))
    assert {name[0] for name in rows.held} == {"a"}
    await hold(house, queue, "None")
    # Who of it is first says Kueue, since all of these may be chosen.
    assert {name[0] for name in await serve(house, rows, 3)} == {"b"}


async def is_there(house, path):
    return house.cluster.plane.ask(path) is not None


async def hold(house, path, policy):
    """Stop a queue by hand, or let it go on."""
    edit, query = {"spec": {"stopPolicy": policy}}, "?fieldManager=kubectl-edit"
    plane = house.cluster.plane
    assert plane.ask(path + query, edit, "PATCH", "application/merge-patch+json")
