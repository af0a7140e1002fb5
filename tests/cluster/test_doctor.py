"""The doctor of a cluster against a real API server and Kueue: well, and ill in many ways."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_server import ApiServer, object_path
from binaries import kueue_config
from cluster import Cluster
from control_plane import ControlPlane
from nodes import TOLERATION

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes import queues
from madang.engines.kubernetes.rights import Right, rights
from madang.stack import cluster_doctor
from madang.stack.checks import Check

PRODUCT = "nvidia.com/gpu.product"
RBAC = "rbac.authorization.k8s.io/v1"
SERVED_BY_NONE = ("kueue_unseen", "network_enforced")
"""What is noted of every cluster of these tests: Kueue runs beside it, and no object tells whether
network rules are kept."""

OF_OTHERS = (
    *("kubernetes", "kueue_alone", "kueue_unseen", "kueue_waits", "network_enforced"),
    *("dcgm", "dcgm_ready", "storage_class", "storage_default", "storage_defaults"),
)
"""What may be so of a cluster that somebody else made, whatever tests do there."""


class Place:
    """A namespace of people, a policy that names it, and the doctor's view of both."""

    def __init__(
        self, plane: ApiServer, name: str, folder: Path, known: tuple[str, ...] = SERVED_BY_NONE
    ) -> None:
        self.plane, self.name, self.known = plane, name, known
        self.product = f"NVIDIA-{name.upper()}"
        self._policy = folder / "policy.yaml"
        self._made: list[str] = []
        self.write()

    @property
    def policy_path(self) -> Path:
        return self._policy

    def write(self, **flavor: Any) -> None:
        where = {"node_labels": {PRODUCT: self.product}, "tolerations": [TOLERATION]}
        body = where | flavor
        said = {"namespace": self.name, "prefix": self.name, "flavors": {"h200": body}}
        self._policy.write_text(yaml.safe_dump({"kubernetes": said}))

    def make(self, level: str = "restricted") -> None:
        labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
        named = {"name": self.name, "labels": labels}
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": named})
        path = f"/apis/networking.k8s.io/v1/namespaces/{self.name}/networkpolicies/shut"
        rule = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "shut", "namespace": self.name},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        }
        self.apply(path, rule, "test")

    def put(self, body: dict) -> None:
        self.apply(object_path(body), body, "test")

    def apply(self, path: str, body: dict, manager: str) -> None:
        self._made.append(path)
        query = f"?fieldManager={manager}&force=true"
        kind = "application/apply-patch+yaml"
        assert self.plane.ask(path + query, body, "PATCH", kind), self.plane.said

    def delete(self) -> None:
        """Take away all that was made for it, youngest first."""
        for path in reversed(self._made):
            self.plane.delete(path)

    def examined(self, kubeconfig: Path | None = None, account: str = "") -> list[Check]:
        return cluster_doctor(
            self._policy, kubeconfig=kubeconfig or self.plane.kubeconfig, account=account
        )

    def troubles(self, *args: Any, **more: Any) -> dict[str, str]:
        found = self.examined(*args, **more)
        noted = {one.name: one.status for one in found if not one.is_ok}
        return {name: status for name, status in noted.items() if name not in self.known}


