"""The engine of a cluster as it is put together, before anything was asked of the cluster."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from madang.engines.kubernetes.rights import rights
from madang.errors import InvalidError, UnavailableError
from madang.settings.config import ServiceSettings
from madang.settings.files import load_policy
from madang.settings.home import Home

POLICY = """
rates: {h200: 2}
kubernetes: {flavors: {h200: {preset: h200, devices: 16, node_labels: {kind: h200}}}}
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("MADANG_POD_IMAGE", "example.org/user:1")
    (tmp_path / "policy.yaml").write_text(POLICY)
    return ServiceSettings(
        home=Home(tmp_path),
        database_url="sqlite://",
        bind_host="127.0.0.1",
        bind_port=1,
        public_url="http://127.0.0.1:1/",
        hub_api_url="http://127.0.0.1:1/hub/api",
        api_token="secret",
        policy_path=tmp_path / "policy.yaml",
        profiles_path=Path("profiles.yaml"),
        engine="kubernetes",
        kubeconfig=tmp_path / "nowhere",
    )


def built(settings):
    from madang.engines.kubernetes.building import build

    return build(settings, load_policy(settings.policy_path))


async def test_flavors_and_totals_come_from_the_policy(settings):
    engine, flavors, totals = built(settings)
    assert [(each.name, each.rate_microcredits) for each in flavors] == [
        ("h200", 2_000_000),
        ("cpu", 0),
    ]
    assert dict(totals) == {"h200": 16, "cpu": 0}
    assert totals.get("b200", 0) == 0
    assert not engine.offers_environments


async def test_devices_that_are_only_said_to_be_there_are_told_as_such(settings):
    settings.policy_path.write_text(POLICY.replace("{h200: {preset", "{sim-h200: {preset"))
    _, flavors, _ = built(settings)
    assert {each.name: each.is_simulated for each in flavors} == {"sim-h200": True, "cpu": False}


async def test_a_kubeconfig_that_is_not_there_is_said_at_the_start(settings):
    engine, _, _ = built(settings)
    with pytest.raises(UnavailableError) as refused:
        await engine.open()
    assert refused.value.code == "kubernetes_unknown"
    await engine.close()


@pytest.mark.parametrize("url", ["prometheus:9090", "http://me:secret@prometheus", "file:///x"])
async def test_an_address_of_prometheus_that_cannot_be_is_refused(settings, url):
    with pytest.raises(InvalidError) as refused:
        built(replace(settings, prometheus_url=url))
    assert refused.value.code == "prometheus_unusable"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("file", "is_inside"), [("service", True), ("service-cluster", False)])
def test_the_rights_that_the_doctor_asks_for_are_those_that_the_chart_gives(file, is_inside):
    golden = Path(__file__).parents[2] / "chart" / "golden" / f"{file}.json"
    asked: dict[str, list[str]] = {}
    for right in rights():
        if right.is_inside == is_inside:
            name = f"{right.group}/{right.resource}".lstrip("/")
            asked.setdefault(name, []).append(right.verb)
    assert {name: sorted(verbs) for name, verbs in asked.items()} == json.loads(golden.read_text())
