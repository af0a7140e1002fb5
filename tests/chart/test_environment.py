"""What the chart tells hub and service is what they read."""

import json
import os
import re

import pytest
import yaml
from traitlets.config import Config

from madang.hub.settings import HubSettings
from madang.settings import described
from madang.settings.config import ServiceSettings
from madang.settings.files import load_policy, load_profiles

from .chart import FOLDER

SECRET = "x" * 40
# Read where pods are made, by the spawner and the launcher of a cluster.
OF_PODS = re.compile(
    r"MADANG_(POD_[A-Z_]+|PLATFORM_NAMESPACE|CLUSTER_IDLE|SPAWNER|PEOPLE_NAMESPACE|HUB_CONNECT_URL"
    r"|(GPU_)?IMAGES?|(HOME|PROJECT)_STORAGE(_CLASS)?)"
)


def environment(rendered, name):
    """Return the variables of a Deployment's container, with something for what is secret."""
    (container,) = rendered.of("Deployment", name)["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("value", SECRET) for one in container["env"]}


@pytest.mark.parametrize("part", ["hub", "service", "migrations"])
def test_every_variable_is_one_that_is_read(chart, part):
    rendered = chart.template("all-on.yaml")
    kind = "Job" if part == "migrations" else "Deployment"
    spec = rendered.of(kind, f"madang-{part}")["spec"]["template"]["spec"]
    told = {one["name"] for one in spec["containers"][0]["env"]}
    known = {*described.FOR_PEOPLE, *described.FOR_THE_SERVICE, *described.FOR_THE_HUB}
    unknown = {name for name in told - known if name.startswith("MADANG_")}
    assert {name for name in unknown if not OF_PODS.fullmatch(name)} == set()


def test_the_service_reads_its_settings(chart):
    given = ServiceSettings.from_env(environment(chart.template("all-on.yaml"), "madang-service"))
    assert given.engine == "kubernetes"
    assert given.service_url == "http://madang-service.madang:8090/services/madang"
    assert given.hub_api_url == "http://madang-hub.madang:8081/hub/api"
    assert given.public_url == "https://gpu.example.org/"
    assert given.dashboard_url == "https://dash.example.org"
    assert (given.bind_host, given.bind_port, given.dashboard_port) == ("0.0.0.0", 8090, 8091)
    assert given.login_is_shared is False
    assert given.prometheus_url == "http://prometheus-operated.monitoring:9090"
    assert given.database_url == given.metrics_token == given.api_token == SECRET


def test_without_postgresql_the_rows_are_on_the_volume(chart):
    rendered = chart.template("min.yaml")
    given = ServiceSettings.from_env(environment(rendered, "madang-service"))
    assert given.database_url == "sqlite:////var/lib/madang/madang.sqlite"
    assert given.login_is_shared is True
    # No migration: what is left takes the queues away when the release is uninstalled.
    assert [job["metadata"]["name"] for job in rendered.all("Job")] == ["madang-removal"]


def test_a_password_of_the_charts_postgresql_becomes_part_of_the_address(chart):
    env = environment(chart.template("upgrade.yaml"), "madang-service")
    assert list(env).index("POSTGRESQL_PASSWORD") < list(env).index("MADANG_DATABASE_URL")
    address = env["MADANG_DATABASE_URL"]
    assert address == "postgresql://madang:$(POSTGRESQL_PASSWORD)@madang-postgresql:5432/madang"


@pytest.mark.parametrize("file", ["min.yaml", "all-on.yaml"])
def test_the_hub_reads_its_settings(chart, file):
    given = HubSettings.from_env(environment(chart.template(file), "madang-hub"))
    assert given.service_url == "http://madang-service.madang:8090/services/madang"
    assert given.proxy_api_url == "http://madang-proxy-api.madang:8001"
    assert given.bind_url == "http://:8081"
    assert given.login == ("shared" if file == "min.yaml" else "site")
    assert given.admins == (("ada",) if file == "min.yaml" else ("admin",))


def configuration(rendered, tmp_path, monkeypatch):
    """Return what JupyterHub's own loader makes of the mounted files."""
    for name, value in environment(rendered, "madang-hub").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MADANG_HOME", str(tmp_path / "home"))
    for name, text in rendered.of("ConfigMap", "madang-hub")["data"].items():
        (tmp_path / name).write_text(text, "utf-8")
    from traitlets.config.loader import PyFileConfigLoader

    return PyFileConfigLoader("jupyterhub_config.py", path=str(tmp_path)).load_config()


@pytest.fixture
def patches(monkeypatch):
    # They change JupyterHub's classes for the whole process.
    monkeypatch.setattr("madang.hub.knowing.install", lambda: None)
    monkeypatch.setattr("madang.hub.stopping.install", lambda: None)
    # The class of the spawner is not of this house's tests.
    monkeypatch.delenv("MADANG_SPAWNER", raising=False)


def test_the_hub_lets_the_identity_provider_say_who_is_who(chart, tmp_path, monkeypatch, patches):
    c = configuration(chart.template("all-on.yaml"), tmp_path, monkeypatch)
    assert isinstance(c, Config)
    assert c.JupyterHub.authenticator_class == "generic-oauth"
    own = c.GenericOAuthenticator
    assert (own.allow_all, own.allowed_groups, own.admin_groups) == (
        False, ["gpu-people"], ["gpu-admins"],
    )  # fmt: skip
    assert own.oauth_callback_url == "https://gpu.example.org/hub/oauth_callback"
    assert own.auth_state_groups_key == "oauth_user.groups"
    assert c.Authenticator.blocked_users == ["eve"]
    assert "allow_all" not in c.Authenticator
    assert c.JupyterHub.concurrent_spawn_limit == 0


def test_a_client_secret_that_was_made_of_a_file_is_taken_without_its_last_line_end(
    chart, tmp_path, monkeypatch, patches
):
    rendered = chart.template("all-on.yaml")
    configuration(rendered, tmp_path, monkeypatch)
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", "of-a-file\n")
    from traitlets.config.loader import PyFileConfigLoader

    PyFileConfigLoader("jupyterhub_config.py", path=str(tmp_path)).load_config()
    assert os.environ["OAUTH_CLIENT_SECRET"] == "of-a-file"


def test_values_of_the_site_stand_over_ours(chart, tmp_path, monkeypatch, patches):
    more = {"hub": {"config": {"JupyterHub": {"last_activity_interval": 99}}}}
    c = configuration(chart.template("min.yaml", more), tmp_path, monkeypatch)
    assert c.JupyterHub.last_activity_interval == 99
    assert c.JupyterHub.authenticator_class == "shared-password"
    assert c.KubeSpawner.image_pull_policy == "IfNotPresent"


def test_settings_are_names_that_jupyterhub_and_kubespawner_know(chart):
    from jupyterhub.app import JupyterHub
    from kubespawner import KubeSpawner

    site = json.loads(
        chart.template("all-on.yaml").of("ConfigMap", "madang-hub")["data"]["site.json"]
    )
    for section, kind in (("JupyterHub", JupyterHub), ("KubeSpawner", KubeSpawner)):
        assert set(site["settings"][section]) <= set(kind.class_traits(config=True))


def test_the_service_takes_policy_and_profiles(rendered, tmp_path):
    files = rendered.of("ConfigMap", "madang-service")["data"]
    policy = yaml.safe_load(files["policy.yaml"])
    assert policy.pop("kubernetes") == {"namespace": "madang-people"}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy), "utf-8")
    (tmp_path / "profiles.yaml").write_text(files["profiles.yaml"], "utf-8")
    assert load_policy(tmp_path / "policy.yaml").open_project == "open"
    assert [one.name for one in load_profiles(tmp_path / "profiles.yaml")] == ["cpu", "gpu-1"]


