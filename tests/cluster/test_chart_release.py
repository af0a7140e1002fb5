"""A release of the chart on a real API server: taken, upgraded, rolled back, removed.

There are no nodes here, so no pod starts: what is looked at are objects, rights, admission and what
is kept.
"""

import importlib.util
from urllib.parse import urlsplit

import pytest
import yaml
from api_server import object_path
from chart_release import CHART, CORE, Release


@pytest.fixture(scope="module")
def release(cluster):
    made = Release(cluster)
    made.said = made.put("install", "--create-namespace")
    yield made
    made.forget()


@pytest.fixture
def as_account(release, monkeypatch, tmp_path):
    """Return the script of `helm test`, asking as one of the accounts of the release."""
    spec = importlib.util.spec_from_file_location(
        "isolation", CHART / "files" / "tests" / "isolation.py"
    )
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def ask_as(name):
        token = release.plane.account_token(release.namespace, name)
        (tmp_path / "token").write_text(token)
        (tmp_path / "ca.crt").write_text(release.plane.authority())
        monkeypatch.setattr(script, "ACCOUNT", tmp_path)
        address = urlsplit(release.plane.url)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", address.hostname)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(address.port or 443))
        return script

    return ask_as


def test_it_says_what_to_do_next_and_no_secret(release):
    assert f"helm -n {release.namespace} test madang\n" in release.said
    assert "No kind of device is described in policy.kubernetes.flavors" in release.said
    leaves = f"kubectl -n {release.namespace} delete pvc,secret,pod,configmap -l app.kubernetes"
    assert leaves in release.said
    # Kueue is in this cluster, so nothing is said of it.
    assert "Kueue" not in release.said
    assert [value for value in release.secret().values() if value in release.said] == []


@pytest.mark.parametrize(
    ("account", "file", "where"),
    [
        ("madang-hub", "hub.json", "people"),
        ("madang-hub", "nothing.json", "namespace"),
        ("madang-service", "service.json", "people"),
        ("madang-service", "service-elsewhere.json", "namespace"),
    ],
)
def test_the_cluster_gives_the_rights_that_the_chart_says(
    release, as_account, tmp_path, account, file, where, capsys
):
    hooks = release.helm("get", "hooks", "madang")
    path = tmp_path / file
    path.write_text(_data(hooks, file))
    assert as_account(account).rights([str(path), getattr(release, where)]) == 0, (
        capsys.readouterr().out
    )


def test_one_more_binding_is_noticed(release, as_account, tmp_path, capsys):
    where = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{release.people}/rolebindings"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "too-much", "namespace": release.people},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "edit",
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": "madang-hub", "namespace": release.namespace}
        ],
    }
    assert release.plane.ask(where, binding) is not None
    path = tmp_path / "hub.json"
    path.write_text(_data(release.helm("get", "hooks", "madang"), "hub.json"))
    try:
        assert as_account("madang-hub").rights([str(path), release.people]) == 1
    finally:
        release.plane.ask(f"{where}/too-much", method="DELETE")
    assert "pods/exec and should not" in capsys.readouterr().out


def test_pods_that_are_not_restricted_are_refused_in_the_peoples_namespace(release, as_account):
    assert as_account("madang-hub").pods([release.people]) == 0


@pytest.mark.parametrize("file", ["min.yaml", "all-on.yaml", "upgrade.yaml"])
def test_every_object_is_taken_by_the_server(release, file):
    values = ("--values", str(CHART / "ci" / file), "--set", f"people.namespace={release.people}")
    made = release.helm("template", "trial", str(CHART), *values)
    tried = 0
    for one in yaml.safe_load_all(made):
        # There is no Prometheus operator here.
        if one and one["kind"] != "ServiceMonitor":
            if one["kind"] not in ("Namespace", "ClusterRole", "ClusterRoleBinding"):
                one["metadata"].setdefault("namespace", release.namespace)
            if one["kind"] == "Pod" and "serviceAccountName" in one["spec"]:
                # Its own is in the same trial, of which nothing stays.
                one["spec"]["serviceAccountName"] = "default"
            query = "?fieldManager=trial&force=true&dryRun=All"
            path = object_path(one) + query
            taken = release.plane.ask(path, one, "PATCH", "application/apply-patch+yaml")
            assert taken is not None, (
                f"{one['kind']} {one['metadata']['name']}: {release.plane.said}"
            )
            tried += 1
    assert tried > 40


def test_secrets_are_kept_over_an_upgrade_and_a_rollback(release):
    before = release.secret()
    assert len(before) == 6
    release.put("upgrade", "--set", "images.tag=0.1.1")
    assert release.secret() == before
    assert release.image().endswith("/service:0.1.1")
    release.helm("rollback", "madang")
    assert release.secret() == before
    assert release.image().endswith("/service:0.1.0")


def test_what_is_removed_leaves_volumes_their_secret_and_the_peoples_namespace(release):
    release.remove()
    claims = release.names(f"{CORE}/{release.namespace}/persistentvolumeclaims")
    assert claims == {"madang-hub", "madang-service"}
    assert release.plane.ask(f"{CORE}/{release.people}")["status"]["phase"] == "Active"
    for group, kinds in {
        "/api/v1": ("secrets", "configmaps", "services", "serviceaccounts", "limitranges"),
        "/apis/apps/v1": ("deployments", "daemonsets"),
        "/apis/networking.k8s.io/v1": ("networkpolicies", "ingresses"),
        "/apis/rbac.authorization.k8s.io/v1": ("roles", "rolebindings"),
    }.items():
        for namespace in (release.namespace, release.people):
            for kind in kinds:
                left = release.names(f"{group}/namespaces/{namespace}/{kind}")
                is_kept = (namespace, kind) == (release.namespace, "secrets")
                assert left == ({"madang-secrets"} if is_kept else set()), (namespace, kind)


def _data(manifests: str, name: str) -> str:
    """Return a file of the ConfigMap among the hooks of a release."""
    (found, *_) = [
        one["data"]
        for one in yaml.safe_load_all(manifests)
        if one and one["kind"] == "ConfigMap" and name in one["data"]
    ]
    return found[name]
