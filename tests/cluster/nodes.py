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


class Nodes:
    """Starts kwok and makes nodes."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

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
        labels = {"kubernetes.io/hostname": name, "type": "kwok", **(labels or {})}
        there = {"cpu": "64", "memory": "512Gi", "pods": "500", resource: str(devices)}
        self._plane.apply(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {
                    "name": name,
                    "labels": labels,
                    "annotations": {"kwok.x-k8s.io/node": "fake"},
                },
                "status": {"capacity": there, "allocatable": there},
            },
            status=True,
        )

    def remove(self, name: str) -> None:
        """Delete a node."""
        self._plane.delete(f"/api/v1/nodes/{name}")
