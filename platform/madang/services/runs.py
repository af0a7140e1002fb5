"""Use-cases of runs for people: submit, look, read output and log, cancel."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from madang.domain.lease import Standing
from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.domain.run_inputs import (
    check_declared,
    check_files,
    check_notebook,
    check_parameters,
)
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services import access, acts, environment_use, leasing, views
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, RunRequest
from madang.services.run_ends import CANCELLING
from madang.services.slot_opening import ensure_slots, slot_lease
from madang.services.slots import files_of
from madang.store import Tx
from madang.units import new_id

HISTORY = 200

MAX_QUEUED = 1_000
"""Waiting runs of one person."""


class Runs:
    """What people may do with runs."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def submit(
        self, actor: Actor, request: RunRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Take a notebook and its parameters; the run waits as a row until a slot takes it."""
        access.require_person(actor)
        core = self._core
        # Before anything is kept for somebody who may not submit.
        await core.store.read(lambda tx: access.usable_project(tx, actor, request.project))
        # Parsing up to 10 MiB would hold everybody else up.
        facts = await asyncio.to_thread(check_notebook, request.notebook)
        check_declared(check_parameters(request.parameters), facts["declared"])
        given = check_files(request.files)
        notebook = await core.engine.artifacts.put(request.notebook)
        files = {name: await core.engine.artifacts.put(data) for name, data in given.items()}

        def work(tx: Tx) -> str:
            project = access.usable_project(tx, actor, request.project)
            run = self._row(actor, project, request, notebook, files)
            if request.environment:
                inside = environment_use.usable(tx, project, request.environment)
                run = replace(run, environment=inside.id)

            def make() -> str:
                check_room(core, tx, actor, project, run)
                tx.runs.add(run)
                return run.id

            asked = (request.project, request.name, notebook, request.parameters, files)
            size = (request.flavor, request.devices, request.limit_ms)
            inside_of = [request.environment] if request.environment else []
            print_ = fingerprint("run", asked, size, *inside_of)
            return once(tx, actor.person.id, key, print_, run.submitted_ms, make)[0]

        run_id = await core.store.write(work)
        await ensure_slots(core)
        core.changed("runs", "queue")
        return await self.get(actor, run_id)

    async def retry(self, actor: Actor, run_id: str, *, key: str | None = None) -> dict[str, Any]:
        """Submit an ended run again, from the same snapshot; the old one stays as it is.

        Raises
        ------
        RefusedError
            ``retry_not_yours``: a notebook runs as its submitter, so nobody re-runs another's.
        ConflictError
            ``retry_not_final`` while it has not ended; ``retry_is_rebuild`` for one that builds an
            environment, which is built again in a folder of its own.
        """
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> str:
            old = access.visible_run(tx, actor, run_id)
            if old.person != actor.person.id:
                raise RefusedError("retry_not_yours", given=old.name)
            if not old.is_final:
                raise ConflictError("retry_not_final", state=str(old.state))
            if tx.environments.built_by(old.id) is not None:
                raise ConflictError("retry_is_rebuild", given=old.name)
            project = access.usable_project(tx, actor, old.project)

            def make() -> str:
                run = _again(old, files_of(tx, old), core.clock())
                check_room(core, tx, actor, project, run)
                tx.runs.add(run)
                return run.id

            print_ = fingerprint("retry", run_id)
            return once(tx, actor.person.id, key, print_, core.clock(), make)[0]

        made = await core.store.write(work)
        await ensure_slots(core)
        core.changed("runs", "queue")
        return await self.get(actor, made)

    def _row(
        self,
        actor: Actor,
        project: Project,
        request: RunRequest,
        notebook: str,
        files: Mapping[str, str],
    ) -> Run:
        core = self._core
        name = request.name or "notebook"
        if len(name) > leasing.MAX_NAME_CHARS or not name.isprintable():
            raise InvalidError("name_unusable", given=repr(name[:40]), limit=leasing.MAX_NAME_CHARS)
        at_ms = core.clock()
        return Run(
            id=new_id("run", at_ms),
            person=actor.person.id,
            project=project.id,
            name=name,
            notebook_sha256=notebook,
            parameters=dict(request.parameters),
            flavor=core.flavor(request.flavor).name,
            devices=request.devices,
            limit_ms=request.limit_ms,
            submitted_ms=at_ms,
            files=files,
        )

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
        return await self._core.engine.artifacts.get(run.notebook_sha256)

    async def output(self, actor: Actor, run_id: str) -> bytes:
        """Return the executed notebook, whole or as far as it came."""
        run = await self._core.store.read(lambda tx: access.visible_run(tx, actor, run_id))
        if not run.output_sha256:
            raise NotFoundError("output_none", given=run_id, state=str(run.state))
        return await self._core.engine.artifacts.get(run.output_sha256)

    async def log(self, actor: Actor, run_id: str) -> str:
        """Return the end of what the run printed."""
        await self._core.store.read(lambda tx: access.visible_run(tx, actor, run_id))
        return await self.kept_log(run_id)

    async def kept_log(self, run_id: str) -> str:
        """Return the end of what a run printed; the caller has checked who asks."""
        live = self._core.live.progress.get(run_id)
        if live is not None:
            return live.log
        kept = await self._core.store.read(lambda tx: tx.meta.get(f"log/{run_id}"))
        return (await self._core.engine.artifacts.get(kept)).decode() if kept else ""

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


def check_room(core: Core, tx: Tx, actor: Actor, project: Project, run: Run) -> None:
    """Refuse a run that the person, the pool, the tier or the budget has no room for."""
    waiting = tx.runs.count(RunState.QUEUED, actor.person.id)
    if waiting >= MAX_QUEUED:
        raise RefusedError("too_many_runs", given=waiting, limit=MAX_QUEUED)
    slot = slot_lease(core, actor, project, run)
    leasing.check_budget(core, tx, project, slot)


def _again(old: Run, files: Mapping[str, str], at_ms: int) -> Run:
    return Run(
        id=new_id("run", at_ms),
        person=old.person,
        project=old.project,
        name=old.name,
        notebook_sha256=old.notebook_sha256,
        parameters=old.parameters,
        flavor=old.flavor,
        devices=old.devices,
        limit_ms=old.limit_ms,
        submitted_ms=at_ms,
        files=files,
        environment=old.environment,
    )
