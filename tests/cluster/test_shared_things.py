"""What tests share on one cluster: nodes that stay alive, and nothing left behind by another."""

from collections.abc import Iterator

import leftovers
import pytest
from cluster import Cluster
from pod_people import until


@pytest.fixture
def node(cluster: Cluster) -> Iterator[str]:
    name = cluster.name("shared")
    cluster.nodes.add(name, 1)
    yield name
    cluster.nodes.remove(name)


@pytest.mark.own_cluster("looks at kwok, which plays nodes of our own cluster alone")
def test_a_node_of_kwok_renews_its_lease(cluster: Cluster, node: str) -> None:
    """Kubernetes would take it for dead after 50 s, and its pods with it."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}"
    first = until(lambda: cluster.plane.ask(path), "the lease")["spec"]["renewTime"]
    until(lambda: cluster.plane.ask(path)["spec"]["renewTime"] != first, "its renewal", 40)


def test_what_tests_leave_behind_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "_GONE_S", 0.2)
    before = leftovers.shared(cluster.plane, cluster.run)
    leftovers.check(cluster.plane, before, cluster.run)
    name = cluster.name("left-behind")
    cluster.nodes.add(name, 1)
    try:
        with pytest.raises(AssertionError, match=f"/api/v1/nodes/{name}"):
            leftovers.check(cluster.plane, before, cluster.run)
    finally:
        cluster.nodes.remove(name)
    leftovers.check(cluster.plane, before, cluster.run)
