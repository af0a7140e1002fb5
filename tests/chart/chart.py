"""Runs helm on the chart and gives back what it said, and the objects that it made.

``MADANG_HELM`` names a helm 4; without it the one of PATH is taken, or built once.
"""

import functools
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "helm" / "madang"
FILES = ("min.yaml", "all-on.yaml", "upgrade.yaml")
KUBERNETES = "1.36.4"
WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod")

Values = Mapping[str, Any]


def helm() -> str:
    """Return the path of helm; builds it when there is none."""
    from ..cluster.binaries import helm

    return str(helm())


@dataclass(frozen=True)
class Rendered:
    """What helm made of some values."""

    objects: tuple[dict[str, Any], ...]

    def of(self, kind: str, name: str = "") -> dict[str, Any]:
        """Return the one object of a kind, or the one with this name."""
        (found,) = [one for one in self.all(kind) if name in ("", one["metadata"]["name"])]
        return found

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def pods(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Yield (name, metadata, specification) of every pod that the chart makes."""
        for one in self.objects:
            if one["kind"] == "Pod":
                yield one["metadata"]["name"], one["metadata"], one["spec"]
            elif one["kind"] in WITH_PODS:
                template = one["spec"]["template"]
                yield one["metadata"]["name"], template["metadata"], template["spec"]


class Chart:
    """The chart and a helm to look at it with."""

    def __init__(self, program: str) -> None:
        self._program = program

    def run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run helm; values come from its standard input."""
        return subprocess.run(
            [self._program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def lint(self, file: str) -> subprocess.CompletedProcess[str]:
        """Run ``helm lint --strict`` with a file of ``ci/``."""
        return self.run("lint", "--strict", str(FOLDER), "--values", str(FOLDER / "ci" / file))

    def template(
        self, file: str = "min.yaml", more: Values | None = None, **options: str
    ) -> Rendered:
        """Return what a file of ``ci/`` makes, with other values over it."""
        made = self.try_template(file, more, **options)
        assert made.returncode == 0, made.stderr
        found = [one for one in yaml.safe_load_all(made.stdout) if one]
        return Rendered(tuple(found))

    def refused(self, more: Values, file: str = "min.yaml", **options: str) -> str:
        """Return why these values are refused."""
        made = self.try_template(file, more, **options)
        assert made.returncode != 0, "it was not refused"
        return made.stderr

    def try_template(
        self, file: str, more: Values | None = None, name: str = "madang", namespace: str = "madang"
    ) -> subprocess.CompletedProcess[str]:
        """Run ``helm template``."""
        return self._template(file, json.dumps(more or {}), name, namespace)

    @functools.cache  # noqa: B019 - one instance for the session
    def _template(
        self, file: str, more: str, name: str, namespace: str
    ) -> subprocess.CompletedProcess[str]:
        files = ("--values", str(FOLDER / "ci" / file), "--values", "-")
        where = ("--namespace", namespace, "--kube-version", KUBERNETES)
        return self.run("template", name, str(FOLDER), *files, *where, given=more)
