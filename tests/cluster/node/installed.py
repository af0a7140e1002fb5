"""Madang as an administrator installs it with helm on the node, and how its people reach it."""

import base64
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml
from binaries import binary
from control_plane import is_open
from node_cluster import NodeCluster

from images import archives, values

CHART = Path(__file__).parents[3] / "helm" / "madang"
RELEASE, PLATFORM, PEOPLE = "madang", "madang", "madang-people"
HOST, DASHBOARD_HOST = "gpu.madang.test", "dash.madang.test"
URL, PRODUCT = f"http://{HOST}", "NVIDIA-H200"
DEVICES = 4
_SMALL = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
_PROJECT = {"tier": "research", "grant": 500}

VALUES: dict[str, Any] = {
    "publicUrl": f"{URL}/",
    "dashboards": {"url": f"http://{DASHBOARD_HOST}:8091/"},
    "postgresql": {"enabled": True, "storage": {"size": "1Gi"}, "resources": _SMALL},
    "hub": {"storage": {"size": "1Gi"}, "resources": _SMALL},
    "service": {"storage": {"size": "1Gi"}, "resources": _SMALL},
    "proxy": {"resources": _SMALL},
    "people": {
        "home": {"size": "1Gi"},
        # The machine of the tests has two cores, and what a pod asks for is what it may use.
        "pods": {"cpuCount": 0.25, "memoryGib": 1, "sharedMemoryGib": 1, "scratchGib": 1},
    },
    "policy": {
        "admins": ["admin"],
        "rates": {"sim-h200": 1, "cpu": 0},
        "stop_grace": "5s",
        "tiers": {"research": {"max_devices_person": 4, "max_hours": 48}},
        "projects": {
            "vision-lab": {**_PROJECT, "title": "Vision lab", "members": {"ada": "owner"}},
            "language-lab": {**_PROJECT, "title": "Language lab", "members": {"chan": "owner"}},
        },
        "kubernetes": {
            "flavors": {
                "sim-h200": {
                    "resource": "nvidia.com/gpu",
                    "memory_gib": 141,
                    "node_labels": {"nvidia.com/gpu.product": PRODUCT},
                }
            }
        },
    },
    "profiles": {
        "cpu": {"cpu": 0.3, "memory_gib": 1},
        "gpu-1": {"cpu": 0.3, "memory_gib": 1},
        "gpu-2": {
            "titles": {"ko": "GPU 2개", "en": "2 GPUs"},
            "devices": 2,
            "cpu": 0.3,
            "memory_gib": 1,
        },
    },
}


