"""An environment: packages that a project's notebooks, runs and clusters can execute with.

A person asks for it by a spec; every build makes a revision, which is never changed afterwards.
Whatever starts takes the newest ready revision and keeps it until it ends. Plain data and its
rules; services move revisions, the engine keeps their folders.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from madang.domain.lease import TransitionError

KERNEL_PREFIX = "madang-"
"""Kernels of environments are named so, which keeps them apart from everybody else's."""

MAX_REPORT_BYTES = 1024 * 1024
"""Size of the record that a build leaves, with the list of all packages."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class EnvironmentKind(StrEnum):
    """How it is specified and built."""

    UV = "uv"
    CONDA = "conda"


class BuildState(StrEnum):
    """Where a revision is. Text in ``build_state.<value>`` of the catalogue."""

    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    REMOVED = "removed"


BUILD_TRANSITIONS: Mapping[BuildState, frozenset[BuildState]] = {
    BuildState.QUEUED: frozenset({BuildState.BUILDING, BuildState.READY, BuildState.FAILED}),
    # Back to queued when the slot of the build was lost or asked back.
    BuildState.BUILDING: frozenset({BuildState.QUEUED, BuildState.READY, BuildState.FAILED}),
    BuildState.READY: frozenset({BuildState.REMOVED}),
    BuildState.FAILED: frozenset(),
    BuildState.REMOVED: frozenset(),
}
"""From each state, the states that may follow."""

OPEN_BUILDS = frozenset({BuildState.QUEUED, BuildState.BUILDING})


def check_build_transition(before: BuildState, after: BuildState) -> None:
    """Raise :class:`TransitionError` unless the table allows ``before`` → ``after``."""
    if after not in BUILD_TRANSITIONS[before]:
        raise TransitionError(f"build cannot go from {before} to {after}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One row of the environment table.

    Attributes
    ----------
    person
        Who asked for it first.
    deleted_ms
        When it was deleted; its name is free again then. None while it is there.
    """

    id: str
    project: str
    name: str
    title: str
    kind: EnvironmentKind
    person: str
    created_ms: int
    deleted_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One build of an environment.

    Attributes
    ----------
    n
        Number, from 1.
    spec, python
        What was asked for; an empty ``python`` is the version of the installation.
    person, run
        Who asked for this build, and the run that builds it.
    superseded_ms
        Since when nothing new may start with it; None while it is the one that is used.
    report_sha256
        Name of the environment report (packages, versions, hashes) in the artifacts.
    reason
        Why it failed or was removed; text in ``build_reason.<value>`` of the catalogue.
    versions
        Of what must be the same on both sides of a cluster: ``python``, ``dask``, ``distributed``.
    """

    environment: str
    n: int
    spec: str
    python: str
    person: str
    run: str
    asked_ms: int
    state: BuildState = BuildState.QUEUED
    ended_ms: int | None = None
    superseded_ms: int | None = None
    size_bytes: int = 0
    packages: int = 0
    report_sha256: str = ""
    reason: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRef:
    """Names the folder of one revision."""

    project: str
    environment: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a finished build says of itself; written by its person's process, so never trusted.

    Attributes
    ----------
    python
        Version of the interpreter.
    size_bytes
        Of all files.
    packages
        Version by name.
    report
        The bytes of the whole record.
    """

    run: str
    python: str
    size_bytes: int
    packages: Mapping[str, str] = field(default_factory=dict)
    report: bytes = field(default=b"", repr=False)

    @property
    def versions(self) -> dict[str, str]:
        """Return what :attr:`Revision.versions` keeps."""
        both = {name: self.packages.get(name, "") for name in ("dask", "distributed")}
        return {"python": self.python, **both}


def kernel_name(environment: str) -> str:
    """Return the name of an environment's kernel in Jupyter."""
    return KERNEL_PREFIX + environment


def is_environment_name(name: str) -> bool:
    """Tell whether an environment may be named so: it stands in paths and in commands."""
    return _NAME.fullmatch(name) is not None


def newest_ready(revisions: Iterable[Revision]) -> Revision | None:
    """Return the revision that new work starts with."""
    ready = [item for item in revisions if item.state is BuildState.READY]
    return max(ready, key=lambda item: item.n, default=None)


def read_built(record: Mapping[str, Any], report: bytes) -> Built | None:
    """Return what the record of a build says; None for anything that a build does not write."""
    packages = record.get("packages")
    size, python, run = record.get("size_bytes"), record.get("python"), record.get("run")
    if not isinstance(packages, list) or not isinstance(size, int) or isinstance(size, bool):
        return None
    if not isinstance(python, str) or not isinstance(run, str) or not 0 <= size < 2**53:
        return None
    named: dict[str, str] = {}
    for item in packages:
        if not isinstance(item, dict):
            return None
        name, version = item.get("name"), item.get("version")
        if not isinstance(name, str) or not isinstance(version, str):
            return None
        named[name[:200]] = version[:100]
    return Built(run=run, python=python[:40], size_bytes=size, packages=named, report=report)
