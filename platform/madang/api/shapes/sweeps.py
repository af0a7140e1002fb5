"""Sweeps: one as a whole, a page of its table, and what one would be."""

from typing import Any

from madang.api.shapes.base import Count, DeviceMs, Inside, Micro, Shape, TimeMs
from madang.api.shapes.leases import Standing
from madang.api.shapes.runs import Before, RunError, WaitsFor
from madang.domain.run import RunState
from madang.domain.sweep import SweepState


class Counts(Shape):
    """How many runs are in each state; those that were tried again count once."""

    queued: Count
    running: Count
    succeeded: Count
    failed: Count
    cancelled: Count
    expired: Count


class Shared(Shape):
    """What runs took over from shared cells: how many, how often those ran, what that saved."""

    runs: Count
    times: Count
    saved_ms: Count


class Fresh(Shape):
    """Why some runs had a kernel of the ordinary, slower kind."""

    reason: str
    reason_text: str
    runs: Count


class Sweep(Shape):
    """Many runs of one notebook that were submitted together."""

    id: str
    name: str
    project: str
    person: str
    state: SweepState
    is_paused: bool
    counts: Counts
    runs: Count
    runs_done: Count
    max_parallel: Count
    runs_per_device: Count
    priority: int
    origin: str
    reused: Count
    after: list[Before]
    secrets: list[str]
    notify: bool | None
    flavor: str
    devices: Count
    limit_ms: Count
    notebook_sha256: str
    environment: Inside | None
    submitted_ms: TimeMs
    ended_ms: TimeMs | None
    expected_end_ms: TimeMs | None
    held_device_ms: DeviceMs
    charged_microcredits: Micro
    shared: Shared
    fresh: list[Fresh]
    standing: Standing | None
    waits_for: WaitsFor | None
    can_manage: bool
    is_mine: bool
    version: str


class SweepRow(Shape):
    """One run in the table of its sweep."""

    id: str
    position: Count
    state: RunState
    reason: str
    reason_text: str
    parameters: dict[str, Any]
    recorded: dict[str, Any]
    cells_done: Count
    cells_total: Count
    attempt: Count
    started_ms: TimeMs | None
    ended_ms: TimeMs | None
    duration_ms: Count | None
    charged_microcredits: Micro
    error: RunError | None
    fresh_text: str
    has_output: bool
    reused_from: str


class SweepPage(Shape):
    """Some rows of a sweep's table, and how many there are for what was asked.

    The names are those of columns: every run has the parameters, and may have recorded any of them.
    """

    total: Count
    offset: Count
    parameter_names: list[str]
    recorded_names: list[str]
    rows: list[SweepRow]


class SweepPlan(Shape):
    """What a sweep would be, and cost at most if every run took its whole time.

    What is expected is there once the pilot that was named has succeeded.
    """

    project: str
    runs: Count
    reused: Count
    names: list[str]
    first: list[dict[str, Any]]
    flavor: str
    devices: Count
    limit_ms: Count
    max_parallel: Count
    runs_per_device: Count
    at_most_device_ms: DeviceMs
    at_most_microcredits: Micro
    left_microcredits: Micro
    measured_ms: Count | None
    expected_ms: Count | None
    expected_device_ms: DeviceMs | None
    expected_microcredits: Micro | None


class Middle(Shape):
    """How many runs have a value, and their least, middle and largest one."""

    count: Count
    least: float
    median: float
    most: float


class Pair(Shape):
    """A run of each sweep with equal parameters; values are null where one has none."""

    parameters: dict[str, Any]
    positions: list[Count]
    values: list[list[float | None]]


class SweepComparison(Shape):
    """Two sweeps side by side.

    Each list of values, and ``medians``, begins with the time in ms; after it come the recorded
    ``names`` in their order. Two of everything: of the first sweep and of the second.
    """

    sweeps: list[Sweep]
    names: list[str]
    medians: list[list[Middle | None]]
    matched: Count
    only_first: Count
    only_second: Count
    offset: Count
    pairs: list[Pair]
