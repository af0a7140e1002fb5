"""What may stand in a request's body; anything else is refused by name.

These models check form (types, lengths, characters). Rules (budget, roles, caps, profiles, what a
notebook may be given) belong to the use-cases.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from madang.domain.environment_spec import MAX_SPEC_BYTES
from madang.domain.project import Role
from madang.services.requests import (
    ChangeRequest,
    ClusterRequest,
    EnvironmentRequest,
    ExtendRequest,
    GrantRequest,
    LeaseRequest,
    NoticeRequest,
    ProjectRequest,
)
from madang.units import MS_PER_S

MAX_LIMIT_S = 30 * 24 * 3600
MAX_DEVICES = 4096
MAX_LOG_CHARS = 64 * 1024
MAX_TIME_MS = 4_102_444_800_000
"""The year 2100: later times are mistakes, and no calendar has to count to them."""

# No control characters, no line separators, nothing that turns the direction of writing.
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
Name = Annotated[str, StringConstraints(max_length=100, pattern=PLAIN)]
MAX_WITH_END = 128 * 1024
"""Characters of an executed notebook that the end of its run may carry."""

Word = Annotated[str, StringConstraints(max_length=64, pattern=PLAIN)]
Reason = Annotated[str, StringConstraints(max_length=300, pattern=PLAIN)]
Person = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=PLAIN)]
LimitS = Annotated[int, Field(ge=1, le=MAX_LIMIT_S)]
Devices = Annotated[int, Field(ge=0, le=MAX_DEVICES)]
Cells = Annotated[int, Field(ge=0, le=1_000_000)]
TimeMs = Annotated[int, Field(ge=0, le=MAX_TIME_MS)]


def _cut(length: int) -> BeforeValidator:
    """Cut rather than refuse: a run must be able to end whatever its error looks like."""

    def cut(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")[:length]

    return BeforeValidator(cut)


class Body(BaseModel):
    """Base of all bodies: no unknown field, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        """Take 2.0 for 2, as JSON does, which knows one kind of number; no field holds others."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class LeaseBody(Body):
    """Ask for a notebook lease, by profile, or by flavor and devices."""

    kind: Literal["notebook"] = "notebook"
    name: Name = ""
    project: Word
    profile: Word = ""
    flavor: Word = ""
    devices: Devices | None = None
    limit_s: LimitS | None = None
    start_without_me: bool | None = None
    environment: Word = ""

    def request(self) -> LeaseRequest:
        """Return it as the use-case takes it."""
        return LeaseRequest(
            project=self.project,
            name=self.name,
            profile=self.profile,
            flavor=self.flavor,
            devices=self.devices,
            limit_ms=ms_of(self.limit_s),
            start_without_me=bool(self.start_without_me),
            environment=self.environment,
        )


class ChangeBody(Body):
    """Let a waiting notebook ask for something else; what is left out stays as it is.

    An empty environment is the installation's own.
    """

    profile: Word = ""
    flavor: Word = ""
    devices: Devices | None = None
    limit_s: LimitS | None = None
    start_without_me: bool | None = None
    environment: Word | None = None
    dry_run: bool = False

    def request(self) -> ChangeRequest:
        """Return it as the use-case takes it."""
        return ChangeRequest(
            profile=self.profile,
            flavor=self.flavor,
            devices=self.devices,
            limit_ms=ms_of(self.limit_s),
            start_without_me=self.start_without_me,
            environment=self.environment,
        )


class ExtendBody(Body):
    """More time for a lease that holds its devices."""

    by_s: Annotated[int, Field(ge=60, le=MAX_LIMIT_S)]
    reason: Annotated[str, StringConstraints(max_length=300, pattern=PLAIN)] = ""

    def request(self) -> ExtendRequest:
        """Return it as the use-case takes it."""
        return ExtendRequest(by_ms=self.by_s * MS_PER_S, reason=self.reason)


class HoldBody(Body):
    """Hold a waiting lease back, or let it go on."""

    held_back: bool


class ActivityBody(Body):
    """What the agent of a notebook server saw."""

    kernel_busy: bool
    last_input_ms: TimeMs | None = None
    last_cell_ms: TimeMs | None = None
    busy_since_ms: TimeMs | None = None
    kernel_cpu_ms: TimeMs | None = None


class ClusterBody(Body):
    """Ask for a Dask cluster."""

    project: Word = ""
    name: Name = ""
    workers: Annotated[int, Field(ge=1, le=1024)]
    gpus_per_worker: Annotated[int, Field(ge=0, le=64)]
    threads_per_worker: Annotated[int, Field(ge=1, le=1024)] | None = None
    flavor: Word | None = None
    limit_s: LimitS | None = None
    environment: Word = ""
    notebook_lease: Annotated[
        Word, Field(description="Lease of the notebook that opens it, and with which it ends.")
    ] = ""

    def request(self) -> ClusterRequest:
        """Return it as the use-case takes it."""
        given = {"threads_per_worker": self.threads_per_worker, "flavor": self.flavor or None}
        return ClusterRequest(
            project=self.project,
            name=self.name,
            workers=self.workers,
            gpus_per_worker=self.gpus_per_worker,
            limit_ms=ms_of(self.limit_s),
            environment=self.environment,
            notebook_lease=self.notebook_lease,
            **{key: value for key, value in given.items() if value is not None},  # type: ignore[arg-type]
        )


class ScaleBody(Body):
    """Bring a cluster to a number of workers."""

    workers: Annotated[int, Field(ge=0, le=1024)]


class AdaptBody(Body):
    """Let a cluster follow what its scheduler wants, between two numbers; 0 and 0 is off."""

    minimum: Annotated[int, Field(ge=0, le=1024)] = 0
    maximum: Annotated[int, Field(ge=0, le=1024)]


class EnvironmentBody(Body):
    """Ask for an environment; its project stands here or in the address."""

    project: Word = ""
    name: Word
    title: Name = ""
    kind: Word = "uv"
    spec: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SPEC_BYTES)]
    python: Word = ""

    def request(self, project: str) -> EnvironmentRequest:
        """Return it as the use-case takes it."""
        return EnvironmentRequest(**{**self.model_dump(), "project": self.project or project})


class RebuildBody(Body):
    """Build an environment again; what is left out stays as it was."""

    spec: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SPEC_BYTES)] | None = None
    python: Word | None = None


class ReasonBody(Body):
    """An act that needs nothing but its reason."""

    reason: Reason = ""


class ProjectBody(ReasonBody):
    """Make a project."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    title: Name = ""
    tier: Word
    weight: Annotated[int, Field(ge=1, le=1000)] = 1
    owner: Annotated[str, StringConstraints(max_length=255, pattern=PLAIN)] = ""

    def request(self) -> ProjectRequest:
        """Return it as the use-case takes it."""
        return ProjectRequest(**self.model_dump())


