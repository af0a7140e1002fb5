"""Compares one lease with what really runs, and moves it on; the reconcile loop calls it.

Of those that run there are very many: :mod:`madang.services.running` asks for the few that may have
ended.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from madang.domain.lease import (
    CLAIM_TURNS,
    HAD_BYTES,
    EndReason,
    Lease,
    LeaseKind,
    LeaseState,
    Target,
)
from madang.engines.ports import AttemptLife
from madang.errors import ConflictError, UnavailableError
from madang.services import charging, launching, leasing, scaling, telling
from madang.services.core import Core, RunProgress
from madang.services.leases import begin_end
from madang.services.run_ends import end_with_slot, forgive
from madang.services.slot_opening import note_slot_fault
from madang.store import Tx
from madang.units import GIB

START_MS = 120_000
"""A cluster or slot that has not started by then is given up as lost."""

COMING_START_MS = 1_200_000
"""What is being made ready on its machine is waited for so long: images with GPU libraries are
large (over 10 GiB), and a machine may be new."""

CLAIMED_START_MS = 300_000
"""A claimed notebook that nobody launched by then loses its turn."""

_FAULTS = (EndReason.LOST, EndReason.FAILED, EndReason.OUT_OF_MEMORY)


async def step(core: Core, lease: Lease) -> None:
    """Move a lease that starts or ends by at most one state."""
    life = await core.engine.launcher.observe(lease.id, lease.attempt)
    _note_trouble(core, lease, life)
    if lease.state is LeaseState.ADMITTED:
        await _admitted(core, lease, life)
    elif lease.state is LeaseState.ENDING:
        await _ending(core, lease, life)


def _note_trouble(core: Core, lease: Lease, life: AttemptLife) -> None:
    """Keep what an attempt has met, for those who look at it and for nothing else."""
    before = core.live.troubles.get(lease.id)
    if life.trouble is (before[0] if before is not None else None):
        return
    if life.trouble is None:
        del core.live.troubles[lease.id]
    else:
        core.live.troubles[lease.id] = (life.trouble, core.clock())
    core.bus.publish("leases", "runs")


async def _admitted(core: Core, lease: Lease, life: AttemptLife) -> None:
    now = core.clock()
    if life.started_ms is not None:
        started_ms = _within(life.started_ms, lease.admitted_ms or 0, now)

        def start(tx: Tx) -> None:
            tx.attempts.started(lease.id, lease.attempt, started_ms)
            charging.overhead(core, tx, lease, 0, lease.admitted_ms or started_ms, started_ms)
            tx.leases.change(
                lease.id,
                LeaseState.ADMITTED,
                state=LeaseState.ACTIVE,
                started_ms=started_ms,
                claimed_ms=lease.claimed_ms or now,
            )

        await core.store.write(start)
        core.changed("leases", "queue", "clusters")
        return
    waited = now - (lease.admitted_ms or now)
    if lease.kind is not LeaseKind.NOTEBOOK:
        if waited > _patience_ms(life, START_MS):
            await end(core, lease, EndReason.LOST)
        else:
            await _launch(core, lease)
    elif lease.claimed_ms is None:
        if lease.claim_by_ms is not None and now >= lease.claim_by_ms:
            await _miss_turn(core, lease)
    elif now - lease.claimed_ms > _patience_ms(life, CLAIMED_START_MS):
        await _miss_turn(core, lease)
    else:
        await launching.ask_hub(core, lease)


def _patience_ms(life: AttemptLife, least_ms: int) -> int:
    return COMING_START_MS if life.is_coming else least_ms


async def _launch(core: Core, lease: Lease) -> None:
    """Start a cluster or slot; one whose environment is gone ends, as it would wait for ever."""
    try:
        await launching.launch(core, lease)
    except ConflictError as error:
        if error.code != "environment_gone":
            raise
        await end(core, lease, EndReason.FAILED)


async def _miss_turn(core: Core, lease: Lease) -> None:
    """Give the devices to the next one; the place is kept, the last missed turn ends the lease."""
    turns = lease.turns_missed + 1
    is_over = turns >= CLAIM_TURNS

    def work(tx: Tx) -> None:
        tx.leases.change(
            lease.id,
            LeaseState.ADMITTED,
            state=LeaseState.ENDING,
            target=Target.END if is_over else Target.REQUEUE,
            reason=EndReason.UNCLAIMED if is_over else None,
            turns_missed=turns,
        )

    await core.store.write(work)
    core.changed("leases", "queue")


async def look_at_running(core: Core, lease: Lease) -> bool:
    """Tell whether a lease that runs still lives, and begin its end when it does not."""
    life = await core.engine.launcher.observe(lease.id, lease.attempt)
    _note_trouble(core, lease, life)
    if not life.is_alive:
        await end(core, lease, _reason(life))
    return life.is_alive


def _reason(life: AttemptLife) -> EndReason:
    if life.is_overdue:
        # Nobody was there to end it, so its keeper did.
        return EndReason.EXPIRED
    if not life.is_sure or life.started_ms is None:
        return EndReason.LOST
    if life.is_out_of_memory and not life.was_told:
        return EndReason.OUT_OF_MEMORY
    # The hub ends a server that its person stopped also while nobody here can be told of it.
    is_wanted = life.exit_code == 0 or life.was_told
    return EndReason.COMPLETED if is_wanted else EndReason.FAILED


async def end(core: Core, lease: Lease, reason: EndReason) -> None:
    """Begin the end of a lease for a reason of the service."""
    await core.store.write(lambda tx: begin_end(tx, lease, reason, core.clock()))
    core.changed("leases", "queue", "clusters")


async def _ending(core: Core, lease: Lease, life: AttemptLife) -> None:
    # A process may live that a failed start never recorded: devices go on only when it is gone.
    if life.is_alive or await core.engine.launcher.lives(lease.id, lease.attempt):
        if await scaling.may_stop(core, lease):
            await core.engine.launcher.stop(lease.id, lease.attempt, core.policy.stop_grace_ms)
        return
    now = core.clock()
    logs = await _kept_logs(core, lease)
    had_run = await core.store.write(lambda tx: _close(core, tx, lease, life, now, logs))
    if lease.kind is LeaseKind.SLOT and lease.reason in _FAULTS and not had_run:
        note_slot_fault(core, lease)
    await core.engine.admission.release(lease.id, lease.attempt)
    core.live.forget(lease.id)
    if lease.target is Target.REQUEUE:
        await leasing.enqueue(core, lease.id)
    core.changed("leases", "queue", "runs", "clusters", "usage")


async def _kept_logs(core: Core, lease: Lease) -> Mapping[str, str]:
    """Store what the runs of a slot printed that has no worker to hand it in; names by run.

    While the storage is away they are let go: nobody's devices wait for a log.
    """
    if lease.kind is not LeaseKind.SLOT or core.artifacts.away_since_ms is not None:
        return {}
    runs = await core.store.read(lambda tx: tx.runs.active_of_lease(lease.id))
    told = {run.id: core.live.progress.get(run.id, RunProgress()).log for run in runs}
    with contextlib.suppress(UnavailableError):
        return {run: await core.artifacts.put(log.encode()) for run, log in told.items() if log}
    return {}


def _close(
    core: Core,
    tx: Tx,
    lease: Lease,
    life: AttemptLife,
    now: int,
    logs: Mapping[str, str],
) -> bool:
    """Write the last segment, free the reservation and close the attempt, in one transaction.

    Returns
    -------
    bool
        Whether a slot was executing a run, or the attempt is closed already.
    """
    fresh = tx.leases.get(lease.id)
    if fresh is None or fresh.state is not LeaseState.ENDING or fresh.attempt != lease.attempt:
        return True
    if fresh.started_ms is None and life.started_ms is not None:
        # It started and ended between two looks.
        started_ms = _within(life.started_ms, fresh.admitted_ms or 0, now)
        tx.attempts.started(fresh.id, fresh.attempt, started_ms)
        charging.overhead(core, tx, fresh, 0, fresh.admitted_ms or now, started_ms)
        fresh = tx.leases.change(fresh.id, LeaseState.ENDING, started_ms=started_ms)
    ended_ms = _ended_ms(core, fresh, life, now)
    copied_ms = _copied_ms(tx, fresh)
    held_to_ms = now if copied_ms is None else copied_ms
    if ended_ms is None:
        charging.overhead(core, tx, fresh, 0, fresh.admitted_ms or now, held_to_ms)
    else:
        charging.charge(core, tx, fresh, ended_ms, is_last=True)
        charging.overhead(core, tx, fresh, 1, ended_ms, held_to_ms)
    tx.budget.release(fresh.id, fresh.attempt)
    tx.attempts.close(fresh.id, fresh.attempt, fresh.started_ms, ended_ms, fresh.reason)
    tx.tokens.drop(lease=fresh.id)
    is_lost_by_copy = fresh.reason is EndReason.LOST and copied_ms is not None
    is_fault = _is_fault_of_machine(fresh, life)
    if fresh.target is Target.REQUEUE or is_lost_by_copy or is_fault:
        charging.refund(core, tx, fresh, str(fresh.reason or "asked_back"))
    had_run = _close_runs(core, tx, fresh, life, now, logs)
    if is_fault:
        forgive(tx, fresh)
    is_requeue = fresh.target is Target.REQUEUE
    closed = tx.leases.change(
        fresh.id,
        LeaseState.ENDING,
        state=LeaseState.QUEUED if is_requeue else LeaseState.ENDED,
        target=Target.RUN if is_requeue else Target.END,
        ended_ms=None if is_requeue else ended_ms or now,
        admitted_ms=None if is_requeue else fresh.admitted_ms,
        started_ms=None if is_requeue else fresh.started_ms,
        charged_to_ms=None if is_requeue else fresh.charged_to_ms,
        claim_by_ms=None,
        claimed_ms=None if is_requeue else fresh.claimed_ms,
        device_ids=(),
        **_had(fresh, life),
    )
    telling.ended(tx, closed, now)
    return had_run


def _had(lease: Lease, life: AttemptLife) -> Mapping[str, Any]:
    """Return what a lease that ran out of memory keeps: how much it had."""
    if lease.reason is not EndReason.OUT_OF_MEMORY or life.memory_bytes is None:
        return {}
    return {"options": {**lease.options, HAD_BYTES: life.memory_bytes}}


RECORD_LAG_MS = 500
"""A process may have been seen alive while its keeper was writing down its end."""


def _within(at_ms: int, earliest_ms: int, latest_ms: int) -> int:
    return max(earliest_ms, min(at_ms, latest_ms))


def _ended_ms(core: Core, lease: Lease, life: AttemptLife, now: int) -> int | None:
    """Return up to when an attempt is charged; None when nothing of it was ever started.

    Not before it was last seen alive, nor before what is charged already: a recorded end may be an
    estimate, and records of a machine with one user for all lie where tenants can change them.
    """
    if lease.started_ms is None:
        return None
    charged_ms = lease.charged_to_ms or lease.started_ms
    seen_ms = max(charged_ms, core.live.seen_alive_ms.get(lease.id, 0))
    if life.ended_ms is None:
        return seen_ms
    is_only_late = life.is_sure and life.ended_ms >= seen_ms - RECORD_LAG_MS
    earliest_ms = charged_ms if is_only_late else seen_ms
    return _within(life.ended_ms, earliest_ms, max(earliest_ms, now))


def _copied_ms(tx: Tx, lease: Lease) -> int | None:
    """Return the time of the copy for an attempt that a restore brought along, else None.

    Its processes are gone with the other machine, and what was held after the copy nobody knows.
    """
    restored = tx.meta.get("restored")
    if restored is None or (lease.admitted_ms or 0) > restored["restored_ms"]:
        return None
    return int(restored["copied_ms"])


def _is_fault_of_machine(lease: Lease, life: AttemptLife) -> bool:
    """Tell whether an attempt was lost by what its tenant cannot bring about.

    Anybody can kill their own processes and keepers, so a loss alone is no reason for a refund.
    """
    return (
        lease.reason is EndReason.LOST
        and lease.started_ms is not None
        and life.machine_since_ms is not None
        and life.machine_since_ms > lease.started_ms
    )


def _close_runs(
    core: Core, tx: Tx, lease: Lease, life: AttemptLife, now: int, logs: Mapping[str, str]
) -> bool:
    """End the runs that the slot was executing as the slot ended, or let them wait for another."""
    found = tx.runs.active_of_lease(lease.id) if lease.kind is LeaseKind.SLOT else []
    for run in found:
        seen: dict[str, Any] = core.live.progress.get(run.id, RunProgress()).counts()
        if lease.reason is EndReason.OUT_OF_MEMORY:
            seen["error"] = {"cell": 0, "name": "OutOfMemory", "value": _spent(life)}
        if end_with_slot(tx, run, lease, now, **seen).is_final and run.id in logs:
            tx.meta.set(f"log/{run.id}", logs[run.id])
    return bool(found)


def _spent(life: AttemptLife) -> str:
    """Say how much memory the processes of an attempt had that used more."""
    if life.memory_bytes is None:
        return "its processes used more memory than they may"
    return f"its processes used more than the {life.memory_bytes / GIB:.1f} GiB that they may"
