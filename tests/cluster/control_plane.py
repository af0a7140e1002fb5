"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler.

Nothing of it is reachable from elsewhere, ports and authority are its own, and all of it is gone
after :meth:`ControlPlane.stop`. What the flags are for: facts about one machine without containers.
"""

import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from binaries import CONTROL_PLANE, binaries
from certificates import Authority, write_token_key
from processes import Program, free_ports

ADMINS = "system:masters"


class ControlPlane:
    """The four programs, and who may speak with them.

    Parameters
    ----------
    folder
        Data, certificates and logs; deleted by whoever made it.
    hosts
        Names and addresses that the API server answers to besides loopback.
    flags
        Flags of the API server that differ, for a cluster with a real node.
    """

    def __init__(self, folder: Path, hosts: tuple = (), flags: dict | None = None) -> None:
        self.folder, self._flags = folder, flags or {}
        self.certs = folder / "certs"
        self.binaries = binaries(*CONTROL_PLANE)
        self.etcd_port, self._peer_port, self.port = free_ports(3)
        self.ca = Authority(self.certs, "ca")
        front = Authority(self.certs, "front-proxy-ca")
        front.sign("front-proxy", "front-proxy-client")
        service = "kubernetes.default.svc"
        self.ca.sign("apiserver", "kube-apiserver", "", "127.0.0.1", "localhost", service, *hosts)
        self.ca.sign("kubelet-client", "apiserver-kubelet-client", ADMINS)
        write_token_key(self.certs)
        self.kubeconfig = self.make_kubeconfig("admin", "madang-test-admin", ADMINS)
        self.programs: dict[str, Program] = {}
        self.said = ""

    def make_kubeconfig(self, name: str, user: str, group: str = "") -> Path:
        """Write a kubeconfig for a person with a certificate."""
        self.ca.sign(name, user, group)
        return self._kubeconfig(
            name,
            {
                "client-certificate": str(self.certs / f"{name}.crt"),
                "client-key": str(self.certs / f"{name}.key"),
            },
        )

    def token_kubeconfig(self, name: str, token: str) -> Path:
        """Write a kubeconfig for whoever has a token, such as a service account."""
        return self._kubeconfig(name, {"token": token})

    def make_server_kubeconfig(self, name: str, server: str) -> Path:
        """Write a kubeconfig for another address, such as a proxy that needs no certificate."""
        return self._kubeconfig(name, {}, {"server": server})

    def _kubeconfig(self, name: str, user: dict, cluster: dict | None = None) -> Path:
        own = {"server": self.url, "certificate-authority": str(self.ca.path)}
        cluster = cluster or own
        made = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
            "current-context": "test",
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(yaml.safe_dump(made))
        return path

    @property
    def url(self) -> str:
        """Address of the API server."""
        return f"https://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start all; returns when the API server is ready and makes service accounts."""
        self.start_program("etcd", self._etcd())
        self.programs["etcd"].wait_until(
            lambda: is_open(f"http://127.0.0.1:{self.etcd_port}/health")
        )
        self.start_program("kube-apiserver", self._apiserver(), {"GOGC": "300"})
        self.wait_ready()
        own = ["--kubeconfig", str(self.kubeconfig), "--bind-address", "127.0.0.1"]
        ports = free_ports(2)
        alone = ["--leader-elect=false", "--secure-port"]
        keys = ["--service-account-private-key-file", str(self.certs / "sa.key")]
        root = ["--root-ca-file", str(self.ca.path), "--use-service-account-credentials=false"]
        fast = ["--kube-api-qps", "500", "--kube-api-burst", "1000"]
        self.start_program(
            "kube-controller-manager", [*own, *alone, str(ports[0]), *keys, *root, *fast]
        )
        fast = ["--kube-api-qps", "2000", "--kube-api-burst", "4000"]
        self.start_program("kube-scheduler", [*own, *alone, str(ports[1]), *fast])
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.programs["kube-controller-manager"].wait_until(lambda: self.ask(account) is not None)

    def start_program(self, name: str, argv: list[str], env: dict | None = None) -> Program:
        """Start a program of the cluster, or start it again."""
        program = Program(name, [str(self.binaries[name]), *argv], self.folder, env)
        self.programs[name] = program
        program.start()
        return program

    def restart_apiserver(self) -> None:
        """Kill the API server and start it again."""
        self.programs["kube-apiserver"].kill()
        self.programs["kube-apiserver"].start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the API server that we started says that it is ready."""
        self.programs["kube-apiserver"].wait_until(lambda: self.ask("/readyz") == "ok")

    def stop(self) -> None:
        """End all, youngest first."""
        for program in reversed(self.programs.values()):
            program.kill()

    def ask(self, path: str, body: dict | None = None, method: str = "", kind: str = ""):
        """Return what the API server answers to an administrator; None when it doesn't."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind or "application/json"}
        request = urllib.request.Request(
            self.url + path, data, headers, method=method or ("POST" if data else "GET")
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._context()) as answer:
                said = answer.read()
        except urllib.error.HTTPError as error:
            self.said = f"{error.code} {error.read().decode('utf-8', 'replace')[:600]}"
            return None
        except OSError as error:
            self.said = str(error)
            return None
        return json.loads(said) if said.startswith(b"{") else said.decode()

    def apply(self, body: dict, *, status: bool = False) -> dict:
        """Make an object so by server-side apply, and with ``status`` its status too."""
        path = object_path(body)
        for end in ("", "/status") if status else ("",):
            query = "?fieldManager=test&force=true"
            made = self.ask(path + end + query, body, "PATCH", "application/apply-patch+yaml")
            assert made is not None, f"not applied: {path}{end}: {self.said}"
        return made

    def delete(self, path: str) -> None:
        """Ask for the end of an object, or of all of a collection; what is gone is gone."""
        gone = self.ask(path, method="DELETE")
        assert gone is not None or self.said.startswith("404"), f"not deleted: {path}: {self.said}"

    def wait_for(self, body: dict, condition: str, limit_s: float = 60.0) -> None:
        """Wait until an object has a condition that is true."""
        path, deadline = object_path(body), time.monotonic() + limit_s
        while not _has(self.ask(path), condition):
            assert time.monotonic() < deadline, f"{path} never was {condition}: {self.ask(path)}"
            time.sleep(0.05)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca.path))
        context.load_cert_chain(self.certs / "admin.crt", self.certs / "admin.key")
        return context

    def _etcd(self) -> list[str]:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.etcd_port, self._peer_port))
        return [
            "--data-dir",
            str(self.folder / "etcd"),
            "--unsafe-no-fsync",
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", f"default={peer}"),
        ]

    def _apiserver(self) -> list[str]:
        def cert(name: str) -> str:
            return str(self.certs / name)

        flags = {
            "etcd-servers": f"http://127.0.0.1:{self.etcd_port}",
            "bind-address": "127.0.0.1",
            # Must not be loopback; without an endpoint reconciler it is never used.
            "advertise-address": "10.0.0.250",
            "endpoint-reconciler-type": "none",
            "secure-port": str(self.port),
            "tls-cert-file": cert("apiserver.crt"),
            "tls-private-key-file": cert("apiserver.key"),
            "client-ca-file": str(self.ca.path),
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": cert("sa.pub"),
            "service-account-signing-key-file": cert("sa.key"),
            "service-cluster-ip-range": "10.0.0.0/24",
            "authorization-mode": "RBAC",
            "requestheader-client-ca-file": cert("front-proxy-ca.crt"),
            "requestheader-allowed-names": "front-proxy-client",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-username-headers": "X-Remote-User",
            "proxy-client-cert-file": cert("front-proxy.crt"),
            "proxy-client-key-file": cert("front-proxy.key"),
            "kubelet-client-certificate": cert("kubelet-client.crt"),
            "kubelet-client-key": cert("kubelet-client.key"),
            "kubelet-preferred-address-types": "InternalIP",
        }
        return [f"--{key}={value}" for key, value in (flags | self._flags).items()]


def is_open(url: str) -> bool:
    """Tell whether somebody answers there, and well."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def object_path(body: dict) -> str:
    """Return the path of an object of the API by its kind, namespace and name."""
    group, _, version = body["apiVersion"].rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    namespace = body["metadata"].get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    kind = body["kind"].lower()
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}{'e' * (kind[-1] == 's')}s"
    return f"{root}{inside}/{plural}/{body['metadata']['name']}"


def _has(found, condition: str) -> bool:
    there = (found or {}).get("status", {}).get("conditions") or []
    return any(each["type"] == condition and each["status"] == "True" for each in there)
