"""The seam between the use-cases and whatever carries them out.

An engine is five ports. ``services`` is the only caller; only ``wiring`` picks one.
Every method must be safe to repeat: services write the intent first, then act, and act again after
a restart. Times are UTC milliseconds. Nothing here may block the event loop for long.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from madang.domain.cluster import ClusterEndpoint
from madang.domain.environment import Built, EnvironmentRef
from madang.domain.lease import LeaseKind, Standing
from madang.domain.profile import Device, FlavorCapacity
from madang.domain.project import Internet
from madang.domain.queue import ProjectShare, QueueItem, QueueTrouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The engine gives devices to an attempt. May come late, twice, or for a lease long gone."""

    lease_id: str
    attempt: int
    device_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBack:
    """The engine wants the devices of an attempt back, with notice and time to save."""

    lease_id: str
    attempt: int
    grace_ms: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The engine can never admit this lease; ``code`` is a key of the catalogue."""

    lease_id: str
    attempt: int
    code: str
    details: Mapping[str, object] = field(default_factory=dict)


AdmissionEvent = Admitted | AskedBack | Refused


class Placed(Mapping[str, Standing]):
    """Standings of which only places are asked for at once: what one is told is made when asked."""

    @abstractmethod
    def positions(self) -> Mapping[str, int]:
        """Return the position of each."""


def positions(standings: Mapping[str, Standing]) -> Mapping[str, int]:
    """Return the position of each lease that waits."""
    if isinstance(standings, Placed):
        return standings.positions()
    return {lease_id: standing.position for lease_id, standing in standings.items()}


class Admission(Protocol):
    """Who starts, and who gives back."""

    strategy: str
    """Ordering that the forecast must use: ``madang`` or ``kueue``."""

    async def set_shares(self, shares: Sequence[ProjectShare]) -> None:
        """Replace what is known of the projects."""

    async def enqueue(self, item: QueueItem) -> None:
        """Put a lease into the queue, or change it there; repeating is harmless."""

    async def adopt(self, item: QueueItem, device_ids: Sequence[str], started_ms: int) -> None:
        """Tell the engine after a restart that this attempt holds these devices."""

    async def withdraw(self, lease_id: str) -> None:
        """Take a waiting lease out; harmless when it is not there."""

    async def release(self, lease_id: str, attempt: int) -> None:
        """Free the devices of an attempt; harmless when they are free already."""

    async def poll(self, now_ms: int) -> Sequence[AdmissionEvent]:
        """Return what was decided since the last call."""

    def tell_decisions(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` soon after something was decided outside of :meth:`poll`; None to stop.

        A hint, as :meth:`Launcher.tell_ends` is.
        """

    async def waiting(self) -> Mapping[str, QueueItem]:
        """Return what waits, by lease, as it was asked for last."""

    async def holding(self) -> Sequence[tuple[str, int]]:
        """Return (lease, attempt) of all that devices were given to and not released again."""

    async def standings(self, now_ms: int) -> Mapping[str, Standing]:
        """Return the standing of each waiting lease by its id."""

    async def estimate(self, item: QueueItem, now_ms: int) -> int | None:
        """Return when a lease like this would start if it were asked for now; None if unknown.

        An item with the id of a waiting lease takes the place of what that lease asks for.
        """

    async def preview(self, item: QueueItem, now_ms: int) -> Standing | None:
        """Return the standing that a lease like this would have; nothing changes for anybody.

        As with :meth:`estimate`, a waiting lease of the same id is replaced. None when it would
        not wait.
        """

    async def prolong(self, lease_id: str, attempt: int, limit_ms: int) -> None:
        """Take note of a longer limit of an attempt that holds devices; harmless for others."""

    async def capacity(self) -> Sequence[FlavorCapacity]:
        """Return how much there is and how much is free, by flavor."""

    async def devices(self) -> Sequence[Device]:
        """Return the devices of the pool."""

    async def set_drained(self, device_ids: Collection[str]) -> None:
        """Give these devices, and no others, to nobody any more; who holds one keeps it."""

    async def set_paused(self, is_paused: bool) -> None:
        """Admit nobody, or go on; who waits keeps the place."""

    async def troubles(self) -> Sequence[QueueTrouble]:
        """Return what of the queue only an administrator of the cluster can put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """What to start for an attempt of a cluster or a slot (the hub starts notebooks).

    Attributes
    ----------
    person_id, project_id
        Ids of the person and the project of the lease; names are for people.
    token
        Secret of the attempt for talking to the service; goes to the processes by a 0600 file or
        their environment, never to a command line or a log.
    workers, gpus_per_worker, threads_per_worker
        Clusters only.
    joins
        Clusters only: lease and attempt whose living scheduler the workers join; no scheduler of
        their own is started. None for the first lease of a cluster.
    env
        Extra environment without secrets.
    environment
        Clusters only: whose interpreter scheduler and workers run with; None for the
        installation's own.
    internet
        What of the internet it may reach, where networks have rules.
    deadline_ms, grace_ms
        How long after its start each process ends even if nobody asks it to, and the time that it
        gets then to save.
    """

    lease_id: str
    attempt: int
    kind: LeaseKind
    person_name: str
    project_name: str
    flavor: str
    device_ids: tuple[str, ...]
    limit_ms: int
    service_url: str
    person_id: str = ""
    project_id: str = ""
    token: str = field(default="", repr=False)
    workers: int = 0
    gpus_per_worker: int = 0
    threads_per_worker: int = 1
    joins: tuple[str, int] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    environment: EnvironmentRef | None = None
    internet: Internet = Internet.OFF
    deadline_ms: int | None = None
    grace_ms: int = 10_000


class Trouble(StrEnum):
    """What keeps an attempt from going on that may pass by itself."""

    IMAGE = "image_away"
    MACHINE = "machine_silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLife:
    """What is known of the processes of an attempt.

    Attributes
    ----------
    started_ms
        Start of the first process; None when none was ever started.
    ended_ms
        End of the last process; None while one lives or none was started.
    exit_code
        Of the main process (notebook server, scheduler, slot worker); None while unknown.
    is_sure
        False when the end was not recorded (power loss) and ``ended_ms`` is an estimate.
    machine_since_ms
        Since when the machine of the attempt has been up without a break; None when unknown. The
        one sign of a loss that no tenant can make: records may lie in folders that they can write.
    is_overdue
        Whether it ended, or is ending, by its deadline and not because anybody asked.
    was_told
        Whether its main process was told to stop before it ended, by whomever.
    is_out_of_memory
        Whether its main process was ended for using more memory than it has.
    is_coming
        Whether it has a place and is being made ready there: an image may take long to fetch.
    trouble
        What its person should know of before it ends; None for nothing.
    memory_bytes
        What it may use, where it was ended for using more; None while unknown.
    """

    started_ms: int | None = None
    ended_ms: int | None = None
    exit_code: int | None = None
    is_sure: bool = True
    machine_since_ms: int | None = None
    is_overdue: bool = False
    was_told: bool = False
    is_out_of_memory: bool = False
    is_coming: bool = False
    trouble: Trouble | None = None
    memory_bytes: int | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self.started_ms is not None and self.ended_ms is None


class Launcher(Protocol):
    """Starts, watches and stops the processes of an attempt, whoever started them."""

    async def start(self, spec: LaunchSpec) -> None:
        """Start an attempt; starting it again, even after a crash in between, changes nothing."""

    async def stop(self, lease_id: str, attempt: int, grace_ms: int) -> None:
        """Ask all processes of an attempt to save and end, and end them after the grace.

        Returns at once; watch :meth:`observe` for the end. Harmless when they are gone.
        """

    async def set_deadline(self, lease_id: str, attempt: int, deadline_ms: int) -> None:
        """Move the deadline of what lives of an attempt, whoever started it; else harmless."""

    async def observe(self, lease_id: str, attempt: int) -> AttemptLife:
        """Return what is recorded of an attempt."""

    async def living(self, keys: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:
        """Return those of these attempts of which is known that they live; asks nobody for it.

        For engines with tens of thousands. One that is missing may live as well, and
        :meth:`observe` tells; of one that is named it would say the same, and no trouble.
        """

    def tell_ends(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` soon after something that was observed alive has ended; None to stop.

        A hint: it may come late, for nothing, or not at all, and :meth:`observe` tells what is.
        """

    async def alive(self) -> Sequence[tuple[str, int]]:
        """Return (lease, attempt) of everything that lives, owned or not."""

    async def lives(self, lease_id: str, attempt: int) -> bool:
        """Tell whether anything of an attempt lives, recorded or not; never from memory."""

    async def ended_before(self, at_ms: int) -> Sequence[tuple[str, int]]:
        """Return (lease, attempt) of what ended before a time and of which something is kept."""

    async def discard(self, lease_id: str, attempt: int) -> None:
        """Delete records and logs of an attempt that has ended; one that lives is left alone."""

    async def endpoint(self, lease_id: str, attempt: int) -> ClusterEndpoint | None:
        """Return how to reach a cluster's scheduler; None until it answers.

        None also for workers that joined another attempt's scheduler.
        """

    async def wanted_workers(self, lease_id: str, attempt: int) -> int | None:
        """Return how many workers a cluster's scheduler could use now.

        The scheduler runs the tenant's code: its answer is a wish, taken within a second or two,
        and None when there is none that can be used.
        """

    async def retire(self, lease_id: str, attempt: int, names: Sequence[str]) -> bool:
        """Let a cluster's scheduler move the data of workers elsewhere, so that they can be ended.

        Returns whether it said that it had; within a limited time, and harmless for workers that
        are gone.
        """

    async def log_tail(self, lease_id: str, attempt: int, max_bytes: int) -> str:
        """Return the end of what the processes printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reading of what a device did for an attempt; None means unmetered, never zero."""

    lease_id: str
    attempt: int
    device_id: str
    at_ms: int
    utilisation_percent: int | None
    memory_bytes: int | None = None


