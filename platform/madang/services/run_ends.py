"""How a run ends, or waits again, when its slot ends under it; the slot's row says why."""

from typing import Any

from madang.domain.lease import EndReason, Lease, Target
from madang.domain.run import Run, RunState
from madang.services import telling
from madang.store import Tx

LOST_TRIES = 3
"""A run that has lost so many slots, or processes in them, has failed."""

CANCELLING = "cancelling"
"""Reason of a running run that was told to stop and has not reported its end."""

SLOT_STOPPED = "slot_stopped"
"""What a worker reports that was told to stop; it does not know why, the service does."""

RUNNER_DIED = "runner_died"
"""What a worker reports whose run lost the process that executed it."""

_ENDS = {
    EndReason.EXPIRED: (RunState.EXPIRED, "time_limit"),
    EndReason.CANCELLED: (RunState.CANCELLED, "cancelled"),
    EndReason.BUDGET: (RunState.FAILED, "budget"),
    # On a cluster the kernel ends the whole container, and the next one would meet the same end.
    EndReason.OUT_OF_MEMORY: (RunState.FAILED, "out_of_memory"),
}


def end_with_slot(tx: Tx, run: Run, slot: Lease, now_ms: int, **seen: Any) -> Run:
    """End a running run as its slot ends, or put it back into the queue.

    Preempted is not failed: a run whose slot was asked back waits as long as it takes, one whose
    slot was lost is tried again a few times, however often it was preempted between. Nothing goes
    on that was told to stop.
    """
    if run.reason == CANCELLING:
        return _end(tx, run, RunState.CANCELLED, "cancelled", now_ms, **seen)
    if slot.target is Target.REQUEUE:
        return _wait_again(tx, run)
    if slot.reason not in (EndReason.LOST, EndReason.FAILED, EndReason.COMPLETED, None):
        state, reason = _ENDS.get(slot.reason, (RunState.FAILED, "slot_lost"))
        return _end(tx, run, state, reason, now_ms, **seen)
    _note_loss(tx, run, slot)
    return _try_again(tx, run, "slot_lost", now_ms, **seen)


def end_with_process(tx: Tx, run: Run, now_ms: int, **seen: Any) -> Run:
    """Put a run back whose process was killed while its slot lives, as if the slot were lost."""
    if run.reason == CANCELLING:
        return _end(tx, run, RunState.CANCELLED, "cancelled", now_ms, **seen)
    return _try_again(tx, run, RUNNER_DIED, now_ms, **seen)


def unbegun(tx: Tx, run: Run, now_ms: int, *, counts: bool) -> Run:
    """Put a run back that was given to a slot and could not be handed over.

    Parameters
    ----------
    counts
        Whether that was an attempt: the slot may have had the run before, and left files of it.
    """
    if run.reason == CANCELLING:
        return _end(tx, run, RunState.CANCELLED, "cancelled", now_ms)
    return _wait_again(tx, run, attempt=run.attempt - (not counts))


def _try_again(tx: Tx, run: Run, reason: str, now_ms: int, **seen: Any) -> Run:
    """Put a run back into the queue unless it has been lost too often."""
    lost_times = int(tx.meta.get(f"lost/{run.id}", 0)) + 1
    if lost_times >= LOST_TRIES:
        return _end(tx, run, RunState.FAILED, reason, now_ms, **seen)
    tx.meta.set(f"lost/{run.id}", lost_times)
    return _wait_again(tx, run)


def _note_loss(tx: Tx, run: Run, slot: Lease) -> None:
    runs = tx.meta.get(_lost_in(slot), [])
    tx.meta.set(_lost_in(slot), [*runs, run.id])


def _lost_in(slot: Lease) -> str:
    return f"lost_in/{slot.id}.{slot.attempt}"


def forgive(tx: Tx, slot: Lease) -> None:
    """Count a slot's loss no more, as its machine ended it: preempted is not failed (P10).

    A worker that is told to stop hands its run in before anybody knows why it was told.
    """
    for run_id in tx.meta.get(_lost_in(slot), []):
        tx.meta.set(f"lost/{run_id}", max(0, int(tx.meta.get(f"lost/{run_id}", 0)) - 1))


def _wait_again(tx: Tx, run: Run, **more: Any) -> Run:
    waiting = {"state": RunState.QUEUED, "lease": "", "started_ms": None, "reason": ""}
    return tx.runs.change(run.id, RunState.RUNNING, **waiting, **more)


def _end(tx: Tx, run: Run, state: RunState, reason: str, now_ms: int, **seen: Any) -> Run:
    ended = tx.runs.change(
        run.id, RunState.RUNNING, state=state, reason=reason, ended_ms=now_ms, **seen
    )
    telling.run_ended(tx, ended, now_ms)
    return ended


def cancel_waiting(tx: Tx, slot: Lease, now_ms: int) -> None:
    """Cancel the runs for which a slot was opened that somebody ends before it took one.

    A sweep is paused instead, or it would open the next one at once.
    """
    if tx.runs.active_of_lease(slot.id):
        return
    if slot.options.get("sweep"):
        # Its runs are many; whoever wants none of them cancels the sweep.
        tx.sweeps.change(str(slot.options["sweep"]), is_paused=True)
    for run in tx.runs.find(state=RunState.QUEUED, lease=slot.id):
        tx.runs.change(
            run.id, RunState.QUEUED, state=RunState.CANCELLED, reason="cancelled", ended_ms=now_ms
        )
