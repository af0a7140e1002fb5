"""Use-cases of runs for people: submit, run again, look, read output and log, order, cancel."""

from typing import Any

from madang.domain.run import RunState
from madang.errors import ConflictError, RefusedError
from madang.services import access, acts
from madang.services.requests import Actor
from madang.services.run_ends import CANCELLING
from madang.services.run_reruns import RunReruns
from madang.services.slot_opening import ensure_slots
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
        """Take a waiting run out, or let a running one save and stop; repeating is harmless."""
        access.require_person(actor)
        core = self._core

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
            elif run.state is RunState.RUNNING:
                tx.runs.change(run.id, RunState.RUNNING, reason=CANCELLING)

        await core.store.write(work)
        core.changed("runs")
        return await self.get(actor, run_id)
