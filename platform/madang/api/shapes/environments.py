"""Environments, their builds, and what work says of the one that it executes with."""

from madang.api.shapes.base import Count, Shape, TimeMs
from madang.api.shapes.runs import RunError
from madang.domain.environment import BuildState, EnvironmentKind


class Revision(Shape):
    """One build of an environment."""

    n: Count
    state: BuildState
    state_text: str
    reason: str
    reason_text: str
    person: str
    run: str
    python: str
    versions: dict[str, str]
    asked_ms: TimeMs
    ended_ms: TimeMs | None
    superseded_ms: TimeMs | None
    size_bytes: Count
    packages: Count
    steps_done: Count
    steps_total: Count
    error: RunError | None
    version: str


class Environment(Shape):
    """Packages for the notebooks, runs and clusters of a project."""

    id: str
    name: str
    title: str
    kind: EnvironmentKind
    project: str
    project_id: str
    person: str
    created_ms: TimeMs
    deleted_ms: TimeMs | None
    kernel: str
    state: str
    is_ready: bool
    revision: Count | None
    size_bytes: Count
    packages: Count
    spec: str
    python: str
    latest: Revision | None
    revisions: list[Revision]
    can_manage: bool
    version: str
