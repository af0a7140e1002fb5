"""Pods that really run: a lease until its pod does, and a sweep from its submit to its end.

Run by ``make bench-cluster``, contained; no timed test. One node, the chart installed, a person who
submits as the page does. Both sides of a row take turns in one run, on the same node and image.

- **lease**: from the submit of a run to its slot's pod being Running, beside the very same pod made
  bare with the label of a queue, which Kueue's own pod integration holds back and lets go.
- **sweep**: from the submit of 20 runs to the end of the last, beside one Job per run with the
  ``papermill`` command. As many at once as there are devices, on both sides.
"""

import argparse
import asyncio
import contextlib
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cluster" / "node"))

from installed import PEOPLE, PRODUCT, URL, VALUES, Installed
from node_cluster import NodeCluster

from images import REGISTRY, VERSION
from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.client import Api, connect
from madang.stack.demo.look import until
from madang.stack.demo.visitor import Visitor

PARALLEL, RUNS, QUEUE = 2, 20, "bench"
PODS = f"/api/v1/namespaces/{PEOPLE}/pods"
JOBS = f"/apis/batch/v1/namespaces/{PEOPLE}/jobs"
MAPS = f"/api/v1/namespaces/{PEOPLE}/configmaps"
SECRETS = f"/api/v1/namespaces/{PEOPLE}/secrets"
KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
COVERED = ("cpu", "memory", "ephemeral-storage", "nvidia.com/gpu")
SIZE = {"project": "vision-lab", "flavor": "sim-h200", "devices": 1}


def notebook() -> str:
    """Return the notebook that both sides execute."""
    cells = [
        nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("x = seed * 2"),
        nbformat.v4.new_code_cell("print(seed, x)"),
    ]
    kernel = {"name": "python3", "display_name": "Python", "language": "python"}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}))


