"""Use-cases of runs for people: submit, look, read output and log, cancel."""

import asyncio
from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Lease, LeaseClass, LeaseKind, LeaseState, Standing, Target
from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.domain.run_inputs import (
    check_declared,
    check_files,
    check_notebook,
    check_parameters,
)
from madang.errors import ConflictError, InvalidError, NotFoundError
from madang.services import access, leasing, views
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, RunRequest
from madang.store import Tx
from madang.units import new_id

SLOT_MARGIN_MS = 60_000
"""A slot lives this much longer than the run that it is opened for (start, upload, save)."""

CANCELLING = "cancelling"
"""Reason of a running run that was told to stop and has not reported its end."""

HISTORY = 200


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
        # Parsing up to 10 MiB would hold everybody else up.
        facts = await asyncio.to_thread(check_notebook, request.notebook)
        check_declared(check_parameters(request.parameters), facts["declared"])
        given = check_files(request.files)
        notebook = await core.engine.artifacts.put(request.notebook)
        files = {name: await core.engine.artifacts.put(data) for name, data in given.items()}

        def work(tx: Tx) -> str:
            project = access.usable_project(tx, actor, request.project)
            run = self._row(actor, project, request, notebook, files)

            def make() -> str:
                slot = _slot_lease(core, actor, project, run)
                leasing.check_budget(core, tx, project, slot)
                tx.runs.add(run)
                return run.id

            asked = (request.project, request.name, notebook, request.parameters, files)
            size = (request.flavor, request.devices, request.limit_ms)
            print_ = fingerprint("run", asked, size)
            return once(tx, actor.person.id, key, print_, run.submitted_ms, make)[0]

        run_id = await core.store.write(work)
        await ensure_slots(core)
        core.changed("runs", "queue")
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
        standings = await self._core.engine.admission.standings(self._core.clock())
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
        """Return runs that the actor may see, newest first."""
        access.require_person(actor)
        if state is not None and state not in set(RunState):
            raise InvalidError("state_unknown", given=state[:40], known=[str(s) for s in RunState])
        standings = await self._core.engine.admission.standings(self._core.clock())

        def work(tx: Tx) -> list[dict[str, Any]]:
            wanted: dict[str, Any] = {"limit": HISTORY, "newest_first": True}
            if state:
                wanted["state"] = [RunState(state)]
            if project:
                wanted["project"] = access.usable_project(tx, actor, project).id
            rows = access.seen_by(tx, actor, tx.runs.find, mine=False, **wanted)
            return [self._view(tx, actor, run, standings) for run in rows]

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

        def work(tx: Tx) -> tuple[Run, Any]:
            return access.visible_run(tx, actor, run_id), tx.meta.get(f"log/{run_id}")

        run, kept = await self._core.store.read(work)
        live = self._core.live.progress.get(run.id)
        if live is not None:
            return live.log
        return (await self._core.engine.artifacts.get(kept)).decode() if kept else ""

    async def cancel(self, actor: Actor, run_id: str) -> dict[str, Any]:
        """Take a waiting run out, or let a running one save and stop; repeating is harmless."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            run = access.visible_run(tx, actor, run_id)
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


def _slot_lease(core: Core, actor: Actor, project: Project, run: Run) -> Lease:
    """Return the slot that would take the run; refuses what the pool or tier cannot carry."""
    return leasing.new_lease(
        core,
        actor,
        project,
        kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH,
        flavor=run.flavor,
        devices=run.devices,
        limit_ms=run.limit_ms + SLOT_MARGIN_MS,
        name=run.name,
        options={},
    )


async def ensure_slots(core: Core) -> None:
    """Open a slot for queued runs that no waiting or working slot can take."""
    queued = await core.store.read(lambda tx: tx.runs.find(state=[RunState.QUEUED], limit=None))
    if not queued:
        return
    opened: list[str] = []

    def work(tx: Tx) -> None:
        slots = tx.leases.find(
            state=[LeaseState.QUEUED, LeaseState.ADMITTED, LeaseState.ACTIVE],
            kind=LeaseKind.SLOT,
            limit=None,
        )
        taken: set[tuple[str, str, str, int]] = set()
        for run in sorted(queued, key=lambda run: (run.submitted_ms, run.id)):
            group = (run.person, run.project, run.flavor, run.devices)
            fresh = tx.runs.get(run.id)
            if group in taken or fresh is None or fresh.state is not RunState.QUEUED:
                continue
            taken.add(group)
            slot = next((s for s in slots if _fits(core, s, run)), None)
            if slot is None:
                slot = _open_slot(core, tx, run)
                if slot is None:
                    continue
                opened.append(slot.id)
            if fresh.lease != slot.id:
                tx.runs.change(run.id, RunState.QUEUED, lease=slot.id)

    await core.store.write(work)
    for lease_id in opened:
        await leasing.enqueue(core, lease_id)


def _fits(core: Core, slot: Lease, run: Run) -> bool:
    """Tell whether a slot may take a run: same person, project and size, and enough time left."""
    same = (slot.person, slot.project, slot.flavor, slot.devices)
    if same != (run.person, run.project, run.flavor, run.devices):
        return False
    if slot.target is not Target.RUN:
        return False
    left = slot.limit_ms if slot.expires_ms is None else slot.expires_ms - core.clock()
    return left >= run.limit_ms


def _open_slot(core: Core, tx: Tx, run: Run) -> Lease | None:
    person, project = tx.people.get(run.person), tx.projects.get(run.project)
    if person is None or project is None:
        return None
    slot = _slot_lease(core, Actor(person=person), project, run)
    return tx.leases.add(slot) or slot


def slot_over(lease: Lease | None) -> ConflictError:
    """Return the error that tells a slot worker to end."""
    return ConflictError("slot_over", state=str(lease.state) if lease else "ended")
