"""A namespace that enforces `restricted`, a played node, and a launcher with the rights it claims.

The launcher speaks to the API server as an account that has the rights which the chart gives to the
service and no others, so a verb that is missing there fails these tests.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cluster import Cluster
from nodes import TOLERATION
from played_node import PlayedNode

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))

from engines_house import FLAVOR, House

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.engines.kubernetes.client import Api, connect
from madang.engines.kubernetes.launcher import KubernetesLauncher
from madang.engines.kubernetes.names import FINALIZER
from madang.settings.pods import PodSettings

RESOURCE = "example.org/gpu"
ACCOUNT = "launcher"
GOLDEN = Path(__file__).parents[1] / "chart" / "golden" / "service.json"
SETTINGS = PodSettings(image="example.org/user", gpu_image="example.org/user-gpu", start_ms=0)


class KubernetesHouse(House):
    """The launcher of a cluster, with a node that does what the test says.

    Attributes
    ----------
    admin
        A client that may do everything.
    api
        The launcher's own.
    """

    def __init__(self, admin: Api, api: Api, node: PlayedNode, namespace: str) -> None:
        self.admin, self.api, self.node, self.namespace = admin, api, node, namespace
        self.settings = SETTINGS
        self.engine = SimpleNamespace(launcher=self.launcher())  # type: ignore[assignment]

    def launcher(self, api: Any = None, **settings: Any) -> KubernetesLauncher:
        """Return a launcher that knows nothing of any other."""
        flavor = ClusterFlavor(
            name=FLAVOR,
            resource=RESOURCE,
            node_labels={"played": self.node.name},
            tolerations=({"key": RESOURCE, "operator": "Exists"}, TOLERATION),
        )
        # As policies may have: where what needs no device goes.
        cpu = replace(flavor, name="cpu", resource="", tolerations=(TOLERATION,))
        policy = ClusterPolicy(namespace=self.namespace, flavors=(flavor, cpu))
        return KubernetesLauncher(api or self.api, policy, replace(self.settings, **settings))

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    async def pass_time(self, ms: int) -> None:
        await asyncio.sleep(min(ms, 20) / 1000)

    async def finish(self, lease_id: str, exit_code: int) -> None:
        self.node.finish(lease_id, exit_code)

    async def start(self, wanted: Any) -> None:
        """Start as services do, and wait until it has begun, as they do."""
        await self.engine.launcher.start(wanted)

        async def has_begun() -> bool:
            life = await self.engine.launcher.observe(wanted.lease_id, wanted.attempt)
            return life.started_ms is not None

        await self.until(has_begun)

    async def all(self, group: str, plural: str) -> list[dict[str, Any]]:
        """Return all objects of a kind in the namespace."""
        path = f"/{group}/namespaces/{self.namespace}/{plural}"
        return (await self.admin.get(path))["items"]


@asynccontextmanager
async def kubernetes_house(cluster: Cluster) -> AsyncIterator[KubernetesHouse]:
    """Make a namespace and a node, and take them away."""
    name = cluster.name(f"people-{secrets.token_hex(2)}")
    plane = cluster.plane
    await asyncio.to_thread(_make_namespace, cluster, name)
    admin = await connect(cluster.kubeconfig)
    api = await connect(await asyncio.to_thread(plane.account_kubeconfig, name, ACCOUNT))
    try:
        async with PlayedNode(plane, admin, f"{name}-node", {RESOURCE: 64}) as node:
            house = KubernetesHouse(admin, api, node, name)
            await _until_account(admin, name)
            try:
                yield house
            finally:
                house.engine.launcher.tell_ends(None)
                await _clear(house)
    finally:
        await admin.close()
        await api.close()


def _rule(what: str, verbs: list[str]) -> dict[str, list[str]]:
    group, found, rest = what.partition("/")
    is_core = "." not in group and group != "batch"
    resource = what if is_core or not found else rest
    return {"apiGroups": ["" if is_core else group], "resources": [resource], "verbs": verbs}


def _make_namespace(cluster: Cluster, name: str) -> None:
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    meta = {"name": "launcher", "namespace": name}
    rules = [_rule(what, verbs) for what, verbs in json.loads(GOLDEN.read_text()).items()]
    rbac = "rbac.authorization.k8s.io"
    for body in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": level}},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "launcher"},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": name}],
        },
    ):
        cluster.plane.apply(body)


async def _until_account(admin: Api, namespace: str) -> None:
    """Wait for the account without which no pod can be made."""
    path, deadline = f"/api/v1/namespaces/{namespace}/serviceaccounts", time.monotonic() + 20
    while not (await admin.get(path))["items"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def _clear(house: KubernetesHouse) -> None:
    for pod in await house.all("api/v1", "pods"):
        path = f"/api/v1/namespaces/{house.namespace}/pods/{pod['metadata']['name']}"
        if FINALIZER in pod["metadata"].get("finalizers", []):
            await house.admin.patch(path, {"metadata": {"finalizers": []}})
    await house.admin.delete(f"/api/v1/namespaces/{house.namespace}")
