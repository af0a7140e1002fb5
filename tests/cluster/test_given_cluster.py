"""A cluster of somebody else: looked at before anything is made there, and left as it was."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from api_server import ApiServer
from cluster import Cluster
from control_plane import ControlPlane
from faulty_api import ApiFaults, FaultyApi
from given_cluster import BESIDE, GivenCluster
from given_kubeconfig import NotUsableError
from nodes import TAINT
from pod_people import until

from madang.engines.kubernetes.names import FINALIZER

BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


@pytest.fixture
def home(cluster: Cluster) -> Iterator[str]:
    """A namespace for accounts; what is in it is somebody else's."""
    name = cluster.name(f"others-{os.urandom(2).hex()}")
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.plane.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def admin(cluster: Cluster, home: str) -> Iterator[Path]:
    """A kubeconfig with a token instead of a certificate, and all rights."""
    kubeconfig = cluster.plane.account_kubeconfig(home, "admin")
    rbac = "rbac.authorization.k8s.io"
    body = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": home},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "namespace": home, "name": "admin"}],
    }
    cluster.plane.apply(body)
    plane = ApiServer(kubeconfig.parent, kubeconfig)
    until(lambda: plane.ask(BINDINGS), "the rights")
    yield kubeconfig
    cluster.plane.delete(f"{BINDINGS}/{home}")


def given_as(kubeconfig: Path, folder: Path, patch: pytest.MonkeyPatch) -> GivenCluster:
    patch.setenv("KUBECONFIG", str(kubeconfig))
    return GivenCluster(folder)


def refusal(made: GivenCluster) -> str:
    with pytest.raises(NotUsableError) as caught:
        made.start()
    made.stop()
    return str(caught.value)


def test_all_of_a_run_is_taken_away_and_nothing_else(
    cluster: Cluster, admin: Path, home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = cluster.plane
    # The cluster of these tests is none that somebody else uses.
    monkeypatch.setenv(BESIDE, "1")
    made = given_as(admin, tmp_path, monkeypatch)
    made.start()
    try:
        name = made.name("left")
        made.nodes.add(name, 3)
        node = plane.ask(f"/api/v1/nodes/{name}")
        assert TAINT in node["spec"]["taints"]
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        made.plane.apply(namespace)
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(lambda: plane.ask(account), "the account")
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            # As one whose service was killed, and that nobody reads any more.
            "metadata": {"name": "kept", "namespace": name, "finalizers": [FINALIZER]},
            "spec": {"containers": [{"name": "c", "image": "c"}], "nodeName": name},
        }
        made.plane.apply(pod)
        path = f"/api/v1/namespaces/{name}/pods/kept"
        until(lambda: plane.ask(path)["status"]["phase"] == "Running", "the pod")
    finally:
        made.stop()
    for path in (f"/api/v1/namespaces/{name}", f"/api/v1/nodes/{name}"):
        assert plane.ask(path) is None, path
    with pytest.raises(AssertionError, match=r"take the name from cluster.name()"):
        made.plane.apply({**namespace, "metadata": {"name": "of-nobody"}})
    assert plane.ask(f"/api/v1/namespaces/{home}")["status"]["phase"] == "Active"


def test_whoever_may_not_do_all_is_told(
    cluster: Cluster, home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = cluster.plane.account_kubeconfig(home, "somebody")
    made = given_as(somebody, tmp_path, monkeypatch)
    assert "the rights of cluster-admin" in refusal(made)
    made = given_as(cluster.plane.token_kubeconfig("nobody", "x"), tmp_path, monkeypatch)
    assert cluster.plane.url in refusal(made)


@pytest.mark.own_cluster("makes what looks like an installation of Madang")
def test_an_installation_is_not_touched(
    cluster: Cluster, admin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {"app.kubernetes.io/name": "madang"}
    there = {"name": "installed", "labels": labels}
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": there})
    try:
        made = given_as(admin, tmp_path, monkeypatch)
        said = refusal(made)
        assert "Madang itself is installed there (installed)" in said
        assert f"{BESIDE}=1" in said
        monkeypatch.setenv(BESIDE, "1")
        made.start()
        made.stop()
    finally:
        cluster.plane.delete("/api/v1/namespaces/installed")


@pytest.mark.own_cluster("starts a control plane without Kueue")
def test_a_cluster_without_kueue_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="madang-bare-"))
    plane = ControlPlane(folder)
    try:
        plane.start()
        said = refusal(given_as(plane.kubeconfig, tmp_path, monkeypatch))
        assert "Kueue is not installed" in said
        assert "Install Kueue 0.18 or newer" in said
    finally:
        plane.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def test_a_proxy_in_between_logs_in_with_a_token(admin: Path, tmp_path: Path) -> None:
    proxy = FaultyApi(ApiServer(tmp_path, admin), ApiFaults(), 1)
    url = await proxy.start()
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}{BINDINGS}") as answer:
            assert answer.status == 200
            assert (await answer.json())["kind"] == "ClusterRoleBindingList"
    finally:
        await proxy.stop()