def test_migrations_run_before_anything_changes_but_not_before_their_database_is_there(chart):
    jobs = {
        file: chart.template(file).of("Job", "madang-migrations")
        for file in ("all-on.yaml", "upgrade.yaml")
    }
    hooks = {file: job["metadata"]["annotations"]["helm.sh/hook"] for file, job in jobs.items()}
    assert hooks == {
        "all-on.yaml": "pre-install,pre-upgrade,pre-rollback",
        "upgrade.yaml": "pre-upgrade,pre-rollback",
    }
    (container,) = jobs["all-on.yaml"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["madang", "migrate"]


def test_the_chart_is_of_the_version_of_the_package():
    from madang import __version__

    chart = yaml.safe_load((FOLDER / "Chart.yaml").read_text("utf-8"))
    assert str(chart["appVersion"]) == __version__


def test_runs_keep_checkpoints_on_the_claim_that_the_chart_makes(chart):
    rendered = chart.template("all-on.yaml")
    named = environment(rendered, "madang-service")["MADANG_POD_CHECKPOINT_CLAIM"]
    claim = rendered.of("PersistentVolumeClaim", named)
    assert claim["metadata"]["namespace"] == "madang-people"
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    bare = chart.template("min.yaml")
    assert "MADANG_POD_CHECKPOINT_CLAIM" not in environment(bare, "madang-service")
