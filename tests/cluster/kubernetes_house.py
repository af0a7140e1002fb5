"""The house of the engine contract for Kubernetes: a real Kueue decides, kwok plays the nodes."""

import asyncio
import itertools
from types import SimpleNamespace

from cluster import Cluster
from engines_house import DEVICES, FLAVOR, House, item
from nodes import TOLERATION

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes.admission import KubernetesAdmission
from madang.engines.kubernetes.client import connect
from madang.units import now_ms

_numbers = itertools.count(1)
KIND = "madang.dev/kind"


class KubernetesHouse(House):
    """An engine with a namespace, queues and a node of its own."""

    # A minute: here an event is the work of four programs, and each look takes 50 ms.
    looks = 1_200

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.name = cluster.name(f"house-{next(_numbers)}")
        self._now = now_ms()
        where = {"node_labels": {KIND: self.name}, "tolerations": (TOLERATION,)}
        flavor = ClusterFlavor(name=FLAVOR, **where)
        self.policy = ClusterPolicy(namespace=self.name, prefix=self.name, flavors=(flavor,))

    async def open(self) -> None:
        """Make namespace and node, and follow the cluster."""
        plane = self.cluster.plane
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        self.cluster.nodes.add(self.name, DEVICES, labels={KIND: self.name})
        self.api = await connect(self.cluster.kubeconfig)
        await self._build()
        await self.until(self._has_devices)

    async def _has_devices(self) -> bool:
        return len(await self.admission.devices()) == DEVICES

    async def _build(self) -> None:
        self.admission = KubernetesAdmission(self.api, self.policy, clock=self.now)
        await self.admission.open()
        # A test that asks for another port of this engine fails by itself.
        self.engine = SimpleNamespace(admission=self.admission)

    async def close(self) -> None:
        """Follow the cluster no more, and delete what was made on it."""
        await self.admission.close()
        await self.api.close()
        plane = self.cluster.plane
        group = "/apis/kueue.x-k8s.io/v1beta2"
        plane.delete(f"{group}/namespaces/{self.name}/workloads")
        plane.delete(f"/api/v1/namespaces/{self.name}")
        chosen = f"?labelSelector=madang.dev/pool%3D{self.name}"
        for plural in ("clusterqueues", "cohorts", "resourceflavors"):
            plane.delete(f"{group}/{plural}{chosen}")
        self.cluster.nodes.remove(self.name)

    def now(self) -> int:
        return self._now

    async def pass_time(self, ms: int) -> None:
        self._now += ms
        await asyncio.sleep(min(ms, 50) / 1000)

    async def lend_and_ask_back(self) -> str:
        owner = ProjectShare(project="project-b", guaranteed={FLAVOR: DEVICES})
        await self.admission.set_shares([ProjectShare(project="project-a"), owner])
        await self.admission.enqueue(item("lease-borrower", DEVICES))
        await self.admitted("lease-borrower")
        await self.admission.enqueue(item("lease-owner", 1, project="project-b"))
        return "lease-borrower"

    async def reach(self, server: str) -> None:
        """Go on by way of another address of the API server; empty for the real one."""
        await self.admission.close()
        await self.api.close()
        path = self.cluster.plane.make_server_kubeconfig(self.name, server) if server else None
        self.api = await connect(path or self.cluster.kubeconfig)
        await self._build()

    async def restart(self) -> None:
        await self.admission.close()
        await self._build()
