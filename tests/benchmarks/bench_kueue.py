"""A thousand leases at once through the service, beside as many gated pods of Kueue's integration.

Run by ``make bench-cluster``; no timed test. All sides ask one control plane in the same run, in
turn, with quota for all, and each is over when the last is admitted: leases when the service has
told so to whoever waits, pods when Kueue has let go of their Workload. ``engine`` is the same
admission without service, database and HTTP. Neither etcd nor PostgreSQL waits for a disk. CPU
seconds are told apart for each program; pods that are let go are placed and started by scheduler
and kwok, which take their share of the machine.
"""

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))
sys.path.append(str(Path(__file__).parents[1] / "faults"))

from bench_hubs import Tree
from bench_table import end_orderly
from cluster import Cluster
from engines_house import FLAVOR, item
from served_leases import Place, Served, served

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
NAME, PODS = "bench", "pods"
QUEUE_S, CLEARED_S = 60.0, 300.0
MOST_ASKED = 12
SAMPLING = "5m"
"""As install-kubernetes.md tells a site."""
PROGRAMS = ("kube-apiserver", "kueue", "etcd", "kube-scheduler", "kwok")
Cpu = dict[str, float]


def cpu_s(cluster: Cluster, service: Served) -> Cpu:
    """Return CPU seconds of each program so far, and of this one, which plays the crowd."""
    found = {name: Tree(cluster.plane.programs[name].process.pid).cpu_s() for name in PROGRAMS}
    own = os.times()
    return found | service.cpu_s() | {"crowd": own.user + own.system}


def requests(cluster: Cluster) -> Cpu:
    """Return how many requests the API server has answered of each kind, but for watches."""
    plane, found = cluster.plane, Counter[str]()
    for line in plane._http.request("GET", f"{plane.url}/metrics").data.decode().splitlines():
        if not line.startswith("apiserver_request_total{"):
            continue
        labels, _, count = line.rpartition(" ")
        of = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        what = "/".join(filter(None, (of["resource"], of["subresource"])))
        if of["verb"] != "WATCH":
            found[f"{of['verb']} {what}"] += float(count)
    return dict(found)


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


async def pods(api: Api, namespace: str, name: str, count: int, queue: str) -> float:
    """Return the seconds until that many gated pods are let go by Kueue."""
    path = f"/api/v1/namespaces/{namespace}/pods"
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
        async for event in api.watch(workloads.workloads(namespace), version):
            if event["type"] != "BOOKMARK" and workloads.is_admitted(event["object"]):
                admitted.add(event["object"]["metadata"]["name"])
                if len(admitted) == count:
                    return

    version = (await api.get(workloads.workloads(namespace)))["metadata"]["resourceVersion"]
    watching = asyncio.create_task(follow(version))
    await asyncio.gather(*(make(number) for number in range(count)))
    await asyncio.wait_for(watching, 600)
    return time.monotonic() - began