def until(is_so: Callable[[], Any], what: str, limit_s: float = 60) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture(scope="module")
def furnished(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with a default storage class and a DCGM exporter on every node that has a GPU."""
    plane, name = cluster.plane, cluster.name("dcgm")
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": cluster.name("fast"), "annotations": mark},
        "provisioner": "example.org/none",
    }
    if cluster.is_ours:
        # A default class of ours would decide where volumes of others come from.
        plane.apply(storage)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    plane.apply(namespace)
    cluster.nodes.add(name, 1, labels={PRODUCT: "NVIDIA-DCGM"})
    labels = {"app": "nvidia-dcgm-exporter"}
    pod = {
        "nodeSelector": {PRODUCT: "NVIDIA-DCGM"},
        "tolerations": [TOLERATION],
        "containers": [{"name": "c", "image": "x"}],
    }
    exporter = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "dcgm", "namespace": name, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    plane.apply(exporter)
    path = object_path(exporter)
    until(lambda: (plane.ask(path) or {})["status"]["numberReady"] == 1, "the exporter never ran")
    yield cluster
    # Other tests claim volumes too, and a default class would decide where those come from.
    plane.delete(object_path(storage))
    plane.delete(path)
    pods = f"/api/v1/namespaces/{name}/pods"
    until(lambda: plane.ask(pods)["items"] == [], "the exporter never ended")
    cluster.nodes.remove(name)
    plane.delete(object_path(namespace))


@pytest.fixture
def place(furnished: Cluster, tmp_path: Path) -> Iterator[Place]:
    """A place of its own for each test, in order, and taken away after it."""
    name = furnished.name(f"d-{os.urandom(2).hex()}")
    known = SERVED_BY_NONE if furnished.is_ours else OF_OTHERS
    made = Place(furnished.plane, name, tmp_path, known)
    made.make()
    furnished.nodes.add(f"{name}-1", 8, labels={PRODUCT: made.product})
    node = f"/api/v1/nodes/{name}-1"
    until(lambda: _is_ready(made.plane.ask(node)), "the node never was ready")
    yield made
    furnished.nodes.remove(f"{name}-1")
    made.delete()


def _is_ready(node: Any) -> bool:
    conditions = (node or {}).get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def quotas(place: Place) -> dict[str, dict]:
    """Write our own queue objects and wait until Kueue finds them in order."""
    where = {"node_labels": {PRODUCT: place.product}, "tolerations": (TOLERATION,)}
    flavor = ClusterFlavor(name="h200", **where)  # type: ignore[arg-type]
    policy = ClusterPolicy(namespace=place.name, prefix=place.name, flavors=(flavor,))
    share = ProjectShare(project="vision", weight=1, guaranteed={"h200": 4})
    made = queues.objects(policy, [share], {"h200": 8})
    for path, body in made.items():
        place.apply(path, body, "madang")
    queue = next(path for path in made if "/clusterqueues/" in path)
    place.plane.wait_for(made[queue], "Active")
    return made


def test_a_healthy_cluster(place: Place) -> None:
    quotas(place)
    found = {one.name: one for one in place.examined()}
    assert place.troubles() == {}
    assert set(SERVED_BY_NONE) <= set(found) or place.known is OF_OTHERS
    assert found["flavor"].values["devices"] == 8
    assert found["kubernetes"].values["version"].startswith("v1.")
    assert {"kueue", "kueue_kinds", "visibility", "rights_own", "quotas"} <= set(found)


def test_the_command_says_it_in_words_and_as_json(place: Place) -> None:
    place.write(node_labels={PRODUCT: f"{place.product}-NVL"})
    command = [str(Path(sys.executable).parent / "madang"), "doctor", "--cluster"]
    command += ["--policy", str(place.policy_path), "--kubeconfig", str(place.plane.kubeconfig)]
    env = {**os.environ, "MADANG_LANG": "ko"}
    said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert said.returncode == 1, said.stderr
    assert f"'{place.product}'" in said.stdout
    assert "노드가 없습니다" in said.stdout
    listed = subprocess.run(
        [*command, "--json"], env=env, capture_output=True, text=True, timeout=60
    )
    bad = [one for one in json.loads(listed.stdout) if one["status"] == "bad"]
    assert [one["name"] for one in bad] == ["flavor_label"]
    assert bad[0]["next_step"]


def test_a_wrong_label_names_the_nearest(place: Place) -> None:
    place.write(node_labels={PRODUCT: f"{place.product}x"})
    assert place.troubles() == {"flavor_label": "bad"}
    [found] = [one for one in place.examined() if one.name == "flavor_label"]
    assert found.values["near"] == place.product


def test_a_flavor_that_no_node_has(place: Place) -> None:
    place.write(preset="h200-mig-1g.18gb")
    assert place.troubles() == {"flavor_device": "bad"}
    place.plane.ask(f"/api/v1/nodes/{place.name}-1", method="DELETE")
    assert set(place.troubles()) <= {"flavor_label", "flavor_key"}
    assert "bad" in place.troubles().values()


@pytest.mark.parametrize("level", ["", "baseline"])
def test_a_namespace_without_restricted(place: Place, level: str) -> None:
    place.make(level)
    assert place.troubles() == {"pod_security": "bad"}


def test_a_namespace_that_is_not_there(place: Place, furnished: Cluster) -> None:
    elsewhere = Place(place.plane, furnished.name("none"), place.policy_path.parent, place.known)
    elsewhere.product = place.product
    elsewhere.write()
    assert elsewhere.troubles() == {"people_namespace": "bad"}


def test_a_quota_edited_by_hand(place: Place) -> None:
    made = quotas(place)
    queue = next(path for path in made if "/clusterqueues/" in path)
    spec = made[queue]["spec"]
    spec["resourceGroups"][0]["flavors"][0]["resources"][0]["nominalQuota"] = "8"
    body = {"spec": {"resourceGroups": spec["resourceGroups"]}}
    kind = "application/merge-patch+json"
    assert place.plane.ask(f"{queue}?fieldManager=kubectl-edit", body, "PATCH", kind)
    [found] = [one for one in place.examined() if one.name == "quota_edited"]
    assert found.values["who"] == "kubectl-edit"
    assert found.values["fields"] == ["spec.resourceGroups"]
    assert place.troubles() == {"quota_edited": "bad"}


def test_a_flavor_object_of_somebody_else(place: Place) -> None:
    path = f"/apis/kueue.x-k8s.io/v1beta2/resourceflavors/{place.name}-h200"
    named = {"name": f"{place.name}-h200"}
    body = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ResourceFlavor", "metadata": named}
    place.apply(path, {**body, "spec": {"nodeLabels": {"a": "b"}}}, "somebody")
    assert place.troubles() == {"quota_foreign": "bad"}


def _account(place: Place, lacking: set[tuple[str, str]]) -> Path:
    """Make a service account with all rights but these; return a kubeconfig with its token."""
    account = {"name": "service", "namespace": place.name}
    kept = [one for one in rights() if (one.verb, one.resource) not in lacking]
    for is_inside in (True, False):
        kind = "Role" if is_inside else "ClusterRole"
        named = {"name": f"{place.name}-service"} | ({"namespace": place.name} if is_inside else {})
        rules = [_rule(one) for one in kept if one.is_inside is is_inside]
        place.put({"apiVersion": RBAC, "kind": kind, "metadata": named, "rules": rules})
        place.put(
            {
                "apiVersion": RBAC,
                "kind": f"{kind}Binding",
                "metadata": named,
                "roleRef": {"apiGroup": RBAC.split("/")[0], "kind": kind, "name": named["name"]},
                "subjects": [{"kind": "ServiceAccount", **account}],
            }
        )
    return place.plane.account_kubeconfig(place.name, "service")


def _rule(right: Right) -> dict[str, list[str]]:
    return {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb]}


@pytest.mark.parametrize("is_asked_by_itself", [True, False])
def test_rights_that_are_too_few_are_named_exactly(place: Place, is_asked_by_itself: bool) -> None:
    lacking = {("patch", "workloads"), ("create", "jobs"), ("watch", "nodes")}
    kubeconfig = _account(place, lacking)
    # The authorizer of the API server learns of new roles a moment later.
    who = {"kubeconfig": kubeconfig} if is_asked_by_itself else {"account": f"{place.name}/service"}

    def missing() -> set[tuple[str, str]]:
        found = [one for one in place.examined(**who) if one.name == "right"]
        return {(one.values["verbs"], one.values["resource"]) for one in found}

    wanted = {
        ("patch", "workloads.kueue.x-k8s.io"),
        ("create", "jobs.batch"),
        ("watch", "nodes"),
    }
    until(lambda: missing() == wanted, f"not these are named: {missing()}")


def test_what_the_service_may_not_see_is_said(place: Place) -> None:
    kubeconfig = _account(place, set())
    until(
        lambda: any(one.name == "rights_own" for one in place.examined(kubeconfig)),
        "the rights never came",
    )
    found = {one.name: one for one in place.examined(kubeconfig)}
    hidden = {"storageclasses", "namespaces", "networkpolicies", "deployments", "daemonsets"}
    assert hidden <= set(found["cluster_hidden"].values["kinds"])
    assert {"flavor", "quotas", "visibility"} <= set(found)
    assert not {"pod_security", "network_default", "storage_default"} & set(found)


def test_a_token_that_nobody_knows(place: Place) -> None:
    kubeconfig = place.plane.token_kubeconfig(f"{place.name}-stranger", "not-a-token")
    [found] = place.examined(kubeconfig)
    assert (found.name, found.status) == ("cluster_silent", "bad")


@pytest.mark.own_cluster("kills Kueue")
def test_kueue_that_is_down(place: Place, furnished: Cluster) -> None:
    furnished.kueue.kill()
    try:
        until(lambda: "visibility_silent" in place.troubles(), "nobody noticed")
        assert place.troubles() == {"visibility_silent": "bad"}
    finally:
        furnished.kueue.start()
    until(lambda: place.troubles() == {}, "it never was well again")


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Place]:
    """A control plane of its own, without Kueue."""
    folder = Path(tempfile.mkdtemp(prefix="madang-doctor-"))
    plane = ControlPlane(folder)
    try:
        plane.start()
        made = Place(plane, "people", tmp_path)
        made.make()
        yield made
    finally:
        plane.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.own_cluster("starts a control plane without Kueue")
def test_no_kueue_an_old_one_and_one_with_a_missing_crd(bare: Place) -> None:
    empty = {"nodes": "bad", "storage_class": "bad", "dcgm": "warn"}
    assert bare.troubles() == {**empty, "kueue": "bad"}
    crds = [yaml.safe_load(p.read_text()) for p in (kueue_config() / "crd" / "bases").glob("*")]
    for each in crds:
        each["spec"]["conversion"] = {"strategy": "None"}
        for version in each["spec"]["versions"]:
            version["served"] = version["name"] == "v1beta1"
            version["storage"] = version["served"]
    [old] = [each for each in crds if each["metadata"]["name"].startswith("localqueues.")]
    bare.plane.apply(old)
    bare.plane.wait_for(old, "Established")
    until(lambda: "kueue_api" in bare.troubles(), "the old version was not noticed")
    assert bare.troubles() == {**empty, "kueue_api": "bad"}
    kept = [each for each in crds if not each["metadata"]["name"].startswith("workloads.")]
    for each in kept:
        for version in each["spec"]["versions"]:
            version["served"] = True
        bare.plane.apply(each)
    for each in kept:
        bare.plane.wait_for(each, "Established")
    until(lambda: "kueue_kinds" in bare.troubles(), "nobody noticed")
    [found] = [one for one in bare.examined() if one.name == "kueue_kinds"]
    until(lambda: _missing(bare) == _workloads(), f"not these are named: {found.values}")


def _missing(place: Place) -> list[str]:
    return [
        name
        for one in place.examined()
        if one.name == "kueue_kinds"
        for name in one.values["missing"]
    ]


def _workloads() -> list[str]:
    return ["workloads.kueue.x-k8s.io", "workloads/status.kueue.x-k8s.io"]
