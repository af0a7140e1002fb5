"""A played node lives with a cluster where others act too: pods end, go and come meanwhile."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from cluster import Cluster
from played_node import PlayedNode
from pod_people import until

from madang.engines.kubernetes.client import Api, connect
from madang.errors import RefusedError

LEASE = "lease-played"


@pytest.fixture
async def api(cluster: Cluster) -> AsyncIterator[Api]:
    made = await connect(cluster.kubeconfig)
    yield made
    await made.close()


@pytest.fixture
def node(cluster: Cluster, api: Api) -> PlayedNode:
    """A node that looks at nothing by itself: what it saw last is what the test gives it."""
    return PlayedNode(cluster.plane, api, cluster.name(f"played-{secrets.token_hex(2)}"), {})


@pytest.fixture
def pods(cluster: Cluster) -> Iterator[str]:
    """Where pods of these tests are."""
    name = cluster.name(f"pods-{secrets.token_hex(2)}")
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    # Kubernetes makes it, and refuses pods before.
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    until(lambda: cluster.plane.ask(account), "the account")
    yield f"/api/v1/namespaces/{name}/pods"
    cluster.plane.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
async def path(api: Api, node: PlayedNode, pods: str) -> AsyncIterator[str]:
    """The pod of a node, which waits for its start."""
    await make_pod(api, pods, node.name)
    yield f"{pods}/{node.name}"
    await api.delete(f"{pods}/{node.name}", grace_s=0)


async def make_pod(api: Api, pods: str, node: str) -> None:
    spec: dict[str, Any] = {"nodeName": node, "restartPolicy": "Never"}
    spec |= {"containers": [{"name": "main", "image": "i"}], "automountServiceAccountToken": False}
    spec["volumes"] = [{"name": "v", "emptyDir": {}}]
    metadata = {"name": node, "labels": {"madang.dev/lease": LEASE}}
    await api.create(pods, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


async def test_who_ended_a_pod_meanwhile_is_right(api: Api, node: PlayedNode, path: str) -> None:
    waiting = await api.get(path)
    await node.tend(waiting)
    node.finish(LEASE, 3)
    await node.tend(await api.get(path))
    # It still sees the pod wait, and would start it.
    await node.tend(waiting)
    after = await api.get(path)
    assert after["status"]["phase"] == "Failed"
    assert after["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


async def test_another_pod_of_the_same_name_is_left_alone(
    api: Api, node: PlayedNode, pods: str, path: str
) -> None:
    first = await api.get(path)
    await api.delete(path, grace_s=0)
    await make_pod(api, pods, node.name)
    await node.tend(first)
    assert (await api.get(path))["status"]["phase"] == "Pending"


async def test_a_pod_that_is_gone_is_no_trouble(api: Api, node: PlayedNode, path: str) -> None:
    seen = await api.get(path)
    await api.delete(path, grace_s=0)
    await node.tend(seen)


async def test_a_refusal_of_what_is_as_it_was_seen_is_told(
    api: Api, node: PlayedNode, path: str
) -> None:
    await node.tend(await api.get(path))
    node.finish(LEASE, 1 << 40)
    with pytest.raises(RefusedError):
        await node.tend(await api.get(path))
