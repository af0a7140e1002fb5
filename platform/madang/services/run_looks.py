"""What people may see of runs: one, the list, what went in, what came out and was printed."""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Standing
from madang.domain.run import Run, RunState
from madang.errors import InvalidError, NotFoundError
from madang.services import access, views
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

HISTORY = 200


class RunLooks:
    """Looking at runs."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def get(self, actor: Actor, run_id: str) -> dict[str, Any]:
        """Return one run."""
        standings = await self._core.standings()
        return await self._core.store.read(
            lambda tx: self._view(tx, actor, access.visible_run(tx, actor, run_id), standings)
        )

    def _view(
        self, tx: Tx, actor: Actor, run: Run, standings: Mapping[str, Standing]
    ) -> dict[str, Any]:
        return views.run_view(self._core, tx, actor, run, standings)

    async def list(
        self, actor: Actor, *, project: str | None = None, state: str | None = None
    ) -> list[dict[str, Any]]:
        """Return runs that the actor may see, newest first; those of sweeps have their own list."""
        access.require_person(actor)
        if state is not None and state not in set(RunState):
            raise InvalidError("state_unknown", given=state[:40], known=[str(s) for s in RunState])
        standings = await self._core.standings()

        def work(tx: Tx) -> list[dict[str, Any]]:
            wanted: dict[str, Any] = {"limit": HISTORY, "newest_first": True}
            if state:
                wanted["state"] = [RunState(state)]
            if project:
                wanted["project"] = access.visible_project(tx, actor, project).id
            rows = access.seen_by(tx, actor, tx.runs.find, mine=False, sweep="", **wanted)
            names = views.Names(tx, actor)
            return [views.run_view(self._core, tx, actor, run, standings, names) for run in rows]

        return await self._core.store.read(work)

    async def wait(
        self, actor: Actor, run_id: str, *, seen: str, timeout_s: float
    ) -> dict[str, Any]:
        """Return the run as soon as it differs from what was ``seen``, or when time is over."""
        return await self._core.until_changed(
            lambda: self.get(actor, run_id), {"runs"}, seen=seen, timeout_s=timeout_s
        )

    async def notebook(self, actor: Actor, run_id: str) -> bytes:
        """Return the snapshot that was submitted."""
        run = await self._core.store.read(lambda tx: access.visible_run(tx, actor, run_id))
        return await self._core.artifacts.get(run.notebook_sha256)

    async def output(self, actor: Actor, run_id: str) -> bytes:
        """Return the executed notebook, whole or as far as it came."""
        run = await self._core.store.read(lambda tx: access.visible_run(tx, actor, run_id))
        if run.output_deleted_ms is not None:
            code = "output_expired" if run.output_kept_days else "output_deleted"
            date = self._core.day_text(run.output_deleted_ms)
            raise NotFoundError(code, date=date, days=run.output_kept_days)
        if not run.output_sha256:
            raise NotFoundError("output_none", given=run_id, state=str(run.state))
        return await self._core.artifacts.get(run.output_sha256)

    async def log(self, actor: Actor, run_id: str) -> str:
        """Return the end of what the run printed."""
        run = await self._core.store.read(lambda tx: access.visible_run(tx, actor, run_id))
        # What printed is the run that was executed; the output came from there too.
        return await self.kept_log(run.reused_from or run.id)

    async def kept_log(self, run_id: str) -> str:
        """Return the end of what a run printed; the caller has checked who asks."""
        live = self._core.live.progress.get(run_id)
        if live is not None:
            return live.log
        kept = await self._core.store.read(lambda tx: tx.meta.get(f"log/{run_id}"))
        return (await self._core.artifacts.get(kept)).decode() if kept else ""
