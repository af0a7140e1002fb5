"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler.

Nothing of it is reachable from elsewhere, ports and authority are its own, and all of it is gone
after :meth:`ControlPlane.stop`. What the flags are for: facts about one machine without containers.
"""

import urllib.request
from pathlib import Path

from api_server import ApiServer, write_kubeconfig
from binaries import CONTROL_PLANE, binaries
from certificates import Authority, write_token_key
from processes import Program, free_ports

ADMINS = "system:masters"


class ControlPlane(ApiServer):
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
        self.programs: dict[str, Program] = {}
        super().__init__(folder, self.make_kubeconfig("admin", "madang-test-admin", ADMINS))

    def make_kubeconfig(self, name: str, user: str, group: str = "") -> Path:
        """Write a kubeconfig for a person with a certificate."""
        self.ca.sign(name, user, group)
        keys = {
            "client-certificate": str(self.certs / f"{name}.crt"),
            "client-key": str(self.certs / f"{name}.key"),
        }
        own = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority": str(self.ca.path),
        }
        return write_kubeconfig(self.folder / f"{name}.kubeconfig", name, own, keys)

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
