"""Bodies about runs and sweeps: submitted, run again, put into another order."""

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from madang.api.bodies import PLAIN, Body, Devices, LimitS, Name, Word, ms_of
from madang.domain.run import (
    MAX_AFTER,
    MAX_CHECKPOINT_S,
    MAX_PARAMETERS,
    MAX_PARAMETERS_BYTES,
    MAX_PRIORITY,
    MIN_CHECKPOINT_S,
)
from madang.domain.schedule import MAX_CRON_CHARS
from madang.domain.secret import MAX_SECRETS_OF_RUN
from madang.domain.sweep import (
    DEFAULT_PARALLEL,
    MAX_PARALLEL,
    MAX_RUNS_PER_DEVICE,
    MAX_SWEEP_RUNS,
)
from madang.errors import InvalidError
from madang.services.requests import (
    NewSize,
    RunRequest,
    RunRerun,
    ScheduleCopy,
    ScheduleRequest,
    SweepRequest,
    SweepRerun,
)
from madang.units import MS_PER_S

Grid = Annotated[
    dict[str, Annotated[list[Any], Field(max_length=MAX_SWEEP_RUNS)]],
    Field(max_length=MAX_PARAMETERS),
]
Typed = Annotated[
    dict[str, Annotated[str, StringConstraints(max_length=MAX_PARAMETERS_BYTES)]],
    Field(max_length=MAX_PARAMETERS),
]
Parallel = Annotated[int, Field(ge=1, le=MAX_PARALLEL)]
PerDevice = Annotated[int, Field(ge=1, le=MAX_RUNS_PER_DEVICE)]
After = Annotated[list[Word], Field(max_length=MAX_AFTER)]
Secrets = Annotated[list[Word], Field(max_length=MAX_SECRETS_OF_RUN)]
CheckpointS = Annotated[float, Field(ge=MIN_CHECKPOINT_S, le=MAX_CHECKPOINT_S)]
Priority = Annotated[int, Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)]


class RunBody(Body):
    """Submit one notebook with one set of parameters; files come as base64 by relative name."""

    project: Word = ""
    name: Name = ""
    notebook: Annotated[str, StringConstraints(min_length=2)]
    parameters: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    flavor: Word | None = None
    devices: Devices | None = None
    limit_s: LimitS | None = None
    environment: Word = ""
    priority: Priority = 0
    reuse: bool = False
    after: After = Field(default_factory=list)
    secrets: Secrets = Field(default_factory=list)
    checkpoint_after_s: CheckpointS | None = None

    def request(self) -> RunRequest:
        """Return it as the use-case takes it, which checks notebook, parameters and names.

        Raises
        ------
        InvalidError
            ``file_not_base64``.
        """
        given = {
            "flavor": self.flavor or None,
            "devices": self.devices,
            "limit_ms": ms_of(self.limit_s),
        }
        return RunRequest(
            project=self.project,
            name=self.name,
            notebook=self.notebook.encode("utf-8"),
            parameters=self.parameters,
            files={name: _file(name, data) for name, data in self.files.items()},
            environment=self.environment,
            priority=self.priority,
            is_reusing=self.reuse,
            after=tuple(self.after),
            secrets=tuple(self.secrets),
            checkpoint_after_ms=round((self.checkpoint_after_s or 0) * MS_PER_S),
            **{key: value for key, value in given.items() if value is not None},  # type: ignore[arg-type]
        )


class NotebookBody(Body):
    """A notebook that somebody wants to know something about."""

    notebook: Annotated[str, StringConstraints(min_length=2)]


