"""Values that contradict each other are refused with what is wrong, where, and what to do."""

import re

import pytest

from .chart import FOLDER

OIDC = {
    "kind": "oidc",
    "oidc": {
        "authorizeUrl": "https://id.example.org/a",
        "tokenUrl": "https://id.example.org/t",
        "userdataUrl": "https://id.example.org/u",
        "clientId": "madang",
        "clientSecretName": "oidc",
    },
}


def oidc(**changes):
    return {"login": {"kind": "oidc", "oidc": {**OIDC["oidc"], **changes}}}


CASES = {
    "no address": ({"publicUrl": ""}, "publicUrl is empty"),
    "one namespace": ({"people": {"namespace": "madang"}}, "people.namespace is madang"),
    "two namespaces": (
        {"policy": {"kubernetes": {"namespace": "elsewhere"}}},
        "policy.kubernetes.namespace is elsewhere and people.namespace is madang-people",
    ),
    "two databases": (
        {"postgresql": {"enabled": True}, "database": {"existingSecret": "mine"}},
        "postgresql.enabled is true and database.existingSecret is mine",
    ),
    "a Prometheus behind a closed door": (
        {"metrics": {"prometheusUrl": "http://prometheus.monitoring:9090"}},
        "metrics.prometheusUrl is http://prometheus.monitoring:9090 and network.metricsNamespace",
    ),
    "no place for rows": (
        {"service": {"storage": {"enabled": False}}},
        "service.storage.enabled is false and there is no PostgreSQL",
    ),
    "many writers of a file": (
        {"service": {"replicas": 2}},
        "service.replicas is 2 and the rows are in a file",
    ),
    "many pods on a volume for one": (
        {"service": {"replicas": 2}, "postgresql": {"enabled": True}},
        "service.replicas is 2 and service.storage.accessMode is ReadWriteOnce,",
    ),
    "no place for outputs": (
        {"service": {"storage": {"enabled": False}}, "postgresql": {"enabled": True}},
        "service.storage.enabled is false and policy.artifacts.url is not set",
    ),
    **{
        f"no {key}": (oidc(**{key: ""}), f"login.kind is oidc and login.oidc.{key} is empty")
        for key in OIDC["oidc"]
    },
    "groups of nowhere": (oidc(allowedGroups=["gpu"]), "login.oidc.groupsClaim is empty"),
    "a provider that is not asked": (
        {"login": {"oidc": {"clientId": "madang"}}},
        "login.oidc.clientId is set and login.kind is shared",
    ),
    "a certificate without https": (
        {"publicUrl": "http://gpu.example.org/"},
        "ingress.tlsSecret is gpu-example-org and publicUrl starts with http:",
    ),
    "a project of no tier": (
        {"policy": {"projects": {"vision-lab": {"tier": "research"}}}},
        "policy.projects.vision-lab.tier is research and policy.tiers has no such tier (it has",
    ),
    "a profile of no device": (
        {"profiles": {"big": {"flavor": "h200"}}},
        "profiles.big.flavor is h200 and policy.kubernetes.flavors has no such kind",
    ),
    "a profile for nobody": (
        {"profiles": {"gpu-1": {"tiers": ["research"]}}},
        "profiles.gpu-1.tiers names research and policy.tiers has no such tier",
    ),
    "dashboards beside the hub": (
        {"dashboards": {"url": "https://gpu.example.org:8443/"}},
        "dashboards.url and publicUrl have the same host gpu.example.org",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_says_what_where_and_what_to_do(chart, case):
    more, wrong = CASES[case]
    told = chart.refused(more)
    assert wrong in told
    assert re.search(r"\. (Set|Leave|Let|Give) ", told), told


def test_a_volume_for_one_pod_is_not_for_two_either(chart):
    storage = {"accessMode": "ReadWriteOncePod"}
    more = {"service": {"replicas": 2, "storage": storage}, "postgresql": {"enabled": True}}
    assert "service.storage.accessMode is ReadWriteOncePod," in chart.refused(more)


def test_a_name_too_long_for_what_is_made_of_it_is_refused(chart):
    told = chart.refused({}, name="m" * 41)
    assert "has 41 characters" in told
    assert "Install it under a name of at most 40" in told


def test_every_sentence_of_the_chart_has_its_case():
    sentences = (FOLDER / "templates" / "_checks.tpl").read_text("utf-8").count("{{- fail ")
    # Of the list of what a provider must say, one sentence stands for five keys; the name of the
    # release has a test of its own here, what another hub does itself beside that hub, and a
    # Secret that is gone where there is a cluster (test_chart_again.py).
    assert sentences == len(CASES) - len(OIDC["oidc"]) + 1 + 1 + 2 + 1
