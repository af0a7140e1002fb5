"""A run: one notebook with one set of parameters, executed inside a slot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_NOTEBOOK_BYTES = 10 * 1024**2
MAX_PARAMETERS_BYTES = 64 * 1024
MAX_PARAMETERS = 256
MAX_PARAMETERS_DEPTH = 16
MAX_PRIORITY = 10
"""Priorities reach from minus this to this; they order one person's work in one project."""


MAX_AFTER = 20
"""Runs and sweeps that one may wait for."""

MIN_CHECKPOINT_S = 1
MAX_CHECKPOINT_S = 86_400
"""Seconds between saves of a run that its person may ask for."""


class RunState(StrEnum):
    """Where a run is; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


FINAL_RUN_STATES = frozenset(
    {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED}
)

CONTINUED_STATES = frozenset({RunState.FAILED, RunState.EXPIRED})
"""A retry of a run that ended so goes on from its last checkpoint."""

RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    # Back to queued when the slot was lost or asked back: preempted is not failed (P10).
    RunState.RUNNING: FINAL_RUN_STATES | {RunState.QUEUED},
    **{state: frozenset() for state in FINAL_RUN_STATES},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row of the run table, as plain data.

    Attributes
    ----------
    notebook_sha256, output_sha256
        Names of the input snapshot and of the executed notebook in the artifacts.
    lease, attempt
        The slot that took it, or that it waits for, and how often it was taken.
    cells_done, cells_total
        Progress; not committed for each cell, the service keeps it in memory while running.
    error
        ``{"cell", "name", "value"}`` of the failing cell, or None.
    environment, environment_revision
        What its kernel executes with; empty for the installation itself. The revision is chosen
        when a slot takes the run.
    sweep, position
        The sweep that it belongs to (empty for a run of its own), and its place in there from 0.
    fresh_reason
        Why its kernel was not forked from a warm process, a code and what was found behind it;
        empty for one that was.
    warm, shared_ms
        The warm process that ran its shared cells, and how long they took there.
    is_superseded
        Whether it was tried again: the sweep's table shows the later run at its position.
    origin
        The run that this one repeats, with other parameters or the same; empty for none.
    priority
        Slots take those with a higher one first; in a sweep, the sweep's counts.
    fingerprint
        Hash of notebook, files, parameters and versions of secrets; empty for what is never reused.
    reused_from
        The run whose result was taken over instead of executing this one; empty for none.
    after, is_held
        Runs and sweeps that must succeed first, and whether one of them has not yet; in a sweep,
        the sweep's count.
    continues
        The first run of which it is a retry, whose checkpoint it goes on from; empty for none.
    resumed_after, kept_cell
        The cell after which its last attempt went on, and after which the next one would; 0 for
        the beginning.
    output_deleted_ms, output_kept_days
        When output and log were deleted, and after how many days; 0 days when somebody asked.
    secrets
        Names of the project's secrets that its kernel gets in its environment.
    recorded
        Values that its notebook recorded, by name; known when it has ended.
    lane, lanes
        Which of the runs that its slot works on at the same time it is, from 0, and how many may
        be: so many share the device, and what it costs.
    checkpoint_after_ms
        How long between saves, as its person said; 0 as the notebook says, or as usual. Beside the
        snapshot, so that it makes no other notebook of it.
    """

    id: str
    person: str
    project: str
    name: str
    notebook_sha256: str
    parameters: Mapping[str, Any]
    flavor: str
    devices: int
    limit_ms: int
    submitted_ms: int
    state: RunState = RunState.QUEUED
    lease: str = ""
    attempt: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    cells_done: int = 0
    cells_total: int = 0
    output_sha256: str = ""
    reason: str = ""
    error: Mapping[str, Any] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    environment_revision: int = 0
    sweep: str = ""
    position: int = 0
    is_superseded: bool = False
    fresh_reason: str = ""
    warm: str = ""
    shared_ms: int = 0
    origin: str = ""
    priority: int = 0
    fingerprint: str = ""
    reused_from: str = ""
    after: tuple[str, ...] = ()
    is_held: bool = False
    continues: str = ""
    resumed_after: int = 0
    kept_cell: int = 0
    output_deleted_ms: int | None = None
    output_kept_days: int = 0
    recorded: Mapping[str, Any] = field(default_factory=dict)
    lane: int = 0
    lanes: int = 1
    checkpoint_after_ms: int = 0
    secrets: tuple[str, ...] = ()

    @property
    def checkpoint_run(self) -> str:
        """The run under which its checkpoints are kept."""
        return self.continues or self.id

    @property
    def may_be_continued(self) -> bool:
        """Whether a retry goes on from its checkpoint: nothing is kept of others."""
        return self.state in CONTINUED_STATES

    def device_time_ms(self, took_ms: int) -> int:
        """Return its own part of the time of devices that it was executed on for so long."""
        return self.devices * took_ms // self.lanes

    @property
    def is_final(self) -> bool:
        """Whether it will not change any more."""
        return self.state in FINAL_RUN_STATES
