"""What the use-cases are asked for, as plain data; routes and tests build these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from madang.domain.lease import LeaseKind
from madang.domain.project import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, and how far the credential reaches.

    Attributes
    ----------
    person
        The person that the act is for.
    is_admin
        May see and end everything.
    is_service
        The hub itself, which acts for the person it names.
    token_lease, token_run
        Set for an attempt token: the slot lease, and the run, that the credential is limited to.
    lang
        Language of texts in the answer.
    """

    person: Person
    is_admin: bool = False
    is_service: bool = False
    token_lease: str = ""
    token_run: str = ""
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRequest:
    """A notebook lease, by profile, or by flavor and devices.

    Attributes
    ----------
    project
        Name or id.
    limit_ms
        None for the profile's limit.
    start_without_me
        Start when the turn comes, without a claim.
    environment
        Name or id of the environment whose kernel is offered first; empty for none.
    """

    kind: LeaseKind = LeaseKind.NOTEBOOK
    project: str
    name: str = ""
    profile: str = ""
    flavor: str = ""
    devices: int | None = None
    limit_ms: int | None = None
    start_without_me: bool = False
    environment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """What a waiting notebook lease should ask for instead; what is None or empty stays.

    Attributes
    ----------
    profile
        Brings its own flavor and devices; with a flavor or devices there is none any more.
    limit_ms
        None for the present limit, or for that of the profile where the flavor changes.
    environment
        Name or id; empty for the installation's own, None for the present one.
    """

    profile: str = ""
    flavor: str = ""
    devices: int | None = None
    limit_ms: int | None = None
    start_without_me: bool | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest:
    """More time for a lease that holds its devices."""

    by_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRequest:
    """How a person wants to be told; empty addresses are none, an empty language stays."""

    mail: str = ""
    webhook_url: str = ""
    lang: str = ""
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRequest:
    """A Dask cluster; ``project`` may be empty for the project of the asking notebook's lease.

    Attributes
    ----------
    notebook_lease
        Lease of the notebook that opens it, and with whose server it ends; empty for none.
    """

    project: str = ""
    name: str = ""
    workers: int = 2
    gpus_per_worker: int = 1
    threads_per_worker: int = 1
    flavor: str = "gpu"
    limit_ms: int | None = None
    environment: str = ""
    notebook_lease: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One notebook with one set of parameters; the bytes are the snapshot."""

    project: str = ""
    name: str = ""
    notebook: bytes = b""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    flavor: str = "gpu"
    devices: int = 1
    limit_ms: int = 3_600_000
    environment: str = ""
    priority: int = 0
    is_reusing: bool = False
    after: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    checkpoint_after_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSize:
    """What work that is submitted again executes on and in; what is None stays as it was.

    Attributes
    ----------
    devices
        With another flavor and none said, as many as before where that kind has devices at all.
    environment
        Name or id; empty for the installation's own.
    """

    flavor: str | None = None
    devices: int | None = None
    limit_ms: int | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRerun:
    """A run like one that is there; what is not named stays as it was.

    Attributes
    ----------
    parameters
        Take the place of those with the same names.
    is_reusing
        Whether a result that is there already is taken over.
    """

    name: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    is_reusing: bool = False
    size: NewSize = field(default_factory=NewSize)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest:
    """A new environment of a project; a rebuild takes spec and python of it."""

    project: str = ""
    name: str = ""
    title: str = ""
    kind: str = "uv"
    spec: str = ""
    python: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRequest:
    """A new project; ``owner`` is a hub name, or empty for none yet."""

    name: str
    title: str = ""
    tier: str
    weight: int = 1
    owner: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """A budget for a project from now on; a negative amount takes back."""

    amount_microcredits: int
    days: int = 365
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """One notebook with many sets of parameters.

    Attributes
    ----------
    grid, table, parameters
        Values by name, columns as text, and what is the same for all runs; see
        :class:`madang.domain.sweep_plan.SweepPlan`.
    typed
        Values by name as people type them, such as ``0.1,0.01`` or ``0..9``; they join the grid.
    table_kind
        ``json`` or ``csv``.
    pilot
        A run whose time is taken for what the sweep may take; for a plan alone.
    notify
        Whether its end is told by mail and webhook; None as the person's settings say.
    """

    project: str = ""
    name: str = ""
    notebook: bytes = b""
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    table_kind: str = "json"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    flavor: str = "gpu"
    devices: int = 1
    limit_ms: int = 3_600_000
    environment: str = ""
    max_parallel: int = 4
    runs_per_device: int = 1
    pilot: str = ""
    priority: int = 0
    is_reusing: bool = False
    after: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    checkpoint_after_ms: int = 0
    notify: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRerun:
    """A sweep like one that is there; what is not named stays as it was.

    Attributes
    ----------
    grid, table, parameters
        Take the place of the old values of the same names; each set of the others meets each point.
    typed
        Axes of the grid as people type them.
    overrides
        Values for every row.
    only_failed
        Only the runs that failed or ran out of time, not all that were there.
    is_reusing
        Whether results that are there already are taken over.
    """

    name: str = ""
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    only_failed: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    max_parallel: int | None = None
    runs_per_device: int | None = None
    priority: int | None = None
    is_reusing: bool = False
    size: NewSize = field(default_factory=NewSize)
    notify: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """What is to be submitted again and again.

    Attributes
    ----------
    what
        A sweep, or a run where it has no grid and no table.
    cron, zone
        Five fields, and the time zone of their clock; empty for that of the site.
    is_overlapping
        Submit although what was submitted before has not ended.
    """

    what: SweepRequest
    cron: str
    zone: str = ""
    is_overlapping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCopy:
    """At which times a sweep that is there is to be submitted again; see `ScheduleRequest`."""

    cron: str
    zone: str = ""
    name: str = ""
    is_overlapping: bool = False
