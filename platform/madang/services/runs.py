"""Use-cases of runs for people: submit, run again, look, read output and log, order, cancel."""

from typing import Any

from madang.domain.lease import EndReason, LeaseState, Target
from madang.domain.run import RunState
from madang.errors import ConflictError, RefusedError
from madang.services import access, acts
from madang.services.leases import begin_end
from madang.services.requests import Actor
from madang.services.run_ends import CANCELLING
from madang.services.run_reruns import RunReruns
from madang.services.slot_opening import ensure_slots
from madang.services.sweep_slots import next_run
from madang.store import Tx


class Runs(RunReruns):
    """What people may do with runs."""

    async def prioritize(self, actor: Actor, run_id: str, priority: int) -> dict[str, Any]:
        """Let slots take a waiting run before or after others of the same person and project.

        Raises
        ------
        RefusedError
            ``priority_not_yours``: it orders one's own work.
        ConflictError
            ``priority_of_sweep`` for a run of a sweep; ``priority_too_late`` once it was taken.
        """
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            run = access.visible_run(tx, actor, run_id)
            if run.person != actor.person.id:
                raise RefusedError("priority_not_yours", given=run.name)
            if run.sweep:
                raise ConflictError("priority_of_sweep", given=run.id, sweep=run.sweep)
            if run.state is not RunState.QUEUED:
                raise ConflictError("priority_too_late", given=run.name, state=str(run.state))
            tx.runs.change(run.id, RunState.QUEUED, priority=priority)

        await core.store.write(work)
        await ensure_slots(core)
        core.changed("runs", "queue")
        return await self.get(actor, run_id)

    async def cancel(self, actor: Actor, run_id: str, *, why: str = "") -> dict[str, Any]:
        """Take a waiting run out, or let a running one save and stop; repeating is harmless.

        With a waiting one goes the slot that was opened for it, unless that has started, or other
        runs wait that it could take.
        """
        access.require_person(actor)
        core = self._core
        ended: list[str] = []

        def work(tx: Tx) -> None:
            run = access.visible_run(tx, actor, run_id)
            if run.is_final or run.reason == CANCELLING:
                return
            acts.note_end(
                core,
                tx,
                actor,
                owner=run.person,
                project=run.project,
                target=run.id,
                act="run.cancel",
                why=why,
            )
            if run.state is RunState.QUEUED:
                now = core.clock()
                tx.runs.change(
                    run.id,
                    RunState.QUEUED,
                    state=RunState.CANCELLED,
                    reason="cancelled",
                    ended_ms=now,
                )
                ended[:] = _end_unneeded(tx, run.lease, now)
            elif run.state is RunState.RUNNING:
                tx.runs.change(run.id, RunState.RUNNING, reason=CANCELLING)

        await core.store.write(work)
        for lease_id in ended:
            await core.engine.admission.withdraw(lease_id)
        core.changed("runs", "leases", "queue")
        return await self.get(actor, run_id)


def _end_unneeded(tx: Tx, lease_id: str, now_ms: int) -> list[str]:
    """End a slot that waits or starts and has nothing to take; it may wait long for its image."""
    slot = tx.leases.get(lease_id) if lease_id else None
    if slot is None or slot.options.get("sweep"):
        return []
    if slot.state not in (LeaseState.QUEUED, LeaseState.ADMITTED) or slot.target is not Target.RUN:
        return []
    if next_run(tx, slot, slot.limit_ms) is not None:
        return []
    begin_end(tx, slot, EndReason.CANCELLED, now_ms)
    return [slot.id]
