"""Runs like one that is there, changed: the plan, and the submit."""

import asyncio
from dataclasses import astuple
from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run
from madang.domain.run_inputs import check_fit, check_notebook, check_parameters
from madang.services import access, leasing, resizing, reuse, secrets
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, NewSize, RunRerun
from madang.services.run_submits import RunSubmits, add, again, check_room, printed, repeatable
from madang.services.slots import files_of
from madang.store import Tx
from madang.units import cost_microcredits


class RunReruns(RunSubmits):
    """Submitting runs again with changes."""

    async def plan_rerun(self, actor: Actor, run_id: str, request: RunRerun) -> dict[str, Any]:
        """Return what a run like this one would be and cost at most; nothing is kept of it.

        Raises
        ------
        RefusedError
            As :meth:`rerun`.
        """
        core = self._core
        changes = await self._changes(actor, run_id, request)

        def work(tx: Tx) -> dict[str, Any]:
            project, run = self._like(tx, actor, run_id, request, changes)
            prints = [run.fingerprint] if request.is_reusing else []
            is_reused = bool(reuse.known(tx, actor, project, run.environment, prints))
            if not is_reused:
                check_room(core, tx, actor, project, run)
            device_ms = 0 if is_reused else run.devices * run.limit_ms
            return {
                "project": project.name,
                "is_reused": is_reused,
                "parameters": dict(run.parameters),
                "flavor": run.flavor,
                "devices": run.devices,
                "limit_ms": run.limit_ms,
                "at_most_device_ms": device_ms,
                "at_most_microcredits": cost_microcredits(device_ms, core.policy.rate(run.flavor)),
                "left_microcredits": tx.budget.balance(project.id).left,
            }

        return await core.store.read(work)

    async def rerun(
        self, actor: Actor, run_id: str, request: RunRerun, *, key: str | None = None
    ) -> dict[str, Any]:
        """Submit a run like one that is there, with what is said anew; the old one goes on.

        Raises
        ------
        RefusedError
            ``retry_not_yours``, as :meth:`retry`.
        ConflictError
            ``retry_is_rebuild``, as :meth:`retry`.
        """
        core = self._core
        changes = await self._changes(actor, run_id, request)
        # As before for reruns of the old size: a request is told from another one by this.
        anew = [astuple(request.size)] if request.size != NewSize() else []
        print_ = fingerprint("rerun", run_id, changes, request.is_reusing, *anew)

        def work(tx: Tx) -> str:
            project, run = self._like(tx, actor, run_id, request, changes)

            def make() -> str:
                return add(core, tx, actor, project, run, request.is_reusing)

            return once(tx, actor.person.id, key, print_, core.clock(), make)[0]

        return await self._kept(actor, await core.store.write(work))

    async def _changes(self, actor: Actor, run_id: str, request: RunRerun) -> dict[str, Any]:
        """Return name, parameters and priority of the new run, after they were found to fit."""
        access.require_person(actor)

        def look(tx: Tx) -> Run:
            old = access.visible_run(tx, actor, run_id)
            repeatable(tx, actor, old)
            return old

        old = await self._core.store.read(look)
        notebook = await self._core.artifacts.get(old.notebook_sha256)
        facts = await asyncio.to_thread(check_notebook, notebook)
        given = check_parameters({**old.parameters, **request.parameters})
        check_fit(given, facts)
        return {
            "name": leasing.checked_name(request.name or old.name),
            "parameters": given,
            "priority": old.priority if request.priority is None else request.priority,
        }

    def _like(
        self, tx: Tx, actor: Actor, run_id: str, request: RunRerun, changes: dict[str, Any]
    ) -> tuple[Project, Run]:
        """Return who pays for the new run, and its row."""
        core = self._core
        old = access.visible_run(tx, actor, run_id)
        project = repeatable(tx, actor, old)
        size = resizing.resized(core, old, request.size)
        size["environment"] = resizing.environment(tx, project, old, request.size)
        run = again(old, files_of(tx, old), core.clock(), **changes, **size)
        return project, printed(run, secrets.versions(tx, project, old.secrets))
