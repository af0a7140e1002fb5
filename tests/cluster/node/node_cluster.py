"""A test cluster with one real node: control plane and Kueue on loopback, pods that really run."""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import yaml
from binaries import binaries
from contained import OUTER_PID
from control_plane import ControlPlane
from image_tars import BUSYBOX, COREDNS, PAUSE, PAUSE_COMMAND, write_busybox, write_image
from inside import ADDRESS, SERVICES
from kueue import Kueue
from node import NAME, Node
from nodes import Nodes

MANIFESTS = Path(__file__).parent / "manifests"
OUTSIDE = "A node runs in namespaces of its own. Start it with: make test-node, make node-cluster"
_FIRST_SERVICE = "10.0.0.1"


class NodeCluster:
    """Control plane, Kueue and one real node; has what :class:`cluster.Cluster` has.

    Parameters
    ----------
    has_pods
        Whether Kueue's own pod integration is on: what benchmarks compare with.
    """

    def __init__(self, folder: Path, *, has_pods: bool = False) -> None:
        hosts = (ADDRESS, _FIRST_SERVICE, NAME, "kubernetes", "kubernetes.default")
        flags = {
            # All addresses of this namespace; nothing of it is reachable from outside.
            "bind-address": "0.0.0.0",
            "allow-privileged": "true",
            "advertise-address": ADDRESS,
            "endpoint-reconciler-type": "lease",
            "service-cluster-ip-range": SERVICES,
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "kubelet-certificate-authority": str(folder / "certs" / "ca.crt"),
        }
        self.plane = ControlPlane(folder, hosts, flags)
        self.kueue = Kueue(self.plane, has_pods=has_pods)
        self.nodes = Nodes(self.plane)
        self.node = Node(self.plane)
        self.plane.binaries |= binaries("coredns", "kubectl")

    def start(self) -> None:
        """Start everything; returns when a pod finds services by name."""
        self.plane.start()
        self.kueue.install()
        self.node.start()
        self._import_images()
        self.apply_file("kube-router.yaml")
        self.node.start_firewall()
        self.apply_file("storage.yaml")
        self.node.start_storage()
        self.apply_file("coredns.yaml")
        deployment = {"name": "coredns", "namespace": "kube-system"}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": deployment}
        self.plane.wait_for(body, "Available")

    def stop(self) -> None:
        """End everything that was started here; containers end with their namespace."""
        self.plane.stop()

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return self.plane.kubeconfig

    def import_image(self, tar: Path) -> None:
        """Take in an archive of images; pods use them with ``imagePullPolicy: IfNotPresent``."""
        self.node.runtime.import_image(tar)

    def apply_file(self, name: str) -> None:
        """Make all that a file of ``manifests/`` describes."""
        for each in yaml.safe_load_all((MANIFESTS / name).read_text()):
            self.plane.apply(each)

    def _import_images(self) -> None:
        tar = self.plane.folder / "image.tar"
        coredns = {"coredns": self.plane.binaries["coredns"]}
        self.import_image(write_busybox(tar, PAUSE, PAUSE_COMMAND))
        self.import_image(write_busybox(tar, BUSYBOX, ["/bin/sh"]))
        self.import_image(write_image(tar, COREDNS, coredns, ["/coredns"]))


def main() -> int:
    """Start a cluster, say how long it took and how to reach it, and keep it until Ctrl+C."""
    began = time.monotonic()
    made = NodeCluster(Path(tempfile.mkdtemp(prefix="cluster-")))
    try:
        made.start()
        tools = made.plane.binaries["kubectl"].parent
        print(f"up after {time.monotonic() - began:.1f} s; a shell in there, until Ctrl+C here:")
        enter = f"nsenter --all --target {os.environ[OUTER_PID]}"
        print(f"{enter} env KUBECONFIG={made.kubeconfig} PATH={tools}:$PATH bash", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        made.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
