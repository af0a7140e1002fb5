"""What people may do with sweeps that are there: cancel, pause, go on, try again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from madang.domain.run import CONTINUED_STATES, RunState
from madang.domain.sweep import RETRIED_STATES, Sweep
from madang.errors import ConflictError, RefusedError
from madang.services import access, acts, secrets, sweep_slots
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor
from madang.services.run_ends import CANCELLING
from madang.services.sweep_looks import SweepLooks
from madang.services.sweep_rows import check_room, runs_of
from madang.store import Tx


class SweepActs(SweepLooks):
    """Changing and ending sweeps."""

    async def cancel(self, actor: Actor, sweep_id: str, *, why: str = "") -> dict[str, Any]:
        """Take all waiting runs out, and let running ones save and stop; repeating is harmless."""
        core = self._core

        def work(tx: Tx, sweep: Sweep) -> None:
            if sweep.ended_ms is not None:
                return
            acts.note_end(
                core,
                tx,
                actor,
                owner=sweep.person,
                project=sweep.project,
                target=sweep.id,
                act="sweep.cancel",
                why=why,
            )
            tx.sweeps.end_waiting(sweep.id, RunState.CANCELLED, "cancelled", core.clock())
            tx.sweeps.ask_running(sweep.id, CANCELLING)

        return await self._act(actor, sweep_id, work)

    async def pause(self, actor: Actor, sweep_id: str, *, is_paused: bool) -> dict[str, Any]:
        """Let no slot take further runs of a sweep, or let it go on; what runs goes on."""

        def work(tx: Tx, sweep: Sweep) -> None:
            if sweep.ended_ms is not None:
                raise ConflictError("sweep_ended", given=sweep.name)
            if sweep.is_paused is is_paused:
                return
            if sweep.person != actor.person.id:
                if is_paused:
                    acts.record(self._core, tx, actor, "sweep.pause", sweep.id)
                else:
                    acts.record(self._core, tx, actor, "sweep.resume", sweep.id)
            tx.sweeps.change(sweep.id, is_paused=is_paused)

        return await self._act(actor, sweep_id, work)

    async def prioritize(self, actor: Actor, sweep_id: str, priority: int) -> dict[str, Any]:
        """Let slots take its runs before or after others of the same person and project.

        Raises
        ------
        RefusedError
            ``priority_not_yours``: it orders one's own work.
        ConflictError
            ``sweep_ended``.
        """

        def work(tx: Tx, sweep: Sweep) -> None:
            if sweep.person != actor.person.id:
                raise RefusedError("priority_not_yours", given=sweep.name)
            if sweep.ended_ms is not None:
                raise ConflictError("sweep_ended", given=sweep.name)
            tx.sweeps.change(sweep.id, priority=priority)

        return await self._act(actor, sweep_id, work)

    async def retry(
        self,
        actor: Actor,
        sweep_id: str,
        *,
        with_cancelled: bool = False,
        from_start: bool = False,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Submit what failed or ran out of time again, each run at its place in the table.

        Runs go on from their last checkpoint unless ``from_start``.

        Raises
        ------
        RefusedError
            ``retry_not_yours``: a notebook runs as its submitter, so nobody re-runs another's.
        ConflictError
            ``sweep_nothing_to_retry``.
        """
        core = self._core
        states = [s for s in RETRIED_STATES if with_cancelled or s is not RunState.CANCELLED]

        def work(tx: Tx, sweep: Sweep) -> None:
            if sweep.person != actor.person.id:
                raise RefusedError("retry_not_yours", given=sweep.name)
            project = access.usable_project(tx, actor, sweep.project)

            def make() -> str:
                old = tx.sweeps.points(sweep.id, states)
                if not old:
                    raise ConflictError("sweep_nothing_to_retry", given=sweep.name)
                check_room(core, tx, actor, project, sweep, len(old))
                origins = {} if from_start else tx.sweeps.origins(sweep.id, CONTINUED_STATES)
                tx.sweeps.supersede(sweep.id, states)
                known = secrets.versions(tx, project, sweep.secrets)
                again = runs_of(replace(sweep, submitted_ms=core.clock()), old, known)
                tx.sweeps.add_runs(replace(r, continues=origins.get(r.position, "")) for r in again)
                tx.sweeps.change(sweep.id, ended_ms=None, summary=None, is_paused=False)
                return sweep.id

            print_ = fingerprint(
                "sweep.retry", sweep.id, with_cancelled, *(["start"] if from_start else [])
            )
            once(tx, actor.person.id, key, print_, core.clock(), make)

        return await self._act(actor, sweep_id, work)

    async def _act(
        self, actor: Actor, sweep_id: str, work: Callable[[Tx, Sweep], None]
    ) -> dict[str, Any]:
        access.require_person(actor)
        core = self._core
        await core.store.write(lambda tx: work(tx, access.visible_sweep(tx, actor, sweep_id)))
        await sweep_slots.look(core)
        core.changed("runs", "queue")
        return await self.get(actor, sweep_id)
