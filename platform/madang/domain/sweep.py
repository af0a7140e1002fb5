"""A sweep: many runs of one notebook that were submitted together, each with its own parameters.

Its state is not kept but told from its runs, so that the two can never disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from madang.domain.run import FINAL_RUN_STATES, RunState
from madang.errors import InvalidError

MAX_SWEEP_RUNS = 10_000
MAX_SWEEP_BYTES = 32 * 1024**2
"""Parameters of all runs of a sweep together, as JSON."""

MAX_PARALLEL = 256
DEFAULT_PARALLEL = 4
"""Slots that take runs of one sweep at the same time, unless its person says otherwise."""

MAX_RUNS_PER_DEVICE = 16
"""Runs of one sweep that a slot may work on at the same time, on the one device it has."""


class SweepState(StrEnum):
    """Where a sweep is; the last three are final until failed runs are tried again."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_SWEEP_STATES = frozenset({SweepState.SUCCEEDED, SweepState.FAILED, SweepState.CANCELLED})
RETRIED_STATES = (RunState.FAILED, RunState.EXPIRED, RunState.CANCELLED)
"""Ends of runs that may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One row of the sweep table, as plain data.

    Attributes
    ----------
    notebook_sha256, files
        Names of the snapshot in the artifacts; its runs have the same notebook, and the files are
        kept here alone.
    max_parallel
        How many slots may take its runs at the same time.
    runs_per_device
        How many of its runs a slot may work on at the same time.
    ended_ms
        When all its runs had ended; None before, and again once failed ones are retried.
    summary
        What was counted when it ended; None before.
    origin
        The sweep that this one repeats with other parameters; empty for none.
    priority
        Slots take its runs before those of sweeps and runs with a lower one.
    reused
        How many of its runs were there already when it was submitted.
    after, is_held
        Runs and sweeps that must succeed first, and whether one of them has not yet.
    secrets
        Names of the project's secrets that each of its runs gets.
    checkpoint_after_ms
        How long between saves of its runs; 0 as the notebook says, or as usual.
    notify
        Whether its end is told by mail and webhook; None as its person's settings say.
    """

    id: str
    person: str
    project: str
    name: str
    notebook_sha256: str
    flavor: str
    devices: int
    limit_ms: int
    max_parallel: int
    submitted_ms: int
    is_paused: bool = False
    ended_ms: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    summary: Mapping[str, Any] | None = None
    origin: str = ""
    priority: int = 0
    reused: int = 0
    after: tuple[str, ...] = ()
    is_held: bool = False
    runs_per_device: int = 1
    secrets: tuple[str, ...] = ()
    checkpoint_after_ms: int = 0
    notify: bool | None = None


def check_sharing(runs_per_device: int, devices: int) -> None:
    """Refuse runs that would share more than one device.

    Raises
    ------
    InvalidError
        ``sharing_one_device``.
    """
    if runs_per_device > 1 and devices > 1:
        raise InvalidError("sharing_one_device", given=devices, runs=runs_per_device, limit=1)


def sweep_state(counts: Mapping[str, int], is_paused: bool) -> SweepState:
    """Return where a sweep is whose runs are counted by their state."""
    waiting, running = counts.get(RunState.QUEUED, 0), counts.get(RunState.RUNNING, 0)
    if waiting and is_paused:
        return SweepState.PAUSED
    if waiting or running:
        has_begun = running or any(counts.get(state, 0) for state in FINAL_RUN_STATES)
        return SweepState.RUNNING if has_begun else SweepState.QUEUED
    if counts.get(RunState.FAILED, 0) or counts.get(RunState.EXPIRED, 0):
        return SweepState.FAILED
    return SweepState.CANCELLED if counts.get(RunState.CANCELLED, 0) else SweepState.SUCCEEDED


def slots_wanted(sweep: Sweep, waiting: int, working: int, free_lanes: int = 0) -> int:
    """Return how many more slots could take a run of a sweep now.

    Parameters
    ----------
    working
        How many slots execute its runs.
    free_lanes
        How many runs more those can take: they are needed before any other slot.
    """
    if sweep.is_paused or sweep.is_held:
        return 0
    needed = -(-max(0, waiting - free_lanes) // sweep.runs_per_device)
    return max(0, min(sweep.max_parallel - working, needed))


def expected_end_ms(
    counts: Mapping[str, int], spent_ms: int, now_ms: int, reused: int = 0
) -> int | None:
    """Return when a sweep may end if its other runs take as long as those that have ended.

    Parameters
    ----------
    spent_ms
        How long the runs took that succeeded or failed, together.
    reused
        How many of them were there already, and took no time.
    """
    seen = counts.get(RunState.SUCCEEDED, 0) + counts.get(RunState.FAILED, 0) - reused
    waiting, running = counts.get(RunState.QUEUED, 0), counts.get(RunState.RUNNING, 0)
    if seen <= 0 or not running:
        return None
    # Those that run are half done, by and large.
    left = waiting + running / 2
    return now_ms + round(spent_ms / seen * left / running)
