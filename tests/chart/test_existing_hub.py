"""Beside a hub of zero-to-jupyterhub: the chart without hub and proxy, and the example for it."""

import copy

import pytest
import yaml
from traitlets.config import Config

from .chart import FOLDER
from .policies import Pod, Policies
from .zero_to_jupyterhub import NAMES, TAKES, at, troubles

EXAMPLE = yaml.safe_load(
    (FOLDER.parent / "examples" / "zero-to-jupyterhub-values.yaml").read_text("utf-8")
)
VALUES = {
    "existingHub": {"url": "http://hub.jhub:8081"},
    "ingress": {"enabled": False, "tlsSecret": ""},
}
HUB = Pod("jhub", {"app": "jupyterhub", "component": "hub"})
PROXY = Pod("jhub", {"app": "jupyterhub", "component": "proxy"})
NOTEBOOK = Pod("madang-people", {"madang.dev/kind": "notebook"})
SERVICE = Pod(
    "jhub",
    {f"app.kubernetes.io/{k}": v for k, v in
     {"name": "madang", "instance": "madang", "component": "service"}.items()},
)  # fmt: skip


@pytest.fixture(scope="module")
def beside(chart):
    return chart.template("min.yaml", VALUES, namespace="jhub")


def test_there_is_no_second_hub_and_no_second_proxy(beside):
    made = {one["metadata"]["name"] for one in beside.all("Deployment")}
    assert made == {"madang-service", "madang-test-target"}
    accounts = {one["metadata"]["name"] for one in beside.all("ServiceAccount")}
    assert accounts == {"madang-service", "madang-removal"}
    assert beside.all("Ingress") == []


def test_that_hub_gets_the_rights_of_a_hub(beside):
    (subject,) = beside.of("RoleBinding", "jhub-madang-hub")["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": "hub", "namespace": "jhub"}


def test_the_service_asks_that_hub(beside):
    (container,) = beside.of("Deployment", "madang-service")["spec"]["template"]["spec"][
        "containers"
    ]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told["MADANG_HUB_API_URL"] == "http://hub.jhub:8081/hub/api"
    assert told["MADANG_LOGIN_IS_SHARED"] == "0"


def test_policies_let_that_hub_and_proxy_in(beside):
    policies = Policies(beside.all("NetworkPolicy"), "jhub")
    assert policies.allow(HUB, SERVICE, 8090)
    assert policies.allow(PROXY, SERVICE, 8090)
    assert policies.allow(SERVICE, HUB, 8081)
    assert policies.allow(HUB, NOTEBOOK, 8888)
    assert policies.allow(PROXY, NOTEBOOK, 8888)
    assert policies.allow(NOTEBOOK, HUB, 8081)
    assert not policies.allow(NOTEBOOK, PROXY, 8001)


def test_the_example_opens_that_hub_to_service_and_notebooks_alone():
    hub = {
        "metadata": {"namespace": "jhub"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "jupyterhub", "component": "hub"}},
            "policyTypes": ["Ingress"],
            "ingress": EXAMPLE["hub"]["networkPolicy"]["ingress"],
        },
    }
    policies = Policies([hub], "jhub")
    assert policies.allow(SERVICE, HUB, 8081)
    assert policies.allow(NOTEBOOK, HUB, 8081)
    assert not policies.allow(Pod("madang-people", {"madang.dev/kind": "slot"}), HUB, 8081)
    assert not policies.allow(Pod("jhub"), HUB, 8081)


def test_the_example_says_what_that_chart_takes():
    assert troubles(EXAMPLE) == []
    # No fact is kept that nothing asks for.
    assert [path for path in TAKES if at(EXAMPLE, path) is None] == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("hub.extraenv", {}, "hub.extraenv: not looked up"),
        ("culler.enabled", False, "culler: not looked up"),
        ("proxy.networkPolicy.egress", [], "proxy.networkPolicy: not looked up"),
        ("cull.enabled", "false", "cull.enabled: str and not bool"),
        ("hub.extraEnv.PORT", 8081, "hub.extraEnv.PORT: neither a text nor an EnvVar"),
        ("hub.extraEnv.X", {"from": 1}, "hub.extraEnv.X: neither a text nor an EnvVar"),
        ("hub.extraConfig.x", {}, "hub.extraConfig.x: no text"),
        ("hub.image", {"name": "x"}, "hub.image.tag: lacking"),
    ],
)
def test_what_that_chart_would_refuse_is_noticed(path, value, said):
    values = copy.deepcopy(EXAMPLE)
    *above, key = path.split(".")
    place = values
    for part in above:
        place = place.setdefault(part, {})
    place[key] = value
    assert troubles(values) == [said]


def test_the_example_reaches_hub_and_proxy_by_the_names_of_that_chart():
    hub, proxy = (NAMES[name].format(namespace="jhub") for name in ("hub", "proxy-api"))
    assert EXAMPLE["hub"]["extraEnv"]["MADANG_PROXY_API_URL"] == proxy
    assert f'"{hub}"' in EXAMPLE["hub"]["extraConfig"]["50-madang"]
    assert VALUES["existingHub"]["url"] == hub


def test_the_example_names_what_the_chart_makes(beside):
    env = EXAMPLE["hub"]["extraEnv"]
    secret = env["MADANG_SERVICE_TOKEN"]["valueFrom"]["secretKeyRef"]
    assert secret["key"] in beside.of("Secret", secret["name"])["data"]
    service = beside.of("Service", "madang-service")
    port = service["spec"]["ports"][0]["port"]
    assert env["MADANG_SERVICE_URL"] == f"http://madang-service.jhub:{port}/services/madang"
    assert env["MADANG_PEOPLE_NAMESPACE"] == beside.of("Namespace")["metadata"]["name"]


def test_the_example_keeps_database_addresses_and_people_of_that_hub(monkeypatch, tmp_path):
    for name, value in EXAMPLE["hub"]["extraEnv"].items():
        monkeypatch.setenv(name, value if isinstance(value, str) else "x" * 40)
    monkeypatch.setenv("MADANG_HOME", str(tmp_path / "madang"))
    # As the hub's pod has it.
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "p" * 40)
    monkeypatch.delenv("MADANG_SPAWNER")
    # They change JupyterHub's classes for the whole process.
    monkeypatch.setattr("madang.hub.knowing.install", lambda: None)
    monkeypatch.setattr("madang.hub.stopping.install", lambda: None)
    c = Config()
    c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
    c.JupyterHub.hub_bind_url = "http://:8081"
    c.JupyterHub.authenticator_class = "github"
    c.JupyterHub.services = [{"name": "culler", "api_token": "x"}]
    c.Authenticator.admin_users = {"ada"}
    exec(EXAMPLE["hub"]["extraConfig"]["50-madang"], {"c": c})
    assert c.JupyterHub.db_url == "sqlite:///jupyterhub.sqlite"
    assert "cookie_secret_file" not in c.JupyterHub
    assert c.JupyterHub.authenticator_class == "github"
    assert c.Authenticator.admin_users == {"ada"}
    assert c.JupyterHub.hub_connect_url == "http://hub.jhub:8081"
    assert [one["name"] for one in c.JupyterHub.services] == ["culler", "madang"]
    assert c.ConfigurableHTTPProxy.api_url == "http://proxy-api:8001"
    assert (tmp_path / "madang").is_dir()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ingress": {"enabled": True}}, "that hub has its own proxy"),
        ({"login": {"kind": "oidc"}}, "that hub logs people in as its own values say"),
    ],
)
def test_what_that_hub_does_itself_is_refused(chart, more, said):
    assert said in chart.refused({**VALUES, **more})
