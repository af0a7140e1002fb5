"""Feeds :class:`~madang.policy.fair_queue.FairQueue` from a trace and says who waited how long.

Called by tests, ``make bench-replay`` and notebooks. Also replays a plain first-come-first-served
queue, as the peer to compare with. Simulated time only: nothing here reads a clock.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.policy.decisions import AskBack, Refuse, Start
from madang.policy.fair_queue import FairQueue
from madang.simulate.traces import Job, device_ms_by_project

FLAVOR = "gpu"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long jobs waited from their submission to their first start, in milliseconds."""

    jobs: int
    mean_ms: float
    p50_ms: int
    p90_ms: int
    p99_ms: int
    max_ms: int


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found.

    Attributes
    ----------
    utilisation
        Device time held, through the device time there was from the first submission to the last
        end.
    devices_most
        The most devices held at once.
    asked_back
        Attempts that were asked back; their jobs went on later with what was left of them.
    jobs_unfinished
        Jobs that never ended (0 unless some are larger than the pool).
    """

    strategy: str
    capacity: int
    waits: Waits
    waits_by_project: Mapping[str, Waits]
    utilisation: float
    devices_most: int
    span_ms: int
    asked_back: int
    jobs_unfinished: int


def measure_waits(waits_ms: Sequence[int]) -> Waits:
    """Return mean, quantiles (nearest rank) and maximum; zeros when there are none."""
    if not waits_ms:
        return Waits(0, 0.0, 0, 0, 0, 0)
    ordered = sorted(waits_ms)
    p50, p90, p99 = (ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 90, 99))
    return Waits(len(ordered), sum(ordered) / len(ordered), p50, p90, p99, ordered[-1])


def proportional_quotas(jobs: Sequence[Job], capacity: int) -> dict[str, int]:
    """Divide the devices over the projects in proportion to what their jobs take.

    Every device is given to somebody; what rounding leaves goes to the largest remainders.
    """
    demand = device_ms_by_project(jobs)
    total = sum(demand.values()) or 1
    quotas = {name: capacity * taken // total for name, taken in demand.items()}
    by_rest = sorted(demand, key=lambda name: (-(capacity * demand[name] % total), name))
    for name in by_rest[: capacity - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


class _Tally:
    """Counts what happens in a replay; every strategy reports through it."""

    def __init__(self, strategy: str, jobs: Sequence[Job], capacity: int) -> None:
        self.strategy, self.jobs, self.capacity = strategy, jobs, capacity
        self.first_start: list[int | None] = [None] * len(jobs)
        self.held = self.held_ms = self.devices_most = 0
        self.asked_back = self.ended = self.end_ms = 0

    def start(self, index: int, now_ms: int) -> None:
        if self.first_start[index] is None:
            self.first_start[index] = now_ms
        self.held += self.jobs[index].devices
        self.devices_most = max(self.devices_most, self.held)

    def stop(self, index: int, held_ms: int, now_ms: int, *, is_end: bool) -> None:
        devices = self.jobs[index].devices
        self.held -= devices
        self.held_ms += devices * held_ms
        self.ended += is_end
        self.end_ms = now_ms

    def report(self) -> ReplayReport:
        by_project: dict[str, list[int]] = {name: [] for name in device_ms_by_project(self.jobs)}
        for job, start_ms in zip(self.jobs, self.first_start, strict=True):
            if start_ms is not None:
                by_project[job.project].append(start_ms - job.submit_ms)
        span_ms = self.end_ms - self.jobs[0].submit_ms if self.jobs else 0
        return ReplayReport(
            strategy=self.strategy,
            capacity=self.capacity,
            waits=measure_waits(list(itertools.chain.from_iterable(by_project.values()))),
            waits_by_project={name: measure_waits(waits) for name, waits in by_project.items()},
            utilisation=self.held_ms / (self.capacity * span_ms) if span_ms else 0.0,
            devices_most=self.devices_most,
            span_ms=span_ms,
            asked_back=self.asked_back,
            jobs_unfinished=len(self.jobs) - self.ended,
        )


def fair_queue_for(
    jobs: Sequence[Job], capacity: int, quotas: Mapping[str, int] | None = None
) -> FairQueue:
    """Return an empty queue whose projects have these quotas (proportional ones when None)."""
    queue = FairQueue({FLAVOR: capacity})
    given = proportional_quotas(jobs, capacity) if quotas is None else quotas
    for project, quota in given.items():
        share = ProjectShare(project=project, weight=max(quota, 1), guaranteed={FLAVOR: quota})
        queue.set_share(share, 0)
    return queue


def replay(
    jobs: Sequence[Job],
    capacity: int,
    quotas: Mapping[str, int] | None = None,
    *,
    is_preemptible: bool = False,
) -> ReplayReport:
    """Replay jobs (sorted by submission) through :class:`FairQueue` until the last has ended.

    Parameters
    ----------
    quotas
        Guaranteed devices by project, which are also the weights; proportional to demand when None.
    is_preemptible
        Whether lent devices may be asked back. A job that is asked back runs through its grace,
        keeps its place and goes on later with what was left of it.
    """
    return _Replay(jobs, capacity, fair_queue_for(jobs, capacity, quotas), is_preemptible).run()


class _Replay:
    """The event loop: a heap of ends beside the sorted submissions, one tick per instant."""

    def __init__(
        self, jobs: Sequence[Job], capacity: int, queue: FairQueue, is_preemptible: bool
    ) -> None:
        self._jobs, self._queue, self._is_preemptible = jobs, queue, is_preemptible
        self._tally = _Tally("madang", jobs, capacity)
        self._ids = [f"{number:08d}" for number in range(len(jobs))]
        self._left_ms = [job.duration_ms for job in jobs]
        self._attempt = [0] * len(jobs)
        self._started_ms = [0] * len(jobs)
        # An entry is void once the job has ended or has another attempt: a job that is asked back
        # has two entries, and the earlier one counts.
        self._ends: list[tuple[int, int, int]] = []

    def run(self) -> ReplayReport:
        jobs, ends, position = self._jobs, self._ends, 0
        while position < len(jobs) or ends:
            now_ms = jobs[position].submit_ms if position < len(jobs) else ends[0][0]
            if ends:
                now_ms = min(now_ms, ends[0][0])
            while ends and ends[0][0] == now_ms:
                _, index, attempt = heapq.heappop(ends)
                self._end(index, attempt, now_ms)
            while position < len(jobs) and jobs[position].submit_ms == now_ms:
                self._submit(position, now_ms)
                position += 1
            self._carry_out(now_ms)
        return self._tally.report()

    def _submit(self, index: int, now_ms: int) -> None:
        job = self._jobs[index]
        self._attempt[index] += 1
        item = QueueItem(
            lease_id=self._ids[index],
            attempt=self._attempt[index],
            person=job.project,
            project=job.project,
            kind=LeaseKind.SLOT,
            lease_class=LeaseClass.BATCH,
            flavor=FLAVOR,
            devices=job.devices,
            submitted_ms=job.submit_ms,
            limit_ms=job.duration_ms,
            is_preemptible=self._is_preemptible,
        )
        self._queue.submit(item, now_ms)

    def _end(self, index: int, attempt: int, now_ms: int) -> None:
        if attempt != self._attempt[index] or self._left_ms[index] <= 0:
            return
        held_ms = now_ms - self._started_ms[index]
        self._left_ms[index] -= held_ms
        is_end = self._left_ms[index] <= 0
        self._tally.stop(index, held_ms, now_ms, is_end=is_end)
        self._queue.finished(self._ids[index], now_ms)
        if not is_end:
            self._submit(index, now_ms)

    def _carry_out(self, now_ms: int) -> None:
        for decision in self._queue.tick(now_ms):
            index = int(decision.lease_id)
            match decision:
                case Start():
                    self._started_ms[index] = now_ms
                    self._tally.start(index, now_ms)
                    end_ms = now_ms + self._left_ms[index]
                    heapq.heappush(self._ends, (end_ms, index, decision.attempt))
                case AskBack():
                    self._tally.asked_back += 1
                    end_ms = now_ms + decision.grace_ms
                    heapq.heappush(self._ends, (end_ms, index, decision.attempt))
                case Refuse():
                    continue


def replay_fifo(jobs: Sequence[Job], capacity: int) -> ReplayReport:
    """Replay the same jobs through one queue in order of submission, whoever they belong to."""
    tally = _Tally("fifo", jobs, capacity)
    waiting: deque[int] = deque()
    ends: list[tuple[int, int]] = []
    free, position = capacity, 0
    while position < len(jobs) or ends:
        now_ms = jobs[position].submit_ms if position < len(jobs) else ends[0][0]
        if ends:
            now_ms = min(now_ms, ends[0][0])
        while ends and ends[0][0] == now_ms:
            _, index = heapq.heappop(ends)
            free += jobs[index].devices
            tally.stop(index, jobs[index].duration_ms, now_ms, is_end=True)
        while position < len(jobs) and jobs[position].submit_ms == now_ms:
            if jobs[position].devices <= capacity:
                waiting.append(position)
            position += 1
        while waiting and jobs[waiting[0]].devices <= free:
            index = waiting.popleft()
            free -= jobs[index].devices
            tally.start(index, now_ms)
            heapq.heappush(ends, (now_ms + jobs[index].duration_ms, index))
    return tally.report()
