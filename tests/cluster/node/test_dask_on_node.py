"""Dask clusters of pods on the node: they grow, shrink, and end with whatever they hang on."""

import asyncio
import time
from typing import Any

import pytest
from installed import DEVICES, PEOPLE, Installed
from people import Person, free_devices

from madang.stack.demo.look import until

pytestmark = pytest.mark.timeout(900)
MAKE = """
import time, madang
cluster = madang.Cluster(workers=1)
client = cluster.get_client()
print(cluster.id, client.submit(sum, range(10)).result())
"""
SCALE = """
cluster.scale({workers})
client.wait_for_workers({workers}, timeout=120)
# Work begins its idle time anew.
client.submit(sum, range(11)).result()
print(len(client.scheduler_info(n_workers=-1)["workers"]))
"""
WORK = """
cluster.adapt(minimum=1, maximum=3)
slow = client.map(lambda n: time.sleep(1) or n, range(60), pure=False)
seen = 1
while not all(one.done() for one in slow):
    seen = max(seen, len(client.scheduler_info(n_workers=-1)["workers"]))
    time.sleep(0.2)
print(seen, sum(client.gather(slow)))
"""
FREE_WITHIN_S = 60


async def make(person: Person) -> str:
    """Make a cluster of one worker that computes; return its id."""
    cluster, result = (await person.run(MAKE)).split()
    assert result == "45"
    return cluster


async def lease_of(person: Person, cluster: str) -> dict[str, Any]:
    """Return the first lease of a cluster, ended or not."""
    view = await person.visitor.api("GET", f"clusters/{cluster}")
    return view["lease"]


async def ended(person: Person, cluster: str, limit_s: float) -> dict[str, Any]:
    """Wait for the end of a cluster; return its lease, which says why."""
    began = time.monotonic()
    lease = await until(
        lambda: lease_of(person, cluster), lambda lease: lease["state"] == "ended", limit_s
    )
    print(f"{person.name}: {lease['reason']} after {time.monotonic() - began:.1f} s")
    assert lease["reason_text"]
    return lease


async def until_free(person: Person, devices: int, limit_s: float = FREE_WITHIN_S) -> None:
    """Wait until so many devices are free."""
    await until(lambda: free_devices(person), devices.__eq__, timeout_s=limit_s)


def alive(release: Installed, **labels: str) -> list[str]:
    """Return the names of pods of clusters that have not ended."""
    pods = release.pods(kind="cluster", **labels)
    return [p["metadata"]["name"] for p in pods if p["status"]["phase"] in ("Pending", "Running")]


async def kill(release: Installed, pod: str) -> None:
    """Delete a pod as a node does that is gone: nothing in it hears of it."""
    words = ("-n", PEOPLE, "delete", "pod", pod, "--grace-period=0", "--force")
    await asyncio.to_thread(release.kubectl, *words)


async def test_clusters_grow_shrink_and_end_with_what_they_hang_on(release, people):
    ada, chan = people("ada", "vision-lab"), people("chan", "language-lab")
    await asyncio.gather(ada.start("cpu"), chan.start("cpu"))
    cluster = await make(ada)
    assert await ada.run(SCALE.format(workers=3)) == "3"
    assert await free_devices(ada) == DEVICES - 3
    await ada.run("cluster.scale(1)")
    await until_free(ada, DEVICES - 1)
    await asyncio.gather(adapts_and_ends_idle(ada, cluster), scheduler_is_killed(release, chan))
    await until_free(ada, DEVICES)
    await owner_goes(release, ada)


async def adapts_and_ends_idle(ada: Person, cluster: str) -> None:
    """It follows its work, and once there is none its scheduler ends by itself."""
    seen, total = (await ada.run(WORK)).split()
    assert int(seen) > 1
    assert int(total) == sum(range(60))
    lease = await ended(ada, cluster, 120)
    assert lease["reason"] == "completed", lease


async def scheduler_is_killed(release: Installed, chan: Person) -> None:
    """A cluster without its scheduler has failed: that is told, and its devices are free."""
    cluster = await make(chan)
    lease = await lease_of(chan, cluster)
    [scheduler] = alive(release, lease=lease["id"], role="scheduler")
    await kill(release, scheduler)
    lease = await ended(chan, cluster, FREE_WITHIN_S)
    assert lease["reason"] in ("lost", "failed"), lease
    assert lease["reason_hint"]
    assert alive(release, lease=lease["id"]) == []


async def owner_goes(release: Installed, ada: Person) -> None:
    """A notebook that is gone leaves nobody who could use its cluster: it goes too."""
    cluster = await make(ada)
    notebook = await ada.visitor.notebook_lease()
    [pod] = release.pods(kind="notebook", lease=notebook["id"])
    await kill(release, pod["metadata"]["name"])
    await ended(ada, cluster, FREE_WITHIN_S)
    await until_free(ada, DEVICES)
    assert alive(release) == []