class Bench:
    """A person, and somebody who makes pods by hand."""

    def __init__(self, api: Api, visitor: Visitor) -> None:
        self._api, self._visitor = api, visitor
        self._spec: dict[str, Any] = {}
        self.steps: dict[str, list[float]] = {}

    async def lease(self) -> float:
        """Return the seconds from the submit of a run to its slot's pod being Running."""
        async with self._running() as seen, self._first() as first:
            began = time.monotonic()
            body = {**SIZE, "notebook": notebook(), "limit_s": 300}
            run = await self._visitor.api("POST", "runs", json=body)
            first["submit answered"] = time.monotonic()
            view = await until(lambda: self._run(run["id"]), lambda v: v["lease"])
            name, at = await seen(lambda pod: label(pod, "lease") == view["lease"])
        for step, when in {**first, "Running": at}.items():
            self.steps.setdefault(step, []).append(when - began)
        pod = await self._api.get(f"{PODS}/{name}")
        self._spec = bare(pod["spec"])
        await self._visitor.api("DELETE", f"runs/{run['id']}")
        await self._visitor.api("DELETE", f"leases/{view['lease']}")
        await self.rest()
        return at - began

    async def bare(self) -> float:
        """Return the seconds from making the same pod to its being Running."""
        name = f"bench-{secrets.token_hex(4)}"
        [source] = [e for e in self._spec["containers"][0]["env"] if "valueFrom" in e]
        kept = source["valueFrom"]["secretKeyRef"]
        await self._api.create(SECRETS, made("Secret", name) | {"stringData": {kept["key"]: "x"}})
        kept["name"] = name
        pod = made("Pod", name, {"kueue.x-k8s.io/queue-name": QUEUE}) | {"spec": self._spec}
        async with self._running() as seen:
            began = time.monotonic()
            await self._api.create(PODS, pod)
            _, at = await seen(lambda pod: pod["metadata"]["name"] == name)
        await self._api.delete(f"{PODS}/{name}", grace_s=0)
        await self.rest()
        return at - began

    async def sweep(self) -> float:
        """Return the seconds of a sweep."""
        began = time.monotonic()
        body = {**SIZE, "notebook": notebook(), "grid": {"seed": list(range(RUNS))}}
        body |= {"max_parallel": PARALLEL, "limit_s": 300}
        sweep = await self._visitor.api("POST", "sweeps", json=body)

        async def look() -> dict[str, Any]:
            return await self._visitor.api("GET", f"sweeps/{sweep['id']}")

        view = await until(look, lambda view: view["ended_ms"] is not None, 600)
        took_s = time.monotonic() - began
        assert view["state"] == "succeeded", view
        await self.rest()
        return took_s

    async def jobs(self) -> float:
        """Return the seconds of as many Jobs; the devices let so many run at once."""
        data = {"in.ipynb": notebook()}
        name = f"bench-{secrets.token_hex(4)}"
        await self._api.create(MAPS, made("ConfigMap", name) | {"data": data})
        spec = {**self._spec, "containers": [dict(self._spec["containers"][0])]}
        main = spec["containers"][0]
        main["env"] = [each for each in main["env"] if "valueFrom" not in each]
        main["volumeMounts"] = [*main["volumeMounts"], {"name": "nb", "mountPath": "/nb"}]
        spec["volumes"] = [*spec["volumes"], {"name": "nb", "configMap": {"name": name}}]
        began, done = time.monotonic(), set()
        version = (await self._api.get(JOBS))["metadata"]["resourceVersion"]
        for number in range(RUNS):
            paths = ("/nb/in.ipynb", f"/tmp/out-{number}.ipynb")
            words = ["papermill", "--no-progress-bar", *paths, "-p", "seed", str(number)]
            main["command"] = words
            body = {"template": {"spec": spec}, "backoffLimit": 4}
            await self._api.create(JOBS, made("Job", f"{name}-{number}") | {"spec": body})
        async for event in self._api.watch(JOBS, version):
            status = event["object"].get("status") or {}
            if status.get("succeeded"):
                done.add(event["object"]["metadata"]["name"])
            assert not any(c["type"] == "Failed" for c in status.get("conditions") or []), event
            if len(done) == RUNS:
                break
        took_s = time.monotonic() - began
        for each in done:
            await self._api.delete(f"{JOBS}/{each}")
        await self.rest()
        return took_s

    async def rest(self) -> None:
        """Wait until nothing runs that a round made."""

        async def leases() -> list[Any]:
            found = await self._visitor.api("GET", "leases")
            return [lease for lease in found if lease["state"] != "ended"]

        async def pods() -> list[Any]:
            found = (await self._api.get(PODS))["items"]
            return [pod for pod in found if pod["status"]["phase"] in ("Pending", "Running")]

        await until(leases, lambda found: not found, 120)
        await until(pods, lambda found: not found, 120)

    async def _run(self, run: str) -> dict[str, Any]:
        return await self._visitor.api("GET", f"runs/{run}")

    @contextlib.asynccontextmanager
    async def _first(self) -> AsyncIterator[dict[str, float]]:
        """Note when each step on the way to a pod is first seen."""
        found: dict[str, float] = {}

        async def follow(path: str, version: str, kind: str) -> None:
            async for event in self._api.watch(path, version):
                now, each = time.monotonic(), event["object"]
                if event["type"] == "BOOKMARK":
                    continue
                found.setdefault(f"{kind} made", now)
                if kind == "Workload" and workloads.is_admitted(each):
                    found.setdefault("admitted", now)
                if kind == "Pod" and each["spec"].get("nodeName"):
                    found.setdefault("on its node", now)

        paths = {"Workload": workloads.workloads(PEOPLE), "Job": JOBS, "Pod": PODS}
        tasks = []
        for kind, path in paths.items():
            version = (await self._api.get(path, limit=1))["metadata"]["resourceVersion"]
            tasks.append(asyncio.create_task(follow(path, version, kind)))
        try:
            yield found
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[Any]:
        """Note when each pod is first told to be Running."""
        version = (await self._api.get(PODS))["metadata"]["resourceVersion"]
        found: dict[str, tuple[dict[str, Any], float]] = {}
        news = asyncio.Event()

        async def follow() -> None:
            async for event in self._api.watch(PODS, version):
                pod = event["object"]
                if (pod.get("status") or {}).get("phase") == "Running":
                    found.setdefault(pod["metadata"]["name"], (pod, time.monotonic()))
                    news.set()

        async def seen(fits: Any) -> tuple[str, float]:
            while True:
                for name, (pod, at) in found.items():
                    if fits(pod):
                        return name, at
                news.clear()
                await asyncio.wait_for(news.wait(), 60)

        task = asyncio.create_task(follow())
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def label(pod: dict[str, Any], key: str) -> str:
    return (pod["metadata"].get("labels") or {}).get(f"madang.dev/{key}", "")


