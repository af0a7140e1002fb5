"""What the API server of a healthy cluster answers, by path, in the shapes that it really sends."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.errors import MadangError, NotFoundError

PEOPLE = "madang-people"
KUEUE = "/apis/kueue.x-k8s.io"
OWN = f"{KUEUE}/v1beta2"
QUEUES = f"{OWN}/namespaces/{PEOPLE}/localqueues"
RULES = f"/apis/networking.k8s.io/v1/namespaces/{PEOPLE}/networkpolicies"
CONFIG = "/api/v1/namespaces/kueue-system/configmaps/kueue-manager-config"
REVIEWS = "/apis/authorization.k8s.io/v1"
PRODUCT = "nvidia.com/gpu.product"

POLICY = ClusterPolicy(
    namespace=PEOPLE,
    flavors=(
        ClusterFlavor(
            name="h200",
            node_labels={PRODUCT: "NVIDIA-H200"},
            tolerations=({"key": "nvidia.com/gpu", "operator": "Exists"},),
            devices_total=16,
        ),
        ClusterFlavor(name="a40", resource="example.org/gpu", node_labels={"pool": "other"}),
    ),
)


def node(name: str, labels: Mapping[str, str], devices: Mapping[str, str]) -> dict[str, Any]:
    there = {"cpu": "64", "memory": "527000000Ki", "pods": "110", **devices}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "spec": {"podCIDR": "10.1.0.0/24"},
        "status": {
            "capacity": there,
            "allocatable": dict(there),
            "conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": "True", "reason": "KubeletReady"},
            ],
        },
    }


def gpu_node(name: str) -> dict[str, Any]:
    made = node(name, {PRODUCT: "NVIDIA-H200"}, {"nvidia.com/gpu": "8"})
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    made["spec"]["taints"] = [taint]
    return made


def queue_object(name: str, manager: str = "madang", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {"madang.dev/pool": "madang"},
            "managedFields": [
                {
                    "manager": manager,
                    "operation": "Apply",
                    "apiVersion": "kueue.x-k8s.io/v1beta2",
                    "time": "2026-11-30T01:00:00Z",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:madang.dev/pool": {}}},
                        "f:spec": {f"f:{key}": {} for key in spec},
                    },
                },
                {
                    "manager": "kueue",
                    "operation": "Update",
                    "time": "2026-11-30T01:00:01Z",
                    "fieldsV1": {"f:metadata": {"f:finalizers": {".": {}}}},
                },
                {
                    "manager": "kueue",
                    "operation": "Update",
                    "subresource": "status",
                    "time": "2026-11-30T01:00:01Z",
                    "fieldsV1": {"f:status": {"f:conditions": {}}},
                },
            ],
        },
        "spec": spec,
        "status": {"conditions": [{"type": "Active", "status": "True", "reason": "Ready"}]},
    }


def deployment(image: str, available: int = 2) -> dict[str, Any]:
    manager = {"name": "manager", "image": image}
    volume = {"name": "manager-config", "configMap": {"name": "kueue-manager-config"}}
    return {
        "metadata": {"name": "kueue-controller-manager", "namespace": "kueue-system"},
        "spec": {"template": {"spec": {"containers": [manager], "volumes": [volume]}}},
        "status": {"availableReplicas": available},
    }


def view() -> dict[str, Any]:
    """Return Kueue's web pages, which have its label too."""
    made = deployment("registry/kueueviz-backend:v0.1.0", 0)
    made["metadata"]["name"] = "kueueviz-backend"
    made["spec"]["template"]["spec"]["containers"][0]["name"] = "backend"
    return made


def daemon_set(ready: int = 2, wanted: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"name": "nvidia-dcgm-exporter", "namespace": "gpu-operator"},
        "status": {"desiredNumberScheduled": wanted, "numberReady": ready},
    }


def shut(ways: list[str]) -> dict[str, Any]:
    return {"metadata": {"name": "shut"}, "spec": {"podSelector": {}, "policyTypes": ways}}