class Installed:
    """One release; what it says is kept for a test that fails.

    Parameters
    ----------
    folder
        For files of values.
    """

    def __init__(self, cluster: NodeCluster, folder: Path) -> None:
        self.plane, self._cluster, self._folder = cluster.plane, cluster, folder

    def prepare(self) -> None:
        """Give the node its images and (only said) devices."""
        for tar in archives().values():
            self._cluster.import_image(tar)
        self._cluster.node.set_devices(DEVICES, PRODUCT)

    def put(self, verb: str, changes: dict[str, Any] | None = None) -> str:
        """Install or upgrade, and wait until all of it answers."""
        given = self._folder / f"{verb}-{time.monotonic_ns()}.yaml"
        pictures = values()
        pictures["images"]["userGpu"] = {"repository": "user"}
        # Policies are looked at after the Service's address was changed for that of the server.
        network = {"network": {"kubeApi": {"ports": [443, self.plane.port]}}}
        given.write_text(yaml.safe_dump({**VALUES, **pictures, **network, **(changes or {})}))
        create = ("--create-namespace",) if verb == "install" else ()
        said = self.helm(verb, RELEASE, str(CHART), "--values", str(given), "--wait", *create)
        self.open_doors()
        return said

    def helm(self, *words: str, limit_s: int = 300) -> str:
        """Run helm on the release's namespace; return what it printed."""
        binary_ = os.environ.get("MADANG_HELM") or str(binary("helm"))
        argv = [binary_, *words, "--namespace", PLATFORM]
        if words[0] != "list":
            argv += ["--timeout", f"{limit_s}s"]
        made = subprocess.run(
            argv,
            env={**os.environ, "KUBECONFIG": str(self.plane.kubeconfig)},
            capture_output=True,
            text=True,
            timeout=limit_s + 30,
        )
        assert made.returncode == 0, f"{made.stderr}\n{made.stdout[-3000:]}\n{self.story()}"
        return made.stdout

    def kubectl(self, *words: str) -> str:
        """Run kubectl; return what it printed, whatever it says."""
        argv = [str(self.plane.binaries["kubectl"]), "--kubeconfig", str(self.plane.kubeconfig)]
        done = subprocess.run([*argv, *words], capture_output=True, text=True, timeout=100)
        return done.stdout + done.stderr

    def remove(self) -> None:
        """Uninstall, and delete all that a release leaves: volumes, and what people still run."""
        self.helm("uninstall", RELEASE, "--wait")
        for pod in self.pods():
            path = f"/api/v1/namespaces/{PEOPLE}/pods/{pod['metadata']['name']}"
            free = {"metadata": {"finalizers": None}}
            self.plane.ask(path, free, "PATCH", "application/merge-patch+json")
        for namespace in (PLATFORM, PEOPLE):
            self.kubectl("delete", "namespace", namespace, "--timeout=90s")

    def story(self) -> str:
        """Return what happened, for a test that fails."""
        parts = []
        for namespace in (PLATFORM, PEOPLE):
            parts.append(self.kubectl("-n", namespace, "get", "pods,jobs,pvc", "-o", "wide"))
            events = self.kubectl("-n", namespace, "get", "events", "--sort-by=.lastTimestamp")
            parts.append(events[-2500:])
        for name in ("hub", "service", "proxy"):
            where = ("-n", PLATFORM, "logs", f"deployment/madang-{name}", "--tail=40")
            parts.append(f"== {name}\n{self.kubectl(*where)[-4000:]}")
        return "\n".join(parts)

    def secret(self, key: str) -> str:
        """Return what the generated Secret holds under a key."""
        found = self.plane.ask(f"/api/v1/namespaces/{PLATFORM}/secrets/madang-secrets")
        return base64.b64decode(found["data"][key]).decode()

    def open_doors(self) -> None:
        """Let this machine find proxy and dashboards by the names that people use."""
        lines = ["127.0.0.1 localhost"]
        for service, host in (("madang-proxy", HOST), ("madang-service", DASHBOARD_HOST)):
            found = self.plane.ask(f"/api/v1/namespaces/{PLATFORM}/services/{service}")
            lines.append(f"{found['spec']['clusterIP']} {host}")
        # Its own /etc: that of the machine is not touched.
        Path("/etc/hosts").write_text("\n".join(lines) + "\n")

    def pods(self, namespace: str = PEOPLE, **labels: str) -> list[dict[str, Any]]:
        """Return pods with these labels of ours."""
        found = self.plane.ask(f"/api/v1/namespaces/{namespace}/pods")["items"]
        wanted = {f"madang.dev/{key}": value for key, value in labels.items()}
        return [
            pod for pod in found if wanted.items() <= (pod["metadata"].get("labels") or {}).items()
        ]

    def wait_for_pages(self, limit_s: float = 60.0) -> None:
        """Wait until the proxy has the routes of hub and service."""
        deadline = time.monotonic() + limit_s
        pages = (f"{URL}/services/madang/healthz", f"{URL}/hub/health")
        while not all(is_open(page) for page in pages):
            assert time.monotonic() < deadline, self.story()
            time.sleep(0.2)

    def names(self, kind: str, namespace: str = "") -> set[str]:
        """Return the names of all objects of a kind, such as ``pvc``."""
        where = ("-n", namespace) if namespace else ()
        said = json.loads(self.kubectl(*where, "get", kind, "-o", "json"))
        return {each["metadata"]["name"] for each in said["items"]}
