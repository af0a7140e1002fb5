"""The one loop that compares rows with reality and moves everything on.

It is level-triggered: whatever was missed, doubled or half done is seen again on the next look, so
a kill at any point only costs time. One failing lease never stops the others.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.domain.run import RunState
from madang.engines.ports import AdmissionEvent, Admitted, AskedBack, Refused
from madang.errors import ConflictError
from madang.services import (
    adapting,
    admitting,
    after,
    clusters,
    leasing,
    lives,
    scaling,
    sweep_slots,
)
from madang.services.agreeing import agree
from madang.services.builds import Builds
from madang.services.core import Core
from madang.services.due import Due
from madang.services.outputs import Outputs
from madang.services.running import Running
from madang.services.slot_opening import ensure_slots
from madang.services.upkeep import Upkeep
from madang.store import Tx
from madang.units import is_due

log = logging.getLogger(__name__)

TICK_S = 1.0
QUIET_S = 0.02
"""So long after a look the next one begins at the earliest: what comes meanwhile is one look."""

SAMPLE_MS = 15_000
SHARES_MS = 60_000
ORPHANS_MS = 10_000
TIDY_MS = 3_600_000
KEEP_SAMPLES = 200

CATCH_UP = 20
"""Parts of the ledger that are counted at most before shares are set: many only after an upgrade,
or when the half-life was changed. The rest follows a minute later."""

GIVE_UP_MS = 600_000
"""A decision that cannot be taken for so long is a defect; the engine is asked anew what holds."""

TOGETHER = 32
"""Admissions in one transaction: few commits where many come, and nobody else waits long."""

_Left = tuple[AdmissionEvent, int]
"""What was decided, and when it was first heard of."""


class Reconciler:
    """Runs the loop; :meth:`look` is one turn of it, as tests drive it."""

    def __init__(self, core: Core, due: Due) -> None:
        self._core = core
        self._due = due
        self.running = Running(core)
        self.builds = Builds(core)
        self.outputs = Outputs(core)
        self._releasing: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._sampled_ms = 0
        self._shared_ms = 0
        self._swept_ms = 0
        self._tidied_ms = 0
        self._left: list[_Left] = []

    async def start(self) -> None:
        """Tell the engine what the rows say, then look again and again."""
        await self.restore()
        self._core.engine.launcher.tell_ends(self.running.tell)
        self._core.engine.admission.tell_decisions(self._core.wake.set)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the loop; what it was doing is done again after the next start."""
        self._core.engine.launcher.tell_ends(None)
        self._core.engine.admission.tell_decisions(None)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for beside in (self._releasing, self._asking, *self._core.live.asking):
            if beside is not None:
                beside.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beside

    async def restore(self) -> None:
        """Rebuild the engine's memory: who holds what first, then who waits."""
        core = self._core
        # First of all: nothing may be given out that is out, nor anything in a pause.
        await Upkeep(core).restore()
        await self._set_shares()
        leases = await core.store.read(lambda tx: tx.leases.unfinished())
        projects = {p.id: p for p in await core.store.read(lambda tx: tx.projects.all())}
        for lease in leases:
            if lease.holds_devices and lease.project in projects:
                item = leasing.queue_item(core, projects[lease.project], lease, lease.attempt)
                since = lease.started_ms or lease.admitted_ms or lease.submitted_ms
                await core.engine.admission.adopt(item, lease.device_ids, since)
        for lease in sorted(leases, key=lambda lease: lease.submitted_ms):
            if lease.state is LeaseState.QUEUED and lease.project in projects:
                item = leasing.queue_item(core, projects[lease.project], lease, lease.attempt + 1)
                await core.engine.admission.enqueue(item)
        await self._guarded("environments", self.builds.restore())
        core.changed("leases", "queue")

    async def _run(self) -> None:
        while True:
            try:
                began = time.monotonic()
                if self._core.may_act:
                    await self.look()
                self._core.measures.looks.add(time.monotonic() - began)
            except Exception:
                # A loop edge: a fault (database full, engine gone) must not end the service.
                log.exception("reconcile: this look failed, the next one follows")
                await asyncio.sleep(TICK_S)
            ended_s = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._core.wake.wait()
            # What came during a look is handled in the next; after a pause nobody waits any more.
            await asyncio.sleep(max(0.0, QUIET_S - (time.monotonic() - ended_s)))
            self._core.wake.clear()

    async def look(self) -> None:
        """Take the engine's decisions, then compare each unfinished lease with reality."""
        core = self._core
        now = core.clock()
        await self._guarded("decisions", self._take_decisions(now))
        if is_due(self._shared_ms, SHARES_MS, now):
            await self._guarded("past use", self._count_use())
            await self._guarded("shares", self._set_shares())
        await self._guarded("leases", self._step_all())
        await self._guarded("clusters", clusters.end_orphans(core))
        await self._guarded("workers", scaling.follow(core))
        await self._guarded("adapting", adapting.look(core))
        await self._guarded("storage", self._ask_storage())
        await self._guarded("schedules", self._due.look())
        await self._guarded("after", after.look(core))
        await self._guarded("slots", ensure_slots(core))
        await self._guarded("sweeps", sweep_slots.look(core))
        await self._guarded("builds", self.builds.look())
        if is_due(self._sampled_ms, SAMPLE_MS, now):
            self._sampled_ms = now
            await self._guarded("samples", self._sample(now))
        if is_due(self._swept_ms, ORPHANS_MS, now):
            self._swept_ms = now
            await self._guarded("sweep", self.sweep())
            await self._guarded("queue", agree(core))
            await self._guarded("environments", self.builds.tidy())
            await self._guarded("artifacts", self._release())
        if is_due(self._tidied_ms, TIDY_MS, now):
            self._tidied_ms = now
            await self._guarded("tidy", self.tidy())
            await self._guarded("outputs", self.outputs.expire())

    async def _guarded(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Do one part of a look; when it fails the other parts go on."""
        if not self._core.may_act:
            work.close()
            return
        try:
            await work
        except Exception:
            self._core.measures.failures += 1
            log.exception("reconcile: %s failed, the next look tries again", what)

    async def _take_decisions(self, now: int) -> None:
        """Take what the engine decided; what fails is kept, as the engine says it only once."""
        new = await self._without_known(await self._core.engine.admission.poll(now))
        left, self._left = [*self._left, *((event, now) for event in new)], []
        for some in _together(left):
            if len(some) == 1 or not await self._took_together(some):
                await self._take_each(some, now)

    async def _took_together(self, some: Sequence[_Left]) -> bool:
        try:
            await admitting.on_admitted(
                self._core, [event for event, _ in some if isinstance(event, Admitted)]
            )
        except Exception:
            log.exception("reconcile: %s admissions failed together, each is tried", len(some))
            return False
        return True

    async def _take_each(self, some: Sequence[_Left], now: int) -> None:
        for event, since_ms in some:
            try:
                await self._take(event)
            except Exception:
                self._core.measures.failures += 1
                what = f"{type(event).__name__} of {event.lease_id}"
                log.exception("reconcile: %s failed, the next look tries again", what)
                if now - since_ms < GIVE_UP_MS:
                    self._left.append((event, since_ms))

    async def _without_known(self, events: Sequence[AdmissionEvent]) -> Sequence[AdmissionEvent]:
        """Leave out admissions that rows have already: engines tell all that stands again."""
        ids = [event.lease_id for event in events if isinstance(event, Admitted)]
        if not ids:
            return events
        known = await self._core.store.read(lambda tx: tx.leases.holding(ids))
        return [
            event
            for event in events
            if not isinstance(event, Admitted) or (event.lease_id, event.attempt) not in known
        ]

    async def _take(self, event: AdmissionEvent) -> None:
        if isinstance(event, Admitted):
            await admitting.on_admitted(self._core, [event])
        elif isinstance(event, AskedBack):
            await admitting.on_asked_back(self._core, event)
        elif isinstance(event, Refused):
            await admitting.on_refused(self._core, event)

    async def _step_all(self) -> None:
        core = self._core
        moving = [LeaseState.ADMITTED, LeaseState.ENDING]
        found = await core.store.read(lambda tx: tx.leases.find(state=moving))
        # Before those: whatever moves in this look moves by one state.
        await self._guarded("running", self.running.look())
        for lease in found:
            await self._guarded(f"lease {lease.id}", self._step(lease))

    async def _step(self, lease: Lease) -> None:
        try:
            await lives.step(self._core, lease)
        except ConflictError as error:
            # Its person was quicker, which is no failure; the next look sees what they did.
            if error.code != "lease_moved_on":
                raise

    async def sweep(self) -> None:
        """End what runs without a row that owns it, after a second, fresh read (P6, P7)."""
        core = self._core
        alive = await core.engine.launcher.alive()
        held = await core.store.read(lambda tx: tx.leases.holding())
        for lease_id, attempt in alive:
            if (lease_id, attempt) in held:
                continue
            lease = await core.store.read(partial(_lease, lease_id))
            owned = lease is not None and lease.holds_devices and lease.attempt == attempt
            if not owned:
                log.warning("ending processes without an owner: %s.%s", lease_id, attempt)
                grace_ms = core.policy.stop_grace_ms
                await core.engine.launcher.stop(lease_id, attempt, grace_ms)

    async def tidy(self) -> None:
        """Delete what is kept of attempts that ended long ago, after a fresh look at each row (P7).

        What no row knows is left alone: it may belong to a newer copy of the database.
        """
        core = self._core
        before_ms = core.clock() - core.policy.keep_attempts_ms
        for lease_id, attempt in await core.engine.launcher.ended_before(before_ms):
            lease = await core.store.read(partial(_lease, lease_id))
            if lease is None or (lease.attempt == attempt and not lease.is_ended):
                continue
            if lease.ended_ms is None or lease.ended_ms < before_ms:
                await core.engine.launcher.discard(lease_id, attempt)

    async def _release(self) -> None:
        """Let bytes go that no row needs, beside the look: their storage may be away."""
        is_busy = self._releasing is not None and not self._releasing.done()
        if not is_busy and await self.outputs.has_given_up():
            work = self._guarded("artifacts", self.outputs.release())
            self._releasing = asyncio.create_task(work)

    async def _ask_storage(self) -> None:
        """Ask a storage that is away, beside the look, until it is back."""
        artifacts = self._core.artifacts
        is_asking = self._asking is not None and not self._asking.done()
        if artifacts.away_since_ms is not None and not is_asking:
            self._asking = asyncio.create_task(self._guarded("storage", artifacts.ask()))

    async def _sample(self, now: int) -> None:
        core = self._core
        held = await core.store.read(lambda tx: tx.leases.devices_in_use())
        running = await core.store.read(lambda tx: tx.runs.find(state=[RunState.RUNNING]))
        holders = {device: (x.id, x.attempt) for x in held for device in x.device_ids}
        # Whether a simulated device works: a slot while it has a run, a notebook as its agent says.
        busy = {x.id: False for x in held if x.kind == LeaseKind.SLOT}
        busy |= {run.lease: True for run in running}
        busy |= {key: activity.is_busy for key, activity in core.live.activity.items()}
        for sample in await core.engine.meter.read(holders, busy, now):
            kept = core.live.samples.setdefault(sample.lease_id, [])
            kept.append(sample)
            del kept[:-KEEP_SAMPLES]

    async def _count_use(self) -> None:
        core, now = self._core, self._core.clock()
        half_life_ms = core.policy.half_life_ms
        self._shared_ms = now
        for _ in range(CATCH_UP):
            if await core.store.write(lambda tx: tx.past_use.advance(half_life_ms, now)):
                break

    async def _set_shares(self) -> None:
        """Tell the queue what it must know of projects; their use is as it was last counted."""
        core, now = self._core, self._core.clock()
        half_life_ms = core.policy.half_life_ms
        usage = await core.store.read(lambda tx: tx.past_use.read(half_life_ms, now))
        projects = await core.store.read(lambda tx: tx.projects.all())
        shares = [leasing.share(core, p, usage.get(p.id, 0.0)) for p in projects]
        await core.engine.admission.set_shares(shares)


def _together(left: Iterable[_Left]) -> Iterator[list[_Left]]:
    """Yield what is carried out together, in the order in which it came."""
    some: list[_Left] = []
    for one in left:
        if some and (len(some) == TOGETHER or not isinstance(one[0], Admitted)):
            yield some
            some = []
        some.append(one)
        if not isinstance(one[0], Admitted):
            yield some
            some = []
    if some:
        yield some


def _lease(lease_id: str, tx: Tx) -> Lease | None:
    return tx.leases.get(lease_id)
