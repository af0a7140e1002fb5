"""Values: what helm takes, what it refuses, and that values, comments and schema say the same."""

import json
import re

import pytest
import yaml

from .chart import FILES, FOLDER
from .values_schema import SCHEMA, VALUES, comments, schema, written

TEXT = VALUES.read_text("utf-8")


@pytest.mark.parametrize("file", FILES)
def test_lint_has_nothing_to_say(chart, file):
    told = chart.lint(file)
    assert told.returncode == 0, told.stdout
    assert "[WARNING]" not in told.stdout
    assert "[ERROR]" not in told.stdout


def test_a_first_install_needs_few_lines():
    lines = (FOLDER / "ci" / "min.yaml").read_text("utf-8").splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) <= 30


def test_the_schema_is_made_of_values_and_comments():
    assert SCHEMA.read_text("utf-8") == written(schema(TEXT)), "run: make chart-schema"


def keys(value, path="", free=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield f"{path}.{key}".lstrip(".")
            yield from keys(one, f"{path}.{key}".lstrip("."))


def test_every_key_has_a_comment_that_is_its_description():
    told = comments(TEXT)
    assert len(told) > 120
    assert [path for path, comment in told.items() if not comment.endswith((".", "}"))] == []
    # No comment belongs to a key that is not there.
    assert set(told) <= set(keys(yaml.safe_load(TEXT)))


def objects(node, path=""):
    if node.get("type") == "object":
        yield path, node
    for name, one in node.get("properties", {}).items():
        yield from objects(one, f"{path}.{name}".lstrip("."))


def test_maps_are_closed_but_for_those_that_are_not_ours():
    open_ = {
        path
        for path, node in objects(json.loads(SCHEMA.read_text("utf-8")))
        if node.get("additionalProperties") is not False
    }
    # Labels, annotations, node selectors and amounts are Kubernetes' own, and settings of
    # JupyterHub its own. Profiles are named by the site.
    others = r"annotations|([a-zA-Z]+L|l)abels|nodeSelector|requests|limits|default(Request)?"
    assert {path for path in open_ if not re.search(rf"\.({others})$", path)} == {
        "global", "profiles", "hub.config", "people.quota",
    }  # fmt: skip


def test_every_key_of_policy_and_profiles_that_the_service_reads_is_let_through(chart):
    """What the examples beside the program say, commented out or not, is taken by helm too."""
    folder = FOLDER.parents[1] / "hub_config"
    commented = re.sub(r"(?m)^# (?= *[a-z0-9_.-]+:)", "", (folder / "policy.yaml").read_text())
    policy = yaml.safe_load(commented)
    assert {"kubernetes", "environments", "tiers", "projects"} <= set(policy)
    # The chart says these two itself.
    policy["kubernetes"].pop("namespace")
    profiles = yaml.safe_load((folder / "profiles.yaml").read_text())
    assert chart.template("min.yaml", {"policy": policy, "profiles": profiles}).of("Namespace")


WRONG = [
    ({"nope": 1}, "nope"),
    ({"hub": {"replicas": 2}}, "replicas"),
    ({"people": {"home": {"storage": "1Gi"}}}, "storage"),
    ({"hub": {"resources": {"request": {}}}}, "request"),
    ({"publicUrl": "gpu.example.org"}, "publicUrl"),
    ({"publicUrl": "https://gpu.example.org/jupyter/"}, "publicUrl"),
    ({"service": {"replicas": "2"}}, "replicas"),
    ({"service": {"replicas": 0}}, "replicas"),
    ({"images": {"tag": "latest"}}, "tag"),
    ({"images": {"proxy": {"tag": ""}}}, "tag"),
    ({"images": {"hub": {"digest": "sha256:12"}}}, "digest"),
    ({"login": {"kind": "dummy"}}, "kind"),
    ({"people": {"namespace": "My People"}}, "namespace"),
    ({"people": {"home": {"size": "10 GB"}}}, "size"),
    ({"network": {"kubeApi": {"cidrs": ["the-api"]}}}, "cidrs"),
    ({"network": {"kubeApi": {"ports": [0]}}}, "ports"),
    ({"people": {"images": ["registry.example.org/user"]}}, "images"),
    ({"policy": {"project": {}}}, "project"),
    ({"policy": {"tiers": {"open": {"max_hour": 8}}}}, "max_hour"),
    ({"policy": {"projects": {"open": {"members": {}, "budget": 3}}}}, "budget"),
    ({"policy": {"kubernetes": {"flavors": {"h200": {"labels": {}}}}}}, "labels"),
    ({"policy": {"notices": {"smtp": {"server": "mail"}}}}, "server"),
    ({"profiles": {"gpu-1": {"gpus": 1}}}, "gpus"),
    ({"prepull": {"tolerations": [{"keys": "x"}]}}, "keys"),
]


@pytest.mark.parametrize(("more", "named"), WRONG, ids=[str(more) for more, _ in WRONG])
def test_what_cannot_be_meant_is_refused_by_name(chart, more, named):
    told = chart.refused(more)
    assert "values don't meet the specifications of the schema" in told
    assert named in told
