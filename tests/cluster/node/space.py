"""A namespace of the cluster as one test uses it: by kubectl, like a person."""

import json
import subprocess

import yaml
from image_tars import BUSYBOX
from node_cluster import NodeCluster

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


class Space:
    """Makes objects in one namespace and asks for them.

    Parameters
    ----------
    labels
        Of the namespace, such as the pod security that it enforces.
    """

    def __init__(self, cluster: NodeCluster, name: str, labels: dict | None = None) -> None:
        self.cluster, self.name = cluster, name
        metadata = {"name": name, "labels": labels or {}}
        cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess:
        """Run kubectl here, whatever it says."""
        binary, config = self.cluster.plane.binaries["kubectl"], self.cluster.kubeconfig
        argv = [str(binary), "--kubeconfig", str(config), "--namespace", self.name, *words]
        return subprocess.run(argv, input=given, capture_output=True, text=True, timeout=100)

    def kubectl(self, *words: str, given: str = "") -> str:
        """Run kubectl here and return what it says; it has to succeed."""
        done = self.run(*words, given=given)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}\n{self.story()}"
        return done.stdout

    def make(self, *objects: dict) -> None:
        """Make objects."""
        self.kubectl("apply", "--filename", "-", given=yaml.safe_dump_all(objects))

    def wait(self, what: str, until: str = "condition=Ready", limit_s: int = 60) -> None:
        """Wait for an object, such as ``pod/a``, as ``kubectl wait --for`` does."""
        self.kubectl("wait", what, f"--for={until}", f"--timeout={limit_s}s")

    def get(self, what: str) -> dict:
        """Return an object."""
        return json.loads(self.kubectl("get", what, "--output", "json"))

    def story(self) -> str:
        """Return what happened here, for a test that fails."""
        return self.run("get", "events", "--sort-by=.lastTimestamp").stdout[-3000:]

    def delete(self) -> None:
        """Delete the namespace; nobody waits until its pods have ended."""
        self.run("delete", "namespace", self.name, "--wait=false")
        self.run("delete", "pods", "--all", "--grace-period=0", "--force", "--wait=false")


def pod(name: str, script: str = "sleep 3600", **spec) -> dict:
    """Return a pod of one container that runs a script of busybox's shell.

    Parameters
    ----------
    spec
        What else its container has; ``labels`` and ``pod`` go to the pod itself.
    """
    labels, rest = spec.pop("labels", {}), spec.pop("pod", {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "restartPolicy": "Never",
            "containers": [container(script, **spec)],
            **rest,
        },
    }


def container(script: str, **spec) -> dict:
    """Return a container that runs a script of busybox's shell."""
    return {"name": "main", "image": BUSYBOX, "command": ["/bin/sh", "-c", script], **spec}
