"""Kueue beside the API server, as an ordinary process: its objects point at loopback.

What differs from an installation in a cluster: webhooks and the visibility API have addresses of
this machine, and certificates come from the cluster's own authority.
"""

import base64
import shlex
from pathlib import Path

import yaml
from binaries import kueue_config
from control_plane import ControlPlane, is_open
from processes import Program, free_ports

NAMESPACE = "kueue-system"
SERVED = "v1beta2"
# A lease is a Workload without a pod: only the webhooks of Kueue's own kinds are needed.
_OWN = ("workload", "resourceflavor", "clusterqueue", "cohort", "localqueue")
# The controller reads these folders and no others.
_HARD_CODED = ("/etc/kueue/metrics/certs", "/visibility")


class Kueue:
    """Installs Kueue's objects and runs its controller.

    Parameters
    ----------
    has_pods
        Whether its own pod integration is on: what benchmarks compare with.
    usage_sampling
        How often it writes down what each member used.
    """

    def __init__(
        self, plane: ControlPlane, *, has_pods: bool = False, usage_sampling: str = "1s"
    ) -> None:
        self._plane, self._has_pods, self._usage_sampling = plane, has_pods, usage_sampling
        self._webhooks, self._health, self._metrics, self._visibility = free_ports(4)
        self._certs = plane.folder / "kueue-certs"
        self._certs.mkdir()
        name = f"kueue-visibility-server.{NAMESPACE}.svc"
        plane.ca.sign("kueue-server", "kueue", "", "127.0.0.1", "localhost", name)
        for end in ("crt", "key"):
            (plane.certs / f"kueue-server.{end}").rename(self._certs / f"tls.{end}")

    def install_kinds(self) -> None:
        """Create the kinds of objects, which may then be made without anybody who decides."""
        crds = [_lean(each) for each in _yaml(kueue_config() / "crd" / "bases")]
        for each in crds:
            self._plane.apply(each)
        for each in crds:
            self._plane.wait_for(each, "Established")

    def install(self) -> None:
        """Create kinds, namespace, visibility API and webhooks, and start the controller."""
        self.install_kinds()
        for each in self._visibility_objects():
            self._plane.apply(each)
        self.start()
        # Last of all: a webhook without the controller behind it lets nothing be created.
        for each in self._webhook_objects():
            self._plane.apply(each)
        for version in ("v1beta1", SERVED):
            self._plane.wait_for(_api_service(version, self._visibility, ""), "Available")

    def start(self) -> None:
        """Start the controller, for the first time or after :meth:`kill`."""
        plane = self._plane
        config = plane.folder / "kueue.yaml"
        config.write_text(yaml.safe_dump(self._config()))
        for path in _HARD_CODED:
            Path(path).mkdir(parents=True, exist_ok=True)
        binds = "".join(f"mount --bind {shlex.quote(str(self._certs))} {p}; " for p in _HARD_CODED)
        argv = [
            str(plane.binaries["kueue"]),
            *("--config", str(config), "--kubeconfig", str(plane.kubeconfig)),
            *("--zap-log-level", "2"),
        ]
        script = f"set -e; {binds}exec {shlex.join(argv)}"
        program = Program("kueue", ["unshare", "-m", "sh", "-c", script], plane.folder)
        plane.programs["kueue"] = program
        program.start()
        program.wait_until(lambda: is_open(f"http://127.0.0.1:{self._health}/readyz"))

    def kill(self) -> None:
        """Kill the controller."""
        self._plane.programs["kueue"].kill()

    def _config(self) -> dict:
        frameworks = ["batch/job", *(["pod"] if self._has_pods else [])]
        return {
            "apiVersion": f"config.kueue.x-k8s.io/{SERVED}",
            "kind": "Configuration",
            "namespace": NAMESPACE,
            "health": {"healthProbeBindAddress": f"127.0.0.1:{self._health}"},
            "metrics": {"bindAddress": f"127.0.0.1:{self._metrics}"},
            "webhook": {
                "port": self._webhooks,
                "host": "127.0.0.1",
                "certDir": str(self._certs),
            },
            "leaderElection": {"leaderElect": False},
            "internalCertManagement": {"enable": False},
            "clientConnection": {"qps": 300, "burst": 500},
            "visibilityServer": {"bindAddress": "127.0.0.1", "bindPort": self._visibility},
            "integrations": {"frameworks": frameworks},
            # As install-kubernetes.md tells a site, but for a test that cannot wait for days.
            "admissionFairSharing": {
                "usageHalfLifeTime": "10m",
                "usageSamplingInterval": self._usage_sampling,
                "resourceWeights": {"cpu": 0, "memory": 0},
            },
        }

    def _visibility_objects(self) -> list[dict]:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kueue-visibility-server", "namespace": NAMESPACE},
            "spec": {
                "type": "ExternalName",
                "externalName": "localhost",
                "ports": [{"port": self._visibility}],
            },
        }
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        bundle = self._bundle()
        services = [_api_service(v, self._visibility, bundle) for v in ("v1beta1", SERVED)]
        return [namespace, service, *services]

    def _webhook_objects(self) -> list[dict]:
        wanted = (*_OWN, "job", *(["pod"] if self._has_pods else []))
        found = []
        for each in yaml.safe_load_all((kueue_config() / "webhook" / "manifests.yaml").read_text()):
            each["metadata"]["name"] = f"kueue-{each['metadata']['name']}"
            each["webhooks"] = [
                self._pointed(hook)
                for hook in each["webhooks"]
                if hook["name"].removesuffix(".kb.io")[1:] in wanted
            ]
            found.append(each)
        return found

    def _pointed(self, hook: dict) -> dict:
        service = hook["clientConfig"].pop("service")
        url = f"https://127.0.0.1:{self._webhooks}{service['path']}"
        hook["clientConfig"] = {"url": url, "caBundle": self._bundle()}
        outside = {"key": "kubernetes.io/metadata.name", "operator": "NotIn"}
        outside["values"] = ["kube-system", NAMESPACE]
        hook["namespaceSelector"] = {"matchExpressions": [outside]}
        return hook

    def _bundle(self) -> str:
        return base64.b64encode(self._plane.ca.pem).decode()


def _yaml(folder: Path) -> list[dict]:
    return [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]


def _lean(crd: dict) -> dict:
    """Serve the stored version alone: any other costs one conversion call for each change."""
    for version in crd["spec"]["versions"]:
        version["served"] = version["storage"]
    crd["spec"]["conversion"] = {"strategy": "None"}
    return crd


def _api_service(version: str, port: int, bundle: str) -> dict:
    group = "visibility.kueue.x-k8s.io"
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "caBundle": bundle,
            "service": {
                "name": "kueue-visibility-server",
                "namespace": NAMESPACE,
                "port": port,
            },
        },
    }