class Meter(Protocol):
    """Reads what devices do."""

    async def read(
        self, holders: Mapping[str, tuple[str, int]], busy: Mapping[str, bool], now_ms: int
    ) -> Sequence[Sample]:
        """Read each held device.

        Parameters
        ----------
        holders
            (lease, attempt) by device id.
        busy
            Whether the kernel of a lease is busy, as its agent last said (simulated devices).
        """


class Artifacts(Protocol):
    """Bytes by their SHA-256: snapshots and outputs of runs."""

    async def put(self, data: bytes) -> str:
        """Store bytes durably (atomic, synced) and return their SHA-256 in hex."""

    async def get(self, sha256: str) -> bytes:
        """Return stored bytes; ``NotFoundError`` when there are none of that name."""

    async def remove(self, sha256: str) -> None:
        """Delete stored bytes; harmless when they are gone. Only of what no row needs."""

    async def sizes(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the bytes of each that is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel that notebook servers of a project offer."""

    name: str
    title: str
    environment: str
    ref: EnvironmentRef


class Environments(Protocol):
    """Folders of environments: made empty, filled by a build, and never changed afterwards."""

    async def prepare(self, ref: EnvironmentRef, person_name: str) -> str:
        """Make an empty folder for a build, owned by its person, and return its path.

        What an earlier build of the same revision left is deleted; only call it while none runs.
        """

    async def inspect(self, ref: EnvironmentRef) -> Built | None:
        """Return what a build wrote last of all; None unless it was finished."""

    async def python(self, ref: EnvironmentRef) -> str:
        """Return the path of an environment's interpreter."""

    async def publish(self, project: str, kernels: Sequence[Kernel]) -> None:
        """Let notebook servers of a project offer these kernels and no others of ours."""

    async def remove(self, ref: EnvironmentRef) -> None:
        """Delete a folder; harmless when it is gone."""

    async def kept(self) -> Sequence[EnvironmentRef]:
        """Return every folder that there is."""


async def _nothing() -> None:
    """Do nothing: most engines have nothing to open."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The five ports of one engine, as ``wiring`` hands them to services.

    Attributes
    ----------
    open, close
        Called before the first and after the last use of its ports.
    offers_environments
        Whether people may build environments of their own.
    """

    name: str
    admission: Admission
    launcher: Launcher
    meter: Meter
    artifacts: Artifacts
    environments: Environments
    open: Callable[[], Awaitable[None]] = _nothing
    close: Callable[[], Awaitable[None]] = _nothing
    offers_environments: bool = True