def made(kind: str, name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Return an object of the people's namespace without its contents."""
    groups = {"Job": "batch/v1"}
    metadata = {"name": name, "namespace": PEOPLE, "labels": labels or {}}
    return {"apiVersion": groups.get(kind, "v1"), "kind": kind, "metadata": metadata}


def bare(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the spec of a pod as it was before the cluster added to it."""
    kept = {name: value for name, value in spec.items() if name not in ("nodeName", "priority")}
    # Kueue lets a pod go to the nodes of its flavor.
    return kept | {"restartPolicy": "Never"}


async def queue(api: Api) -> None:
    """Make the queue of the pods that are made bare."""
    flavor = {"name": QUEUE, "resources": [{"name": n, "nominalQuota": "1T"} for n in COVERED]}
    version = "kueue.x-k8s.io/v1beta2"
    for path, kind, spec in (
        (f"{KUEUE}/resourceflavors", "ResourceFlavor", {}),
        (
            f"{KUEUE}/clusterqueues",
            "ClusterQueue",
            {
                "namespaceSelector": {},
                "resourceGroups": [{"coveredResources": COVERED, "flavors": [flavor]}],
            },
        ),
        (f"{KUEUE}/namespaces/{PEOPLE}/localqueues", "LocalQueue", {"clusterQueue": QUEUE}),
    ):
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": QUEUE}, "spec": spec}
        await api.create(path, body)


async def measure(cluster: NodeCluster, installed: Installed, given: argparse.Namespace) -> None:
    """Take the rounds of both rows in turn, and print medians and ratios."""
    api = await connect(cluster.kubeconfig)
    visitor = Visitor(URL, "ada", installed.secret("password"))
    try:
        await visitor.log_in()
        await queue(api)
        bench = Bench(api, visitor)
        leases = await rounds("lease", bench.lease, "bare pod", bench.bare, given.leases)
        for step, values in bench.steps.items():
            print(f"  {step}: {statistics.median(values[1:]):.2f} s after the submit")
        print(f"lease: {leases[0] / leases[1]:.2f} of the time of the bare pod (at most 1.3)")
        sweeps = await rounds("sweep", bench.sweep, "Jobs", bench.jobs, given.sweeps)
        print(f"sweep: {sweeps[1] / sweeps[0]:.1f} times the throughput of Jobs (to reach: 5)")
    finally:
        await visitor.close()
        await api.close()


async def rounds(ours: str, our: Any, peers: str, peer: Any, count: int) -> tuple[float, float]:
    """Return the medians of both sides; the first round of each warms up."""
    found: dict[str, list[float]] = {ours: [], peers: []}
    for number in range(count + 1):
        for name, work in ((ours, our), (peers, peer)):
            took_s = await work()
            print(f"{'warm-up' if not number else f'round {number}'}, {name}: {took_s:.2f} s")
            if number:
                found[name].append(took_s)
    medians = [statistics.median(values) for values in found.values()]
    for name, median in zip(found, medians, strict=True):
        print(f"{name}: median {median:.2f} s of {count}")
    return medians[0], medians[1]


def main() -> None:
    """Start a node, install the chart, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leases", type=int, default=5)
    parser.add_argument("--sweeps", type=int, default=3)
    given = parser.parse_args()
    cluster = NodeCluster(Path(tempfile.mkdtemp(prefix="cluster-")), has_pods=True)
    try:
        cluster.start()
        installed = Installed(cluster, cluster.plane.folder)
        installed.prepare()
        cluster.node.set_devices(PARALLEL, PRODUCT)
        pods = {**VALUES["people"]["pods"], "cpuCount": 0.75}
        installed.put("install", {"people": {**VALUES["people"], "pods": pods}})
        installed.wait_for_pages()
        print(f"images: {REGISTRY} {VERSION}; {PARALLEL} at once, {RUNS} runs", flush=True)
        asyncio.run(measure(cluster, installed, given))
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
