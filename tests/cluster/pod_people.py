"""A namespace as people's pods have it, the hub's rights in it, and what runs in a pod's place.

Nodes here are played, so a pod that is Running serves nothing: :class:`Standin` is the notebook
server that answers on loopback in its place.
"""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from nodes import node_body

# What the design gives the hub, and nothing more.
HUB_RULES = [
    {
        "apiGroups": [""],
        "resources": ["pods", "services", "persistentvolumeclaims", "secrets"],
        "verbs": ["get", "list", "watch", "create", "delete"],
    },
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]},
]
STATIC = "madang-t-static"
UNPLACED = {"madang.test/pool": "nobody"}
"""Labels of no node: pods that stay where the test alone says what becomes of them."""


def until(check, what, patience_s=30.0):
    """Return what a check found as soon as it finds something."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s} s: {what}")


class People:
    """One namespace that accepts `restricted` pods only."""

    def __init__(self, plane, name):
        self.plane, self.name = plane, name
        self._volumes = []
        self.path = f"/api/v1/namespaces/{name}"
        levels = {
            f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")
        }
        self._make("v1", "Namespace", name, {"metadata": {"labels": levels}}, is_inside=False)
        self.kubeconfig = plane.account_kubeconfig(name, "hub")
        rbac = "rbac.authorization.k8s.io/v1"
        self._make(rbac, "Role", "hub", {"rules": HUB_RULES})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "hub"}
        user = {"kind": "ServiceAccount", "namespace": name, "name": "hub"}
        self._make(rbac, "RoleBinding", "hub", {"roleRef": role, "subjects": [user]})
        account = f"{self.path}/serviceaccounts/default"
        until(lambda: plane.ask(account), "the service account that pods get")

    def _make(self, version, kind, name, body, is_inside=True):
        meta = {"name": name, **({"namespace": self.name} if is_inside else {})}
        meta |= body.pop("metadata", {})
        self.plane.apply({"apiVersion": version, "kind": kind, "metadata": meta, **body})

    def volumes(self, count):
        """Offer volumes, as a provisioner would; a played node mounts nothing."""
        for number in range(count):
            spec = {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                # Of no class that there is: a provisioner would wait for the node that it serves.
                "storageClassName": STATIC,
                "hostPath": {"path": "/nowhere"},
                "persistentVolumeReclaimPolicy": "Retain",
            }
            name = f"{self.name}-{number}"
            self._volumes.append(name)
            self._make("v1", "PersistentVolume", name, {"spec": spec}, is_inside=False)

    def quota(self, **hard):
        """Limit the namespace; returns once the limit counts."""
        self._make("v1", "ResourceQuota", "small", {"spec": {"hard": hard}})
        path = f"{self.path}/resourcequotas/small"
        until(lambda: (self.plane.ask(path) or {}).get("status", {}).get("hard"), "the quota")

    def pods(self, **labels):
        """Return the pods that are there, by name."""
        found = self.plane.ask(f"{self.path}/pods")["items"]
        return {
            pod["metadata"]["name"]: pod
            for pod in found
            if all(pod["metadata"]["labels"].get(f"madang.dev/{k}") == v for k, v in labels.items())
        }

    def secrets(self):
        """Return the names of Secrets."""
        return {one["metadata"]["name"] for one in self.plane.ask(f"{self.path}/secrets")["items"]}

    def token(self, name):
        """Return the token in the Secret of a pod."""
        secret = self.plane.ask(f"{self.path}/secrets/{name}")
        return base64.b64decode(secret["data"]["token"]).decode()

    def create(self, body, query=""):
        """Make a pod as an administrator; None when it is refused, see ``plane.said``."""
        return self.plane.ask(f"{self.path}/pods{query}", body)

    def set_status(self, name, **status):
        """Say what became of a pod."""
        path = f"{self.path}/pods/{name}/status"
        body = {"status": status}
        made = self.plane.ask(path, body, "PATCH", "application/merge-patch+json")
        assert made is not None, self.plane.said

    def run(self, name):
        """Let a pod run, as a node does."""
        running = {"running": {"startedAt": "2026-11-30T00:00:00Z"}}
        self.set_status(
            name, phase="Running", podIP="10.9.9.9", containerStatuses=[container(running)]
        )

    def bind(self, name):
        """Place a pod on a node that nobody plays, so that its end takes somebody's word."""
        node = f"{self.name}-silent"
        self.plane.apply(node_body(node, {}, {}))
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        assert self.plane.ask(f"{self.path}/pods/{name}/binding", body), self.plane.said

    def bury(self, name):
        """Say as a node does that a pod's processes have ended."""
        options = {"gracePeriodSeconds": 0}
        return self.plane.ask(f"{self.path}/pods/{name}", options, "DELETE")

    def delete(self):
        """Ask for the end of the namespace; nobody waits for it."""
        self.plane.delete(f"/api/v1/nodes/{self.name}-silent")
        self.plane.delete(self.path)
        for name in self._volumes:
            self.plane.delete(f"/api/v1/persistentvolumes/{name}")


def container(state):
    """Return the status of the notebook's container."""
    return {
        "name": "notebook",
        "image": "madang/user:1",
        "imageID": "",
        "restartCount": 0,
        "ready": "running" in state,
        "state": state,
    }


class Standin:
    """Answers for any notebook server; ``is_up`` False leaves them without an answer."""

    def __init__(self):
        self.is_up = True
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                body = json.dumps({"version": "1"}).encode()
                self.send_response(200 if standin.is_up else 503)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the server's own way

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self):
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