class TitleBody(ReasonBody):
    """Give a project another title."""

    title: Name


class MemberBody(ReasonBody):
    """Put a person into a project."""

    person: Person
    role: Annotated[Role, Field(strict=False)] = Role.MEMBER


class SecretBody(ReasonBody):
    """Give a secret its value; no error repeats any of it."""

    value: Annotated[str, Field(repr=False)]


class GrantBody(ReasonBody):
    """Give a project a budget from now on."""

    amount_microcredits: Annotated[int, Field(ge=-(2**53), le=2**53)]
    days: Annotated[int, Field(ge=1, le=3660)] = 365
    note: Name = ""

    def request(self) -> GrantRequest:
        """Return it as the use-case takes it."""
        return GrantRequest(**self.model_dump())


class RenameBody(ReasonBody):
    """Give a person another hub name."""

    name: Person


class ProgressBody(Body):
    """How far a run is, and what it printed since."""

    cells_done: Cells
    cells_total: Cells
    cell: int | Name | None = None
    resumed_after: Cells = 0
    kept_cell: Cells = 0
    log: Annotated[str, StringConstraints(max_length=MAX_LOG_CHARS)] = ""


class RunErrorBody(Body):
    """The cell that failed, and with what."""

    cell: int | None = None
    name: Annotated[str, _cut(200)] = ""
    value: Annotated[str, _cut(4000)] = ""


class KernelBody(Body):
    """Why a kernel was a fresh one, or what it had inherited from cells that ran before."""

    fresh_reason: Annotated[str, _cut(200), StringConstraints(pattern=PLAIN)] = ""
    warm: Annotated[str, StringConstraints(max_length=32, pattern=PLAIN)] = ""
    shared_ms: Annotated[int, Field(ge=0, le=MAX_LIMIT_S * 1000)] = 0


class FinishBody(Body):
    """How a run ended."""

    state: Literal["succeeded", "failed", "cancelled", "expired"]
    reason: Annotated[str, _cut(1000)] = ""
    error: RunErrorBody | None = None
    kernel: KernelBody | None = None
    progress: ProgressBody | None = None
    recorded: dict[str, Any] | None = None
    output: Annotated[str, StringConstraints(max_length=MAX_WITH_END)] = Field(
        default="", description="The executed notebook, where it is small."
    )


class EndedBody(FinishBody):
    """How the run before ended, told with the question for the next one."""

    run: Word


class NoticesBody(Body):
    """How the asker wants to be told."""

    mail: Annotated[str, StringConstraints(max_length=254, pattern=PLAIN)] = ""
    webhook_url: Annotated[str, StringConstraints(max_length=2000, pattern=PLAIN)] = ""
    lang: Literal["", "en", "ko"] = ""
    kinds: Annotated[list[Word], Field(max_length=20)]

    def request(self) -> NoticeRequest:
        """Return it as the use-case takes it."""
        return NoticeRequest(
            mail=self.mail.strip(),
            webhook_url=self.webhook_url.strip(),
            lang=self.lang,
            kinds=tuple(self.kinds),
        )


class MaintenanceBody(Body):
    """Pause new starts."""

    reason: Reason
    until_ms: TimeMs | None = None


class DeviceBody(Body):
    """Name a device."""

    device: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=PLAIN)]


class DrainBody(DeviceBody):
    """Take a device out of the pool."""

    reason: Reason


def ms_of(seconds: int | None) -> int | None:
    """Return whole seconds of a body as milliseconds; None stays None."""
    return None if seconds is None else seconds * MS_PER_S
