"""Runs, as people and as slot workers see them."""

from typing import Any

from madang.api.shapes.base import Count, DeviceMs, Inside, Micro, Shape, TimeMs
from madang.api.shapes.leases import Standing
from madang.domain.run import RunState
from madang.domain.sweep import SweepState


class RunError(Shape):
    """The cell that failed, and with what."""

    cell: int | None
    name: str
    value: str


class Before(Shape):
    """What must succeed first; the name is empty for what the asker may not see."""

    id: str
    name: str
    state: RunState | SweepState


class WaitsFor(Shape):
    """A part of the house that does not answer, and what that means for who waits."""

    code: str
    text: str
    since_ms: TimeMs


class Run(Shape):
    """One notebook with one set of parameters."""

    id: str
    name: str
    project: str
    person: str
    state: RunState
    reason: str
    reason_text: str
    parameters: dict[str, Any]
    recorded: dict[str, Any]
    secrets: list[str]
    flavor: str
    devices: Count
    limit_ms: Count
    notebook_sha256: str
    submitted_ms: TimeMs
    started_ms: TimeMs | None
    ended_ms: TimeMs | None
    cells_done: Count
    cells_total: Count
    resumed_after: Count
    kept_cell: Count
    error: RunError | None
    lease: str
    sweep: str
    origin: str
    reused_from: str
    priority: int
    after: list[Before]
    attempt: Count
    environment: Inside | None
    has_output: bool
    output_deleted_ms: TimeMs | None
    output_deleted_text: str
    held_device_ms: DeviceMs
    charged_microcredits: Micro
    standing: Standing | None
    waits_for: WaitsFor | None
    can_manage: bool
    version: str


class RunPlan(Shape):
    """What a run would be, and cost at most if it took its whole time."""

    project: str
    is_reused: bool
    parameters: dict[str, Any]
    flavor: str
    devices: Count
    limit_ms: Count
    at_most_device_ms: DeviceMs
    at_most_microcredits: Micro
    left_microcredits: Micro


class SecretValue(Shape):
    """A value for the kernel of the run, and its version."""

    version: Count
    value: str


class Work(Shape):
    """A run that is handed to a slot, with all that it needs; files are base64 by name."""

    run: Run
    notebook: str
    files: dict[str, str]
    token: str
    limit_ms: Count
    lanes: Count
    continues: str
    checkpoint_after_ms: Count
    python: str
    environment_report: str
    build_folder: str
    secrets: dict[str, SecretValue]


class Stop(Shape):
    """Whether a run shall stop."""

    stop: bool


class Kept(Shape):
    """The hash under which an output is kept."""

    sha256: str