def kueue_config(line: str, *, counts_use: bool = True) -> dict[str, Any]:
    """Return the ConfigMap of Kueue with a line of its own."""
    counted = "admissionFairSharing: {usageHalfLifeTime: 168h, usageSamplingInterval: 5m}"
    lines = [line, counted] if counts_use else [line]
    return {"data": {"controller_manager_config.yaml": "\n".join(lines) + "\n"}}


def healthy() -> dict[str, Any]:
    """Return all answers, to be changed as a test likes."""
    kinds = ("workloads", "workloads/status", "localqueues", "localqueues/status")
    kinds += ("clusterqueues", "cohorts", "resourceflavors", "workloadpriorityclasses")
    group = {"coveredResources": ["nvidia.com/gpu"], "flavors": []}
    return {
        "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.4"},
        KUEUE: {"versions": [{"groupVersion": "kueue.x-k8s.io/v1beta2", "version": "v1beta2"}]},
        OWN: {"resources": [{"name": one, "namespaced": True} for one in kinds]},
        "/apis/visibility.kueue.x-k8s.io/v1beta2": {"resources": []},
        "/apis/apps/v1/deployments": [deployment("registry/kueue:v0.18.3"), view()],
        CONFIG: kueue_config("integrations: {frameworks: []}"),
        "/api/v1/nodes": [
            gpu_node("gpu-1"),
            gpu_node("gpu-2"),
            node("other-1", {"pool": "other"}, {"example.org/gpu": "4"}),
        ],
        "/apis/storage.k8s.io/v1/storageclasses": [storage("fast", is_default=True)],
        f"/api/v1/namespaces/{PEOPLE}": namespace("restricted"),
        RULES: [shut(["Ingress", "Egress"])],
        "/apis/apps/v1/daemonsets": [daemon_set()],
        f"{OWN}/resourceflavors": [queue_object("madang-h200", nodeLabels={})],
        f"{OWN}/cohorts": [queue_object("madang", resourceGroups=[])],
        f"{OWN}/clusterqueues": [queue_object("madang-vision", resourceGroups=[group])],
        QUEUES: [queue_object("vision", clusterQueue="madang-vision")],
    }


def storage(name: str, *, is_default: bool) -> dict[str, Any]:
    mark = {"storageclass.kubernetes.io/is-default-class": "true"} if is_default else {}
    return {"metadata": {"name": name, "annotations": mark}, "provisioner": "x"}


def namespace(level: str) -> dict[str, Any]:
    labels = {"kubernetes.io/metadata.name": PEOPLE}
    labels |= {"pod-security.kubernetes.io/enforce": level} if level else {}
    return {"metadata": {"name": PEOPLE, "labels": labels}}


class Answers:
    """An API server that knows these answers; an error among them is what it says instead.

    Parameters
    ----------
    denied
        Verb and resource that a review refuses.
    """

    page = 2

    def __init__(self, answers: Mapping[str, Any], denied: tuple[str, ...] = ()) -> None:
        self._answers, self._denied = deepcopy(dict(answers)), denied
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def get(self, path: str, **query: str | int) -> dict[str, Any]:
        label = query.get("labelSelector")
        known = self._answers.get(f"{path}?{label}", self._answers.get(path))
        if isinstance(known, MadangError):
            raise known
        if known is None:
            raise NotFoundError("kubernetes_no_such", path=path)
        if isinstance(known, dict):
            return known
        # In pages of two, so that whoever forgets the next page finds less.
        start = int(query.get("continue", 0))
        after = start + self.page
        more = {"continue": str(after)} if after < len(known) else {}
        return {"items": known[start:after], "metadata": more}

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((path, body))
        known = self._answers.get(path)
        if isinstance(known, MadangError):
            raise known
        given = body["spec"]["resourceAttributes"]
        sub = given.get("subresource")
        what = f"{given['verb']} {given['resource']}{f'/{sub}' if sub else ''}"
        return {"status": {"allowed": what not in self._denied}}