class SweepBody(Body):
    """Submit one notebook with many sets of parameters.

    Each row of the table meets each point of the grid. The table travels as text: JSON, a list of
    rows or an object of columns, or CSV. ``typed`` holds axes of the grid as people type them,
    ``0.1,0.01`` or ``0..9``. A plan takes the time of the run ``pilot`` for what may be expected.
    ``notify`` says whether its end is told by mail and webhook; null as the person's settings say.
    """

    project: Word = ""
    name: Name = ""
    notebook: Annotated[str, StringConstraints(min_length=2)]
    grid: Grid = Field(default_factory=dict)
    typed: Typed = Field(default_factory=dict)
    table: str = ""
    table_kind: Literal["json", "csv"] = "json"
    parameters: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    flavor: Word | None = None
    devices: Devices | None = None
    limit_s: LimitS | None = None
    environment: Word = ""
    max_parallel: Parallel = DEFAULT_PARALLEL
    runs_per_device: PerDevice = 1
    pilot: Word = ""
    priority: Priority = 0
    reuse: bool = False
    after: After = Field(default_factory=list)
    secrets: Secrets = Field(default_factory=list)
    checkpoint_after_s: CheckpointS | None = None
    notify: bool | None = None

    def request(self) -> SweepRequest:
        """Return it as the use-case takes it, which checks every set of parameters.

        Raises
        ------
        InvalidError
            ``file_not_base64``.
        """
        given = {
            "flavor": self.flavor or None,
            "devices": self.devices,
            "limit_ms": ms_of(self.limit_s),
        }
        return SweepRequest(
            project=self.project,
            name=self.name,
            notebook=self.notebook.encode("utf-8"),
            grid=self.grid,
            typed=self.typed,
            table=self.table,
            table_kind=self.table_kind,
            parameters=self.parameters,
            files={name: _file(name, data) for name, data in self.files.items()},
            environment=self.environment,
            priority=self.priority,
            is_reusing=self.reuse,
            max_parallel=self.max_parallel,
            runs_per_device=self.runs_per_device,
            pilot=self.pilot,
            after=tuple(self.after),
            secrets=tuple(self.secrets),
            checkpoint_after_ms=round((self.checkpoint_after_s or 0) * MS_PER_S),
            notify=self.notify,
            **{key: value for key, value in given.items() if value is not None},  # type: ignore[arg-type]
        )


class ScheduleBody(SweepBody):
    """Submit a notebook at the times of a cron line: many runs with a grid or a table, else one."""

    cron: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CRON_CHARS, pattern=PLAIN)]
    timezone: Word = ""
    overlap: bool = False

    def scheduled(self) -> ScheduleRequest:
        """Return it as the use-case takes it."""
        return ScheduleRequest(
            what=self.request(),
            cron=self.cron,
            zone=self.timezone,
            is_overlapping=self.overlap,
        )


class ScheduleCopyBody(Body):
    """Submit a sweep that is there again and again, as it is, at the times of a cron line."""

    cron: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CRON_CHARS, pattern=PLAIN)]
    timezone: Word = ""
    name: Name = ""
    overlap: bool = False

    def request(self) -> ScheduleCopy:
        """Return it as the use-case takes it."""
        return ScheduleCopy(
            cron=self.cron,
            zone=self.timezone,
            name=self.name,
            is_overlapping=self.overlap,
        )


class AgainBody(Body):
    """What may be changed of work that is submitted again, of either kind.

    An empty environment is the installation's own; what is null or left out stays as it was.
    """

    flavor: Word | None = None
    devices: Devices | None = None
    limit_s: LimitS | None = None
    environment: Word | None = None

    def size(self) -> NewSize:
        """Return what is said anew of where it executes, and for how long."""
        return NewSize(
            flavor=self.flavor or None,
            devices=self.devices,
            limit_ms=ms_of(self.limit_s),
            environment=self.environment,
        )


class RunRerunBody(AgainBody):
    """Run one again with changes; parameters that are not named stay as they were."""

    name: Name = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    priority: Priority | None = None
    reuse: bool = False

    def request(self) -> RunRerun:
        """Return it as the use-case takes it."""
        return RunRerun(
            name=self.name,
            parameters=self.parameters,
            priority=self.priority,
            is_reusing=self.reuse,
            size=self.size(),
        )


class SweepRerunBody(AgainBody):
    """Run a sweep again with changes; what is not named stays as it was.

    Grid, table and parameters take the place of the old values of the same names. Overrides change
    a value in every row. ``typed`` holds axes of the grid as people type them.
    """

    name: Name = ""
    grid: Grid = Field(default_factory=dict)
    typed: Typed = Field(default_factory=dict)
    table: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    only_failed: bool = False
    overrides: dict[str, Any] = Field(default_factory=dict)
    max_parallel: Parallel | None = None
    runs_per_device: PerDevice | None = None
    priority: Priority | None = None
    reuse: bool = False
    notify: bool | None = None

    def request(self) -> SweepRerun:
        """Return it as the use-case takes it, which checks every set of parameters."""
        same = self.model_dump(exclude={"reuse", *AgainBody.model_fields})
        return SweepRerun(**same, is_reusing=self.reuse, size=self.size())


class PriorityBody(Body):
    """Before or after what else of one's own waits in the project."""

    priority: Priority


def _file(name: str, data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError("file_not_base64", given=ascii(name)[1:80]) from error
