"""How runs come to be: submitted, and submitted again as they were."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.domain.run_inputs import (
    check_files,
    check_fit,
    check_notebook,
    check_parameters,
)
from madang.errors import ConflictError, RefusedError
from madang.services import access, after, environment_use, leasing, reuse, secrets
from madang.services.core import Core
from madang.services.idempotency import Note, fingerprint, once
from madang.services.requests import Actor, RunRequest
from madang.services.run_looks import RunLooks
from madang.services.slot_opening import ensure_slots, slot_lease
from madang.services.slots import files_of
from madang.store import Tx
from madang.units import new_id

MAX_QUEUED = 1_000
"""Waiting runs of one person."""


class RunSubmits(RunLooks):
    """Submitting runs."""

    async def submit(
        self,
        actor: Actor,
        request: RunRequest,
        *,
        key: str | None = None,
        note: Note | None = None,
    ) -> dict[str, Any]:
        """Take a notebook and its parameters; the run waits as a row until a slot takes it."""
        access.require_person(actor)
        core = self._core
        # Before anything is kept for somebody who may not submit.
        await core.store.read(lambda tx: access.usable_project(tx, actor, request.project))
        # Parsing up to 10 MiB would hold everybody else up.
        facts = await asyncio.to_thread(check_notebook, request.notebook)
        check_fit(check_parameters(request.parameters), facts)
        given = check_files(request.files)
        notebook = await core.artifacts.put(request.notebook)
        files = {name: await core.artifacts.put(data) for name, data in given.items()}

        def work(tx: Tx) -> str:
            project = access.usable_project(tx, actor, request.project)
            run = self._row(actor, project, request, notebook, files)
            run = printed(run, secrets.versions(tx, project, request.secrets))
            if request.environment:
                inside = environment_use.usable(tx, project, request.environment)
                run = replace(run, environment=inside.id)

            def make() -> str:
                made = add(core, tx, actor, project, run, request.is_reusing)
                if note is not None:
                    note(tx, made)
                return made

            asked = (request.project, request.name, notebook, request.parameters, files)
            size = (request.flavor, request.devices, request.limit_ms)
            more = (request.environment, request.priority, request.is_reusing, request.after)
            # As before for runs without: a request is told from another one by this.
            named: list[Any] = [run.secrets] if run.secrets else []
            named += [run.checkpoint_after_ms] if run.checkpoint_after_ms else []
            print_ = fingerprint("run", asked, size, more, *named)
            return once(tx, actor.person.id, key, print_, run.submitted_ms, make)[0]

        return await self._kept(actor, await core.store.write(work))

    async def retry(
        self, actor: Actor, run_id: str, *, from_start: bool = False, key: str | None = None
    ) -> dict[str, Any]:
        """Submit an ended run again, from the same snapshot; the old one stays as it is.

        One that failed goes on from its last checkpoint unless ``from_start``.

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
            if old.person == actor.person.id and not old.is_final:
                raise ConflictError("retry_not_final", state=str(old.state))
            project = repeatable(tx, actor, old)

            def make() -> str:
                run = again(old, files_of(tx, old), core.clock())
                run = printed(run, secrets.versions(tx, project, old.secrets))
                if old.may_be_continued and not from_start:
                    run = replace(run, continues=old.checkpoint_run)
                return add(core, tx, actor, project, run, False)

            print_ = fingerprint("retry", run_id, *(["start"] if from_start else []))
            return once(tx, actor.person.id, key, print_, core.clock(), make)[0]

        return await self._kept(actor, await core.store.write(work))

    async def _kept(self, actor: Actor, run_id: str) -> dict[str, Any]:
        await ensure_slots(self._core)
        self._core.changed("runs", "queue")
        return await self.get(actor, run_id)

    def _row(
        self,
        actor: Actor,
        project: Project,
        request: RunRequest,
        notebook: str,
        files: Mapping[str, str],
    ) -> Run:
        core = self._core
        at_ms = core.clock()
        return Run(
            id=new_id("run", at_ms),
            person=actor.person.id,
            project=project.id,
            name=leasing.checked_name(request.name or "notebook"),
            notebook_sha256=notebook,
            parameters=dict(request.parameters),
            flavor=core.flavor(request.flavor).name,
            devices=request.devices,
            limit_ms=request.limit_ms,
            submitted_ms=at_ms,
            files=files,
            priority=request.priority,
            after=request.after,
            checkpoint_after_ms=request.checkpoint_after_ms,
        )


def check_room(core: Core, tx: Tx, actor: Actor, project: Project, run: Run) -> None:
    """Refuse a run that the person, the pool, the tier or the budget has no room for."""
    waiting = tx.runs.count(RunState.QUEUED, actor.person.id)
    if waiting >= MAX_QUEUED:
        raise RefusedError("too_many_runs", given=waiting, limit=MAX_QUEUED)
    slot = slot_lease(core, actor, project, run)
    leasing.check_budget(core, tx, project, slot)


def add(core: Core, tx: Tx, actor: Actor, project: Project, run: Run, is_reusing: bool) -> str:
    """Keep a run: waiting, or ended already where its result is there."""
    found: Mapping[str, Run] = {}
    if is_reusing:
        found = reuse.known(tx, actor, project, run.environment, [run.fingerprint])
    (row,) = reuse.take_over([run], found, run.submitted_ms)
    if row.state is RunState.QUEUED:
        befores, is_held = after.checked(tx, actor, project, row.after)
        row = replace(row, after=befores, is_held=is_held)
        check_room(core, tx, actor, project, row)
    tx.runs.add(row)
    return row.id


def repeatable(tx: Tx, actor: Actor, old: Run) -> Project:
    """Return the project of a run that the actor may submit once more."""
    if old.person != actor.person.id:
        raise RefusedError("retry_not_yours", given=old.name)
    if tx.environments.built_by(old.id) is not None:
        raise ConflictError("retry_is_rebuild", given=old.name)
    return access.usable_project(tx, actor, old.project)


def again(old: Run, files: Mapping[str, str], at_ms: int, **changes: Any) -> Run:
    """Return a waiting run like an old one, which it remembers."""
    fresh = Run(
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
        origin=old.id,
        priority=old.priority,
        checkpoint_after_ms=old.checkpoint_after_ms,
    )
    return replace(fresh, **changes)


def printed(run: Run, versions: Mapping[str, int]) -> Run:
    """Return a run with its secrets, and with what tells it from others."""
    given = (run.notebook_sha256, run.files, [run.parameters], versions)
    return replace(run, fingerprint=reuse.fingerprints(*given)[0], secrets=tuple(versions))
