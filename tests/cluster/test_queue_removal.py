"""What an installation leaves on a cluster when it goes: its queues, and nobody else's."""

import asyncio
import json
import os
import sys

import pytest
from engines_house import item
from kubernetes_house import KubernetesHouse

from madang.engines.kubernetes.clearing import remove_queues

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
QUEUES = ("clusterqueues", "cohorts", "resourceflavors")


@pytest.fixture
async def houses(cluster):
    made = [KubernetesHouse(cluster), KubernetesHouse(cluster)]
    for house in made:
        await house.open()
    yield made
    for house in made:
        await house.close()


def there(house):
    """Return the names of the queue objects of an installation."""
    chosen = f"?labelSelector=madang.dev/pool%3D{house.name}"
    paths = [f"{KUEUE}/{plural}{chosen}" for plural in QUEUES]
    paths.append(f"{KUEUE}/namespaces/{house.name}/localqueues{chosen}")
    found = [each for path in paths for each in house.cluster.plane.ask(path)["items"]]
    return {each["metadata"]["name"] for each in found}


async def test_queues_go_once_no_lease_needs_them_and_those_of_others_stay(houses):
    ours, theirs = houses
    for house in houses:
        await house.admission.enqueue(item(f"lease-{house.name}", 1))
        await house.admitted(f"lease-{house.name}")
    before = there(theirs)
    await ours.admission.close()
    cleared = await remove_queues(ours.api, ours.name, ours.name)
    assert (cleared.removed, cleared.leases) == ((), (f"lease-{ours.name}",))
    assert there(ours)
    path = f"{KUEUE}/namespaces/{ours.name}/workloads/lease-{ours.name}"
    assert await ours.api.delete(path)
    cleared = await remove_queues(ours.api, ours.name, ours.name)
    assert cleared.leases == ()
    assert len(cleared.removed) >= 4
    deadline = asyncio.get_running_loop().time() + 30
    # Kueue holds a queue until it has seen that nothing is in it.
    while there(ours):
        assert asyncio.get_running_loop().time() < deadline, there(ours)
        await asyncio.sleep(0.1)
    assert there(theirs) == before
    assert await remove_queues(ours.api, ours.name, ours.name) == type(cleared)((), ())


async def test_the_command_says_what_it_did_and_what_it_cannot_read(houses):
    house = houses[0]
    env = {**os.environ, "KUBECONFIG": str(house.cluster.kubeconfig)}

    async def command(*words):
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "madang.cli.main", "remove-queues", *words),
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await made.communicate()
        return made.returncode, out.decode(), err.decode()

    status, out, err = await command("--namespace", "no-such", "--prefix", "nobody", "--json")
    assert (status, json.loads(out)) == (0, {"removed": [], "leases": []}), err
    status, _, err = await command("--namespace", "../x")
    assert status != 0
    assert "../x" in err
    assert "madang-people" in err