async def clear(api: Api, name: str) -> None:
    """Delete what a round made, and wait until it is gone."""
    # Pods first: while there is one, Kueue makes its Workload again.
    for path in (f"/api/v1/namespaces/{name}/pods", workloads.workloads(name)):
        await api.delete(path)
        deadline = time.monotonic() + CLEARED_S
        while (await api.get(path, limit=1))["items"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is not empty after {CLEARED_S:.0f} s")
            for each in (await api.get(path))["items"]:
                free = {"metadata": {"finalizers": None}}
                if each["metadata"].get("finalizers"):
                    with contextlib.suppress(NotFoundError):
                        await api.patch(f"{path}/{each['metadata']['name']}", free)
            await asyncio.sleep(0.5)


class Sides:
    """What is measured in turn, on one cluster with one service."""

    def __init__(self, cluster: Cluster, api: Api, service: Served, count: int) -> None:
        self._cluster, self._api, self._service, self._count = cluster, api, service, count
        self._people = [f"p{number:04d}" for number in range(count)]

    def all(self) -> dict[str, Callable[[int], Awaitable[float]]]:
        """Return each side by its name."""
        return {"service": self._leases, "engine": self._engine, "pods": self._pods}

    async def prepare(self) -> None:
        """Let people arrive, and make pods a door of their own to the queue of their project."""
        await self._service.arrive(self._people)
        # The service makes one for each member, at the first lease; pods here have no person.
        body = {
            "apiVersion": workloads.VERSION,
            "kind": "LocalQueue",
            "metadata": {"name": PODS},
            "spec": {"clusterQueue": await self._project_queue()},
        }
        await self._api.create(f"/apis/{workloads.VERSION}/namespaces/{NAME}/localqueues", body)

    async def _project_queue(self) -> str:
        deadline = time.monotonic() + QUEUE_S
        while time.monotonic() < deadline:
            found = await self._api.get(f"/apis/{workloads.VERSION}/clusterqueues")
            for each in found["items"]:
                return str(each["metadata"]["name"])
            await asyncio.sleep(0.1)
        raise TimeoutError(f"the service made no queue for its project within {QUEUE_S:.0f} s")

    async def measure(self, side: str, number: int) -> tuple[float, Cpu]:
        """Return seconds until the last is admitted, and CPU seconds by program."""
        asked, before = requests(self._cluster), cpu_s(self._cluster, self._service)
        took_s = await self.all()[side](number)
        after = cpu_s(self._cluster, self._service)
        more = Counter(requests(self._cluster))
        more.subtract(asked)
        cpu = {name: after[name] - before[name] for name in after}
        sys.stdout.write(f"round {number + 1}, {side}: {took_s:.1f} s, {told(cpu)}\n")
        often = [f"{what} {n / self._count:.2f}" for what, n in more.most_common(MOST_ASKED)]
        sys.stdout.write(f"  requests for each: {', '.join(often)}\n")
        sys.stdout.flush()
        began = time.monotonic()
        await self._clear(side, number)
        sys.stdout.write(f"  ended and cleared in {time.monotonic() - began:.1f} s\n")
        sys.stdout.flush()
        return took_s, cpu

    async def _leases(self, _: int) -> float:
        return await self._service.admitted(self._people)

    async def _engine(self, number: int) -> float:
        return await leases(self._api, _apart(self._cluster, number), self._count)

    async def _pods(self, number: int) -> float:
        return await pods(self._api, NAME, f"r{number}", self._count, PODS)

    async def _clear(self, side: str, number: int) -> None:
        if side == "service":
            await self._service.end(self._people)
        await clear(self._api, f"{NAME}-{number}" if side == "engine" else NAME)


def _apart(cluster: Cluster, number: int) -> str:
    """Make a namespace for an engine that no service knows of."""
    name = f"{NAME}-{number}"
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


async def rounds(
    cluster: Cluster, count: int, times: int, sides: list[str]
) -> dict[str, list[tuple[float, Cpu]]]:
    """Measure all sides in turn: seconds, and CPU seconds by program."""
    for number in range(NODES):
        cluster.nodes.add(f"bench-{number}", DEVICES, labels={KIND: NAME})
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
    place = Place(
        kubeconfig=cluster.kubeconfig,
        namespace=NAME,
        node_label=(KIND, NAME),
        devices=NODES * DEVICES,
    )
    found: dict[str, list[tuple[float, Cpu]]] = {side: [] for side in sides}
    api = await connect(cluster.kubeconfig)
    try:
        async with served(place) as service:
            made = Sides(cluster, api, service, count)
            await made.prepare()
            for number in range(times):
                for side in sides if number % 2 == 0 else sides[::-1]:
                    found[side].append(await made.measure(side, number))
    finally:
        await api.close()
    return found


def told(cpu: Cpu) -> str:
    """Return CPU seconds in words, those that matter."""
    return "CPU s: " + ", ".join(f"{name} {value:.1f}" for name, value in cpu.items())


def main() -> None:
    """Print rates, medians and the ratios."""
    end_orderly()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", default="service,engine,pods", help="which, in which order")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="madang-cluster-"))
    cluster = Cluster(folder, has_pods=True, usage_sampling=SAMPLING)
    try:
        cluster.start()
        found = asyncio.run(rounds(cluster, args.count, args.rounds, args.sides.split(",")))
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    rates = {}
    for side, values in found.items():
        rates[side] = args.count / statistics.median(took for took, _ in values)
        cpu = {name: statistics.median(each[name] for _, each in values) for name in values[0][1]}
        print(f"{side}: {rates[side]:.0f} admitted a second (median), {told(cpu)}")
    for side in ("service", "engine"):
        if {side, "pods"} <= rates.keys():
            print(f"{side} to pods: {rates[side] / rates['pods']:.1f} times (to reach: 2)")


if __name__ == "__main__":
    main()
