"""Nodes with as many devices as wanted, played by kwok: pods on them run at once and do nothing."""

from binaries import kwok_stages
from control_plane import ControlPlane

# Without pod-complete, which would end every Job at once.
_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-delete.yaml",
)
RESOURCE = "nvidia.com/gpu"
# Without leases that are renewed, each node is taken for dead every 50 s, and its pods with it.
_LEASE_S = 40
RUN = "madang-t-"
"""Begins the name of every run, and so of all that it makes. Short: a prefix of queues has at most
20 characters."""

TAINT = {"key": "madang.dev/test", "value": "true", "effect": "NoSchedule"}
"""On nodes of tests, so that nothing of anybody else is put where nothing runs."""

TOLERATION = {"key": "madang.dev/test", "operator": "Exists"}
"""What tests give to whatever they want on their nodes."""


class Nodes:
    """Starts kwok and makes nodes.

    Parameters
    ----------
    taints
        Of each node.
    """

    def __init__(self, plane: ControlPlane, taints: tuple[dict, ...] = ()) -> None:
        self._plane, self._taints = plane, taints

    def start(self) -> None:
        """Start kwok."""
        config = self._plane.folder / "kwok.yaml"
        stages = [(kwok_stages() / each).read_text() for each in _STAGES]
        config.write_text("\n---\n".join(stages))
        self._plane.start_program(
            "kwok",
            [
                *("--config", str(config), "--kubeconfig", str(self._plane.kubeconfig)),
                "--manage-all-nodes=false",
                "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
                *("--node-ip", "127.0.0.1", "--server-address", ""),
                *("--node-lease-duration-seconds", str(_LEASE_S)),
            ],
        )

    def add(self, name: str, devices: int, *, resource: str = RESOURCE, labels=None) -> None:
        """Make a node with devices of a kind."""
        labels = {"type": "kwok", **(labels or {})}
        there = {"cpu": "64", "memory": "512Gi", "pods": "500", resource: str(devices)}
        node = node_body(name, there, labels, self._taints)
        node["metadata"]["annotations"] = {"kwok.x-k8s.io/node": "fake"}
        self._plane.apply(node, status=True)

    def remove(self, name: str) -> None:
        """Delete a node."""
        self._plane.delete(f"/api/v1/nodes/{name}")


def node_body(name: str, there: dict, labels: dict, taints: tuple[dict, ...] = (TAINT,)) -> dict:
    """Return a node that offers something."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "spec": {"taints": list(taints)},
        "status": {"capacity": there, "allocatable": there},
    }
