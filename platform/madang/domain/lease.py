"""A lease: the right to hold N devices of a flavor, from request to end.

Everything that touches a GPU runs inside exactly one lease. This module holds its states, the table
of allowed transitions and the reasons that people are told; services move leases, the store keeps
them, policy decides over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LeaseKind(StrEnum):
    """What runs inside: a notebook server, a Dask cluster, or a worker that takes runs."""

    NOTEBOOK = "notebook"
    CLUSTER = "cluster"
    SLOT = "slot"


class LeaseClass(StrEnum):
    """Order inside a project's queue: interactive goes before batch."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class LeaseState(StrEnum):
    """Where a lease is in its life (architecture, section 4)."""

    QUEUED = "queued"
    ADMITTED = "admitted"
    ACTIVE = "active"
    ENDING = "ending"
    ENDED = "ended"


class Target(StrEnum):
    """What is wanted of a lease; an ending lease goes back to the queue or to its end."""

    RUN = "run"
    REQUEUE = "requeue"
    END = "end"


HAD_BYTES = "had_bytes"
"""Option of a lease that ran out of memory: how much it had."""


class EndReason(StrEnum):
    """Why a lease ended. Text in ``reason.<value>`` of the catalogue, next step in ``.hint``."""

    COMPLETED = "completed"
    FAILED = "failed"
    NOT_STARTED = "not_started"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNCLAIMED = "unclaimed"
    RECLAIMED = "reclaimed"
    GIVEN_UP = "given_up"
    REFUSED = "refused"
    BUDGET = "budget"
    LOST = "lost"
    OUT_OF_MEMORY = "out_of_memory"
    LEFT = "left"


class WaitReason(StrEnum):
    """Why a queued lease does not start now. Text in ``wait.<value>`` of the catalogue."""

    DEVICES_BUSY = "devices_busy"
    OTHERS_FIRST = "others_first"
    GANG = "gang"
    PROJECT_CAP = "project_cap"
    PERSON_CAP = "person_cap"
    HELD_BACK = "held_back"
    NO_BUDGET = "no_budget"
    STARTING = "starting"
    MAINTENANCE = "maintenance"


class TransitionError(Exception):
    """A transition that the table does not allow; a defect, never a person's mistake."""


TRANSITIONS: Mapping[LeaseState, frozenset[LeaseState]] = {
    LeaseState.QUEUED: frozenset({LeaseState.ADMITTED, LeaseState.ENDED}),
    LeaseState.ADMITTED: frozenset({LeaseState.ACTIVE, LeaseState.ENDING, LeaseState.ENDED}),
    LeaseState.ACTIVE: frozenset({LeaseState.ENDING, LeaseState.ENDED}),
    LeaseState.ENDING: frozenset({LeaseState.QUEUED, LeaseState.ENDED}),
    LeaseState.ENDED: frozenset(),
}
"""From each state, the states that may follow. ``ended`` is final."""

HOLDS_DEVICES = frozenset({LeaseState.ADMITTED, LeaseState.ACTIVE, LeaseState.ENDING})
"""States in which the devices of the lease belong to it."""

GIVEN_BACK = "given_back"
"""Reason of an attempt whose lease went back to the queue."""

DEADLINE_MARGIN_MS = 120_000
"""What is over its limit and its grace for so long has nobody who ends it: its keeper does."""

CLAIM_MS = 120_000
"""How long an admitted notebook is held for its person to take it."""

CLAIM_TURNS = 3
"""Unclaimed turns after which the lease ends."""


def deadline_ms(limit_ms: int, grace_ms: int) -> int:
    """Return how long after its start a process of an attempt ends even without the service."""
    return limit_ms + grace_ms + DEADLINE_MARGIN_MS


def check_transition(before: LeaseState, after: LeaseState) -> None:
    """Raise :class:`TransitionError` unless the table allows ``before`` → ``after``."""
    if after not in TRANSITIONS[before]:
        raise TransitionError(f"lease cannot go from {before} to {after}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One row of the lease table, as plain data.

    Attributes
    ----------
    person, project
        Opaque ids; names are looked up at the edge.
    name
        Server name of a notebook (empty for the default server), else a title.
    devices
        Number of devices, 0 for the flavor ``cpu``.
    limit_ms
        Longest life of one attempt, counted from its start.
    attempt
        Number of the latest admission, or of the latest change of what a waiting lease asks for;
        0 before the first. So an admission of what was asked before is told from a true one.
    submitted_ms
        Time of the request; kept when the lease is given back, so the place is kept.
    started_ms
        Start of the first process of the present attempt; None before.
    charged_to_ms
        Up to where the ledger holds segments of the present attempt.
    claim_by_ms, claimed_ms
        Notebooks only: until when the turn is kept, and when it was taken.
    turns_missed
        Turns that nobody claimed.
    held_back
        A pause by the person or an administrator; it waits but does not start.
    rate_microcredits
        Price of one device-hour, fixed at admission.
    device_ids
        Devices of the present attempt; empty while queued.
    options
        JSON data of the kind: profile, start_without_me, cluster, environment.
    """

    id: str
    person: str
    project: str
    kind: LeaseKind
    lease_class: LeaseClass
    flavor: str
    devices: int
    limit_ms: int
    submitted_ms: int
    name: str = ""
    state: LeaseState = LeaseState.QUEUED
    target: Target = Target.RUN
    reason: EndReason | None = None
    attempt: int = 0
    admitted_ms: int | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    charged_to_ms: int | None = None
    claim_by_ms: int | None = None
    claimed_ms: int | None = None
    turns_missed: int = 0
    held_back: bool = False
    rate_microcredits: int = 0
    device_ids: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state is LeaseState.ENDED

    @property
    def holds_devices(self) -> bool:
        """Whether its devices belong to it now."""
        return self.state in HOLDS_DEVICES

    @property
    def needs_claim(self) -> bool:
        """Whether it is a notebook whose turn has come and that nobody has taken yet."""
        return (
            self.kind is LeaseKind.NOTEBOOK
            and self.state is LeaseState.ADMITTED
            and self.claimed_ms is None
        )

    @property
    def expires_ms(self) -> int | None:
        """When the present attempt reaches its time limit; None before it started."""
        return None if self.started_ms is None else self.started_ms + self.limit_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One life of a lease between admission and release.

    Attributes
    ----------
    n
        Number of the life, from 1.
    started_ms, ended_ms
        Start of its first and end of its last process; both None when none was started.
    reason
        Why it was closed: an :class:`EndReason`'s value, or ``given_back``; empty while open.
    """

    lease: str
    n: int
    admitted_ms: int
    device_ids: tuple[str, ...]
    rate_microcredits: int
    started_ms: int | None = None
    ended_ms: int | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it holds its devices still."""
        return not self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a waiting lease is told.

    Attributes
    ----------
    position
        1 for the next to start among the waiting leases of the flavor.
    waiting
        Number of waiting leases of the flavor.
    expected_ms, earliest_ms, latest_ms
        Expected start (median) and its interval, UTC; None when nothing is known.
    devices_free
        Devices of the flavor that are free now.
    details
        What fills the text of the reason.
    """

    lease_id: str
    position: int
    waiting: int
    reason: WaitReason
    expected_ms: int | None = None
    earliest_ms: int | None = None
    latest_ms: int | None = None
    devices_free: int = 0
    details: Mapping[str, str] = field(default_factory=dict)
