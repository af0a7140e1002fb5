"""Processes in memory that start badly, end late, and sometimes are simply gone."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from madang.domain.cluster import ClusterEndpoint
from madang.domain.lease import LeaseKind
from madang.engines.hostile.faults import World
from madang.engines.ports import AttemptLife, LaunchSpec, Trouble
from madang.errors import ConflictError, LocalError

SIGTERM_EXIT = -15
MEMORY_BYTES = 3 * 1024**3
"""What everything may use."""

_Key = tuple[str, int]


@dataclass(slots=True)
class _Process:
    kind: LeaseKind
    started_ms: int
    is_recorded: bool = True
    is_sure: bool = True
    stop_at_ms: int | None = None
    vanish_at_ms: int | None = None
    ended_ms: int | None = None
    exit_code: int | None = None
    deadline_ms: int | None = None
    is_overdue: bool = False
    was_told: bool = False
    is_out_of_memory: bool = False
    is_evicted: bool = False


class HostileLauncher:
    """The port ``Launcher``.

    Attributes
    ----------
    starts
        How many processes were ever made for each attempt; more than one breaks promise P2.
    specs
        What was asked for, by attempt.
    wants
        Workers that the scheduler of a lease says it could use, by lease; without, it is silent.
    retired
        Names of the workers that schedulers were asked to let go.
    fetches
        Whether what is started is only made ready for now, as while an image is fetched.
    trouble
        What keeps everything from going on.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._processes: dict[_Key, _Process] = {}
        self.starts: dict[_Key, int] = {}
        self.specs: dict[_Key, LaunchSpec] = {}
        self.wants: dict[str, int] = {}
        self.retired: list[str] = []
        self.fetches = False
        self.trouble: Trouble | None = None

    async def start(self, spec: LaunchSpec) -> None:
        """Start an attempt; started again, what was made is recorded and nothing else happens."""
        key = (spec.lease_id, spec.attempt)
        self.specs[key] = spec
        faults = self._world.faults
        if spec.joins is not None and not await self._answers(spec.joins):
            raise ConflictError("joined_cluster_gone", lease=spec.joins[0])
        if key not in self._processes:
            if self.fetches:
                return
            if self._world.happens(faults.start_refused):
                raise LocalError("process_not_started", record=spec.lease_id, why="refused")
            process = self._make(key, spec.kind)
            process.deadline_ms = spec.deadline_ms
            if self._world.happens(faults.start_unrecorded):
                process.is_recorded = False
                raise LocalError("process_not_started", record=spec.lease_id, why="unrecorded")
        self._processes[key].is_recorded = True

    def _make(self, key: _Key, kind: LeaseKind) -> _Process:
        now, faults = self._world.now_ms, self._world.faults
        process = self._processes[key] = _Process(kind, now)
        self.starts[key] = self.starts.get(key, 0) + 1
        if self._world.happens(faults.vanish):
            process.vanish_at_ms = now + self._world.within(faults.vanish_ms)
        return process

    async def living(self, keys: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:
        """Return those of these attempts that live, and are the first of their lease or third."""
        lives = [(key, await self.observe(*key)) for key in keys if key[1] % 2]
        return [key for key, life in lives if life.is_alive and life.trouble is None]

    def tell_ends(self, wake: Callable[[], None] | None) -> None:
        """Tell nothing: nobody may rely on a hint."""

    async def stop(self, lease_id: str, attempt: int, grace_ms: int) -> None:
        """Ask for the end, which comes at some moment within the grace."""
        process = self._processes.get((lease_id, attempt))
        if process is not None and process.stop_at_ms is None:
            process.stop_at_ms = self._world.now_ms + self._world.within(grace_ms)

    def _now(self, key: _Key) -> _Process | None:
        """Return a process as time has left it."""
        process = self._processes.get(key)
        if process is None or process.ended_ms is not None:
            return process
        now = self._world.now_ms
        if process.vanish_at_ms is not None and process.vanish_at_ms <= now:
            process.ended_ms, process.is_sure = process.vanish_at_ms, False
        elif process.stop_at_ms is not None and process.stop_at_ms <= now:
            process.ended_ms, process.exit_code = process.stop_at_ms, SIGTERM_EXIT
            process.was_told = True
        elif process.deadline_ms is not None and process.stop_at_ms is None:
            due_ms = process.started_ms + process.deadline_ms
            if due_ms <= now:
                process.ended_ms, process.exit_code = due_ms, SIGTERM_EXIT
                process.is_overdue = True
        return process

    async def set_deadline(self, lease_id: str, attempt: int, deadline_ms: int) -> None:
        """Move the deadline of a process that lives."""
        process = self._now((lease_id, attempt))
        if process is not None and process.ended_ms is None:
            process.deadline_ms = deadline_ms

    async def observe(self, lease_id: str, attempt: int) -> AttemptLife:
        """Return what is recorded of an attempt."""
        process = self._now((lease_id, attempt))
        since_ms = self._world.machine_since_ms
        if process is None or not process.is_recorded:
            return AttemptLife(
                machine_since_ms=since_ms, is_coming=self.fetches, trouble=self.trouble
            )
        if process.is_evicted and process.ended_ms is not None:
            since_ms = process.ended_ms + 1
        return AttemptLife(
            started_ms=process.started_ms,
            ended_ms=process.ended_ms,
            exit_code=process.exit_code,
            is_sure=process.is_sure,
            machine_since_ms=since_ms,
            is_overdue=process.is_overdue,
            was_told=process.was_told,
            is_out_of_memory=process.is_out_of_memory,
            memory_bytes=MEMORY_BYTES if process.is_out_of_memory else None,
            trouble=self.trouble if process.ended_ms is None else None,
        )

    async def alive(self) -> Sequence[tuple[str, int]]:
        """Return everything that lives, recorded or not."""
        return sorted(k for k in self._processes if (p := self._now(k)) and p.ended_ms is None)

    async def lives(self, lease_id: str, attempt: int) -> bool:
        """Tell whether an attempt lives, recorded or not."""
        return (lease_id, attempt) in await self.alive()

    async def ended_before(self, at_ms: int) -> Sequence[tuple[str, int]]:
        """Return what ended before a time and was not discarded."""
        keys = list(self._processes)
        ends = {key: found.ended_ms for key in keys if (found := self._now(key)) is not None}
        return [key for key, ended in ends.items() if ended is not None and ended < at_ms]

    async def discard(self, lease_id: str, attempt: int) -> None:
        """Forget an attempt that has ended."""
        process = self._now((lease_id, attempt))
        if process is not None and process.ended_ms is not None:
            del self._processes[(lease_id, attempt)]

    async def endpoint(self, lease_id: str, attempt: int) -> ClusterEndpoint | None:
        """Return an address for a living cluster; nothing answers there."""
        if not await self._answers((lease_id, attempt)):
            return None
        return ClusterEndpoint(
            address="tls://127.0.0.1:1",
            dashboard_url="http://127.0.0.1:1/",
            ca_pem="ca",
            cert_pem="cert",
            key_pem="key",
        )

    async def _answers(self, key: _Key) -> bool:
        spec = self.specs.get(key)
        is_first = spec is not None and spec.kind is LeaseKind.CLUSTER and spec.joins is None
        return is_first and (await self.observe(*key)).is_alive

    async def wanted_workers(self, lease_id: str, attempt: int) -> int | None:
        """Return what a test wants the scheduler to say, and nothing now and then."""
        if not await self._answers((lease_id, attempt)) or self._is_silent():
            return None
        return self.wants.get(lease_id)

    async def retire(self, lease_id: str, attempt: int, names: Sequence[str]) -> bool:
        """Note who was to be let go; it succeeds unless the scheduler is silent."""
        self.retired += names
        return await self._answers((lease_id, attempt)) and not self._is_silent()

    def _is_silent(self) -> bool:
        return self._world.happens(self._world.faults.silent)

    async def log_tail(self, lease_id: str, attempt: int, max_bytes: int) -> str:
        """Return a line for an attempt that was started."""
        is_known = (lease_id, attempt) in self._processes
        return f"{lease_id}.{attempt} was here\n"[-max_bytes:] if is_known else ""

    # -- knobs -----------------------------------------------------------------------------------

    def _latest(self, lease_id: str) -> _Process:
        key = max(key for key in self._processes if key[0] == lease_id)
        process = self._now(key)
        if process is None:
            raise KeyError(lease_id)
        return process

    def finish(self, lease_id: str, exit_code: int, at_ms: int | None = None) -> None:
        """Let the latest attempt of a lease end by itself now, or say that it did before."""
        process = self._latest(lease_id)
        if process.ended_ms is None:
            process.ended_ms = self._world.now_ms if at_ms is None else at_ms
            process.exit_code = exit_code

    def run_out_of_memory(self, lease_id: str) -> None:
        """Let the latest attempt of a lease be ended for what it used."""
        self.finish(lease_id, 137)
        self._latest(lease_id).is_out_of_memory = True

    def evict(self, lease_id: str) -> None:
        """Let the latest attempt of a lease be ended by the machine that it is on."""
        self.vanish(lease_id)
        self._latest(lease_id).is_evicted = True

    def vanish(self, lease_id: str, at_ms: int | None = None) -> None:
        """Let the latest attempt of a lease be gone without a record."""
        process = self._latest(lease_id)
        if process.ended_ms is None:
            process.ended_ms = self._world.now_ms if at_ms is None else at_ms
            process.is_sure = False

    def forget_record(self, lease_id: str) -> None:
        """End the latest attempt of a lease and delete what was recorded of it."""
        self.vanish(lease_id)
        self._latest(lease_id).is_recorded = False

    def date_start(self, lease_id: str, at_ms: int) -> None:
        """Write another start into the record of the latest attempt of a lease."""
        self._latest(lease_id).started_ms = at_ms

    def vanish_all(self) -> None:
        """Let everything be gone without a record."""
        for process in self._processes.values():
            if process.ended_ms is None:
                process.ended_ms, process.is_sure = self._world.now_ms, False

    def launch_notebook(self, lease_id: str, attempt: int) -> None:
        """Start a notebook server once for an attempt, as the hub does."""
        if (lease_id, attempt) not in self._processes:
            self._make((lease_id, attempt), LeaseKind.NOTEBOOK)
