"""A thousand leases at once, admitted by Kueue, beside as many gated pods of its own integration.

Run by ``make bench-cluster``; no timed test. Both sides ask one control plane in the same run, in
turn, with quota for all, and both are over when the last is admitted. CPU seconds are those of API
server and Kueue together.
"""

import argparse
import asyncio
import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))

from cluster import Cluster
from engines_house import FLAVOR, item

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.admission import KubernetesAdmission
from madang.engines.kubernetes.client import Api, connect
from madang.engines.ports import Admitted
from madang.errors import NotFoundError
from madang.units import now_ms

KIND = "madang.dev/kind"
NODES, DEVICES = 200, 8
BESIDE = 24


def cpu_s(cluster: Cluster) -> float:
    """Return CPU seconds of API server and Kueue so far."""
    ticks = 0
    for name in ("kube-apiserver", "kueue"):
        pid = cluster.plane.programs[name].process.pid
        after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(after[11]) + int(after[12])
    return ticks / 100


async def leases(api: Api, name: str, count: int) -> float:
    """Return the seconds until that many leases are admitted."""
    flavor = ClusterFlavor(name=FLAVOR, node_labels={KIND: "bench"})
    policy = ClusterPolicy(namespace=name, prefix=name, flavors=(flavor,))
    admission = KubernetesAdmission(api, policy)
    await admission.open()
    await admission.set_shares([ProjectShare(project="project-a", guaranteed={FLAVOR: count})])
    wake = asyncio.Event()
    admission.tell_decisions(wake.set)
    began, admitted = time.monotonic(), set()
    for number in range(count):
        at = now_ms()
        await admission.enqueue(item(f"{name}-{number}", submitted_ms=at))
    while len(admitted) < count:
        await asyncio.wait_for(wake.wait(), 120)
        wake.clear()
        events = await admission.poll(now_ms())
        admitted |= {event.lease_id for event in events if isinstance(event, Admitted)}
    took_s = time.monotonic() - began
    await admission.close()
    return took_s


async def pods(api: Api, name: str, count: int, queue: str) -> float:
    """Return the seconds until that many gated pods are let go by Kueue."""
    path = f"/api/v1/namespaces/{name}/pods"
    asked = {"nvidia.com/gpu": "1"}
    gate = asyncio.Semaphore(BESIDE)

    async def make(number: int) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-{number}",
                "labels": {"kueue.x-k8s.io/queue-name": queue},
            },
            "spec": {
                "restartPolicy": "Never",
                "nodeSelector": {KIND: "bench"},
                "containers": [{"name": "c", "image": "c", "resources": {"limits": asked}}],
            },
        }
        async with gate:
            await api.create(path, body)

    began, admitted = time.monotonic(), set()

    async def follow(version: str) -> None:
        async for event in api.watch(workloads.workloads(name), version):
            if event["type"] != "BOOKMARK" and workloads.is_admitted(event["object"]):
                admitted.add(event["object"]["metadata"]["name"])
                if len(admitted) == count:
                    return

    version = (await api.get(workloads.workloads(name)))["metadata"]["resourceVersion"]
    watching = asyncio.create_task(follow(version))
    await asyncio.gather(*(make(number) for number in range(count)))
    await asyncio.wait_for(watching, 600)
    return time.monotonic() - began


async def clear(api: Api, name: str) -> None:
    """Delete what a round made, and wait until it is gone."""
    for path in (workloads.workloads(name), f"/api/v1/namespaces/{name}/pods"):
        await api.delete(path)
        while (await api.get(path, limit=1))["items"]:
            for each in (await api.get(path))["items"]:
                free = {"metadata": {"finalizers": None}}
                if each["metadata"].get("finalizers"):
                    with contextlib.suppress(NotFoundError):
                        await api.patch(f"{path}/{each['metadata']['name']}", free)
            await asyncio.sleep(0.5)


async def rounds(cluster: Cluster, count: int, times: int) -> dict[str, list[tuple[float, float]]]:
    """Measure both sides in turn: seconds and CPU seconds."""
    api = await connect(cluster.kubeconfig)
    try:
        return await _rounds(api, cluster, count, times)
    finally:
        await api.close()


async def _rounds(
    api: Api, cluster: Cluster, count: int, times: int
) -> dict[str, list[tuple[float, float]]]:
    for number in range(NODES):
        cluster.nodes.add(f"bench-{number}", DEVICES, labels={KIND: "bench"})
    found: dict[str, list[tuple[float, float]]] = {"leases": [], "pods": []}
    for number in range(times):
        name = f"bench-{number}"
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        cluster.plane.apply(namespace)
        for side in ("leases", "pods"):
            before = cpu_s(cluster)
            if side == "leases":
                took_s = await leases(api, name, count)
            else:
                took_s = await pods(api, name, count, "project-a")
            found[side].append((took_s, cpu_s(cluster) - before))
            print(f"round {number + 1}, {side}: {took_s:.1f} s, {found[side][-1][1]:.1f} CPU s")
            await clear(api, name)
    return found


def main() -> None:
    """Print rates, medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="madang-cluster-"))
    cluster = Cluster(folder, has_pods=True)
    try:
        cluster.start()
        found = asyncio.run(rounds(cluster, args.count, args.rounds))
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    rates = {}
    for side, values in found.items():
        rates[side] = args.count / statistics.median(took for took, _ in values)
        cpu = statistics.median(cpu for _, cpu in values)
        print(f"{side}: {rates[side]:.0f} admitted a second (median), {cpu:.1f} CPU s")
    print(f"ratio: {rates['leases'] / rates['pods']:.1f} times (to reach: 2)")


if __name__ == "__main__":
    main()
