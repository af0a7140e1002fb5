"""The Dockerfiles: what they must never hold, and that chart, package and script name the same."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "platform" / "images"
NAMES = sorted(path.parent.name for path in IMAGES.glob("*/Dockerfile"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def text(name: str) -> str:
    return (IMAGES / name / "Dockerfile").read_text("utf-8")


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return (instruction, arguments), without comments and with continued lines joined."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    pairs = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [(pair[0].upper(), pair[1]) for pair in pairs]


def faults(dockerfile: str) -> list[str]:
    """Return what no image of ours may have."""
    steps = instructions(dockerfile)
    users = [given for what, given in steps if what == "USER"]
    bases = [given.split()[0] for what, given in steps if what == "FROM"]
    stages = [given.split()[2] for what, given in steps if what == "FROM" and " AS " in given]
    found = []
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        found.append("ends as root, or as a name that Kubernetes cannot check")
    if any(base != "${BASE}" and base not in stages for base in bases):
        found.append("a base that cannot be replaced")
    if any(what == "ADD" for what, _ in steps):
        found.append("ADD, which fetches and unpacks")
    if re.search(
        r"(?i)_proxy\b|index[-_]url|find[-_]links|pip\.conf|cert\b|trusted-host", dockerfile
    ):
        found.append("a setting of one site's network")
    if re.search(r"(?i)\b(ENV|ARG)\b[^\n]*(password|secret|token)", dockerfile):
        found.append("a secret")
    if re.search(r"(?i)\b(curl|wget|git clone|apt-get|apk)\b", dockerfile):
        found.append("something that no lock fixes")
    if not re.search(r"(?m)^ARG BASE=\S+:\S*\d+\.\d+\.\d+\S*$", dockerfile):
        found.append("a base of no exact version")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_image_of_ours_has_no_fault(name: str) -> None:
    assert faults(text(name)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("USER 1000:1000", "USER root"),
        ("USER 1000:1000", ""),
        ("FROM ${BASE}\n", "FROM debian:12.1.0\n"),
        ("LABEL ", "ADD https://example.org/x.tar /\nLABEL "),
        ("LABEL ", "ENV https_proxy=http://example.org\nLABEL "),
        ("LABEL ", "ARG PIP_INDEX_URL=https://example.org\nLABEL "),
        ("LABEL ", "ENV MADANG_TOKEN=a\nLABEL "),
        ("LABEL ", "RUN curl -o x https://example.org/x\nLABEL "),
        (":3.11.15-slim", ":slim"),
    ],
)
def test_a_fault_is_found(old: str, new: str) -> None:
    assert old in text("hub")
    assert len(faults(text("hub").replace(old, new))) == 1


def test_chart_and_folders_name_the_same_images() -> None:
    values = yaml.safe_load((ROOT / "helm/madang/values.yaml").read_text("utf-8"))["images"]
    ours = {
        one["repository"] for one in values.values() if isinstance(one, dict) and "tag" not in one
    }
    assert ours == set(NAMES)
    script = (IMAGES / "build.sh").read_text("utf-8")
    assert sorted(re.findall(r"IMAGES:-([a-z -]+)\}", script)[0].split()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_image_says_the_version_and_licence_and_installs_its_own_extra(name: str) -> None:
    dockerfile = text(name)
    assert f'image.version="{PROJECT["version"]}"' in dockerfile
    assert f'image.licenses="{PROJECT["license"]}"' in dockerfile
    assert f'image.title="madang-{name}"' in dockerfile
    assert f"--extra image-{name} " in dockerfile
    assert f"image-{name}" in PROJECT["optional-dependencies"]


def test_the_first_stages_differ_only_in_what_they_install() -> None:
    stages = {
        name: text(name).split("FROM", 1)[1].split("LABEL")[0].replace(f"image-{name} ", "image ")
        for name in NAMES
    }
    assert len(set(stages.values())) == 1


def test_what_a_dockerfile_copies_is_in_the_context() -> None:
    allowed = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    for name in NAMES:
        for what, given in instructions(text(name)):
            if what == "COPY" and not given.startswith("--from"):
                assert set(given.split()[:-1]) <= set(allowed)
    assert all((ROOT / path).exists() for path in allowed)


def build(tmp_path: Path, **given: str) -> list[str]:
    """Run the script with a tool that only says what it was told; return that."""
    said = tmp_path / "said"
    tool = tmp_path / "tool"
    tool.write_text(
        f'#!/bin/sh\nfor word; do printf "<%s>" "$word"; done >> {said}\necho >> {said}\n'
    )
    tool.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "TOOL": str(tool), **given}
    subprocess.run([str(IMAGES / "build.sh")], env=environment, check=True, capture_output=True)
    return said.read_text("utf-8").splitlines()


def test_the_script_builds_and_pushes_all_images_under_the_charts_names(tmp_path: Path) -> None:
    said = build(tmp_path, REGISTRY="registry.example.org/madang", PUSH="1")
    image = f"registry.example.org/madang/hub:{PROJECT['version']}"
    assert said[:2] == [
        f"<build><--file><platform/images/hub/Dockerfile><--tag><{image}><.>",
        f"<push><{image}>",
    ]
    assert len(said) == 2 * len(NAMES)


def test_the_script_takes_another_base_tag_and_options_and_does_not_push(tmp_path: Path) -> None:
    said = build(tmp_path, IMAGES="service", BASE="a/b:1 c", TAG="7", FLAGS="--layers --x y")
    assert said == [
        "<build><--build-arg><BASE=a/b:1 c><--layers><--x><y>"
        "<--file><platform/images/service/Dockerfile><--tag><service:7><.>"
    ]
