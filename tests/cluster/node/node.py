"""One real node: containerd, kubelet, kube-proxy, and what enforces network policies."""

import json
from pathlib import Path

from binaries import binaries
from container_runtime import ContainerRuntime
from control_plane import ADMINS, ControlPlane
from image_tars import BUSYBOX
from inside import ADDRESS, PODS, SERVICES

NAME = "node-1"
DNS = "10.0.0.10"
_PROGRAMS = ("kubelet", "kube-proxy", "kube-router", "local-path-provisioner")


class Node:
    """Starts the programs of a node, and says what it has.

    Parameters
    ----------
    plane
        Its API server has to listen on an address that the node and its pods reach.
    """

    name, address, kubelet = NAME, ADDRESS, "kubelet"

    def __init__(self, plane: ControlPlane, runtime: ContainerRuntime | None = None) -> None:
        self._plane = plane
        self._folder = plane.folder / self.kubelet
        self.runtime = runtime or ContainerRuntime(plane.folder)
        plane.binaries |= binaries(*_PROGRAMS)
        names = (self.name, self.address)
        plane.ca.sign(f"{self.kubelet}-server", f"system:node:{self.name}", "system:nodes", *names)

    def start(self) -> None:
        """Start all; returns when the node is ready."""
        self._folder.mkdir()
        self._plane.programs["containerd"] = self.runtime.start()
        self._start_kubelet()
        self._start_proxy()
        self._wait_ready()

    def _wait_ready(self) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name}}
        self._plane.wait_for(node, "Ready")

    def set_devices(self, count: int, product: str = "", resource: str = "nvidia.com/gpu") -> None:
        """Give the node devices that only the scheduler knows of, as a device plugin would."""
        key = resource.replace("/", "~1")
        change = [{"op": "add", "path": f"/status/capacity/{key}", "value": str(count)}]
        self._patch("/status", change)
        labels = {"nvidia.com/gpu.present": "true", "nvidia.com/gpu.product": product}
        self.set_labels(labels if product else {})

    def cordon(self, is_closed: bool) -> None:
        """Close the node to new pods, or open it."""
        body = {"spec": {"unschedulable": is_closed}}
        path = f"/api/v1/nodes/{self.name}"
        made = self._plane.ask(path, body, "PATCH", "application/merge-patch+json")
        assert made is not None, f"not cordoned: {self._plane.said}"

    def set_labels(self, labels: dict[str, str]) -> None:
        """Give the node labels."""
        path = f"/api/v1/nodes/{self.name}"
        body = {"metadata": {"labels": labels}}
        made = self._plane.ask(path, body, "PATCH", "application/merge-patch+json")
        assert made is not None, f"no labels: {self._plane.said}"

    def _patch(self, end: str, change: list[dict]) -> None:
        path = f"/api/v1/nodes/{self.name}{end}"
        made = self._plane.ask(path, change, "PATCH", "application/json-patch+json")
        assert made is not None, f"not patched: {self._plane.said}"

    def _start_kubelet(self) -> None:
        user = f"system:node:{self.name}"
        kubeconfig = self._plane.make_kubeconfig(self.kubelet, user, "system:nodes")
        flags = {
            "config": self._write(f"{self.kubelet}.yaml", self._kubelet_config()),
            "kubeconfig": kubeconfig,
            "root-dir": self._folder,
            "cert-dir": self._folder / "pki",
            "hostname-override": self.name,
            "node-ip": self.address,
        }
        self._start(self.kubelet, flags)

    def _start_proxy(self) -> None:
        kubeconfig = self._plane.make_kubeconfig("kube-proxy", "system:kube-proxy")
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "hostnameOverride": NAME,
            "clusterCIDR": PODS,
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            # A limit for the whole kernel, not for this namespace.
            "conntrack": {"maxPerCore": 0, "min": 0},
            "iptables": {"minSyncPeriod": "0.2s"},
        }
        self._start("kube-proxy", {"config": self._write("kube-proxy.yaml", config)})

    def start_firewall(self) -> None:
        """Have network policies enforced by packet filters."""
        kubeconfig = self._plane.make_kubeconfig("kube-router", "kube-router")
        flags = {
            "kubeconfig": kubeconfig,
            "hostname-override": NAME,
            "run-firewall": "true",
            "run-router": "false",
            "run-service-proxy": "false",
            "enable-cni": "false",
            "service-cluster-ip-range": SERVICES,
            "v": "1",
        }
        self._start("kube-router", flags)

    def start_storage(self) -> None:
        """Have claims get volumes: folders of this node, made and deleted by helper pods."""
        kubeconfig = self._plane.make_kubeconfig("storage", "storage", ADMINS)
        config = self._write("storage.json", {"sharedFileSystemPath": "/var/lib/volumes"})
        flags = {
            "kubeconfig": kubeconfig,
            "config": config,
            "namespace": "local-path-storage",
            "configmap-name": "local-path-config",
            "service-account-name": "local-path-provisioner",
            "helper-image": BUSYBOX,
        }
        argv = [f"--{key}={value}" for key, value in flags.items()]
        self._plane.start_program("local-path-provisioner", ["start", *argv])

    def _start(self, name: str, flags: dict) -> None:
        argv = [f"--{key}={value}" for key, value in flags.items()]
        self._plane.start_program(name, argv)

    def _write(self, name: str, body: dict) -> Path:
        path = self._plane.folder / name
        # JSON is YAML too, and one of the readers knows only that.
        path.write_text(json.dumps(body))
        return path

    def _kubelet_config(self) -> dict:
        certs, resolver = self._plane.certs, self._folder / "resolv.conf"
        resolver.write_text("")
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.address,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self._plane.ca.path)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(certs / f"{self.kubelet}-server.crt"),
            "tlsPrivateKeyFile": str(certs / f"{self.kubelet}-server.key"),
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,
            "failSwapOn": False,
            "containerRuntimeEndpoint": self.runtime.socket,
            "podLogsDir": str(self._folder / "pod-logs"),
            "volumePluginDir": str(self._folder / "volume-plugins"),
            "resolvConf": str(resolver),
            "clusterDNS": [DNS],
            "clusterDomain": "cluster.local",
            "serializeImagePulls": False,
            # A full disk of this machine is no reason to end pods, nor to delete images that
            # no registry would give again.
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%"},
            "imageGCHighThresholdPercent": 100,
            "nodeStatusUpdateFrequency": "2s",
        }
