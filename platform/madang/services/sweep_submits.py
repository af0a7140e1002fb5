"""How sweeps come to be: planned, submitted, and run again with other parameters.

A submit is one transaction, all runs or none. What is computed for each of ten thousand runs is
computed in a thread before it, so that neither the event loop nor the one writer waits for it.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from madang.domain.project import Project
from madang.domain.run_inputs import check_files, check_notebook
from madang.domain.sweep import Sweep, check_sharing
from madang.domain.sweep_grid import parse_typed
from madang.domain.sweep_plan import SweepPlan
from madang.domain.sweep_table import read_csv, read_json
from madang.errors import InvalidError
from madang.services import access, after, leasing, reuse, secrets, sweep_slots
from madang.services.core import Core
from madang.services.idempotency import Note, fingerprint, once
from madang.services.requests import Actor, SweepRequest
from madang.services.runs import Runs
from madang.services.sweep_looks import SweepLooks
from madang.services.sweep_pilots import device_time_ms, expected, pilot_request
from madang.services.sweep_rows import check_room, inside, runs_of
from madang.store import Tx
from madang.units import cost_microcredits, new_id

POINTS_SHOWN = 5

Points = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What was read of a request outside of any transaction."""

    plan: SweepPlan
    parameters: Points
    files: Mapping[str, bytes]


def _prepare(request: SweepRequest) -> _Prepared:
    facts = check_notebook(request.notebook)
    read = read_csv if request.table_kind == "csv" else read_json
    table = read(request.table) if request.table else {}
    plan = SweepPlan(grid=_grid(request), table=table, fixed=request.parameters)
    points = plan.checked(facts["declared"], facts["wanted"])
    return _Prepared(plan, points, check_files(request.files))


def _grid(request: SweepRequest) -> Mapping[str, Sequence[Any]]:
    twice = next((name for name in request.typed if name in request.grid), None)
    if twice is not None:
        raise InvalidError("sweep_name_twice", name=twice[:60])
    return {**request.grid, **parse_typed(request.typed)}


class SweepSubmits(SweepLooks):
    """Planning and submitting sweeps."""

    def __init__(self, core: Core, runs: Runs) -> None:
        super().__init__(core)
        self._runs = runs

    async def plan(self, actor: Actor, request: SweepRequest) -> dict[str, Any]:
        """Return what a sweep would be and cost at most; nothing is kept of it."""
        access.require_person(actor)
        core = self._core
        versions = await core.store.read(lambda tx: _versions(tx, actor, request))
        made = await asyncio.to_thread(_prepare, request)
        prints: list[str] = []
        if request.is_reusing:
            prints = await asyncio.to_thread(_prints, request, made, versions)

        def work(tx: Tx) -> dict[str, Any]:
            project = access.usable_project(tx, actor, request.project)
            sweep = self._row(actor, project, request, "", {})
            sweep = inside(tx, project, sweep, request.environment)
            names = made.plan.names()
            return self._planned(
                tx, actor, project, sweep, names, made.parameters, prints, request.pilot
            )

        return await core.store.read(work)

    def _planned(
        self,
        tx: Tx,
        actor: Actor,
        project: Project,
        sweep: Sweep,
        names: list[str],
        points: Points,
        prints: list[str],
        pilot: str = "",
    ) -> dict[str, Any]:
        """Return what a sweep would be and cost at most."""
        core = self._core
        there = reuse.known(tx, actor, project, sweep.environment, prints)
        count = len(points) - sum(one in there for one in prints)
        check_room(core, tx, actor, project, sweep, count)
        device_ms = device_time_ms(sweep, count, sweep.limit_ms)
        return {
            "project": project.name,
            "runs": len(points),
            "reused": len(points) - count,
            "names": names,
            "first": points[:POINTS_SHOWN],
            "flavor": sweep.flavor,
            "devices": sweep.devices,
            "limit_ms": sweep.limit_ms,
            "max_parallel": sweep.max_parallel,
            "runs_per_device": sweep.runs_per_device,
            "at_most_device_ms": device_ms,
            "at_most_microcredits": cost_microcredits(device_ms, core.policy.rate(sweep.flavor)),
            "left_microcredits": tx.budget.balance(project.id).left,
            **expected(core, tx, actor, pilot, sweep, count),
        }

    async def pilot(
        self, actor: Actor, request: SweepRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Submit the first run of a sweep alone, after the whole sweep was found to be right."""
        access.require_person(actor)
        await self._core.store.read(lambda tx: access.usable_project(tx, actor, request.project))
        made = await asyncio.to_thread(_prepare, request)
        return await self._runs.submit(
            actor, pilot_request(actor, request, made.parameters[0]), key=key
        )

    async def submit(
        self,
        actor: Actor,
        request: SweepRequest,
        *,
        key: str | None = None,
        note: Note | None = None,
    ) -> dict[str, Any]:
        """Take a notebook and all sets of parameters; the runs wait as rows."""
        access.require_person(actor)
        core = self._core
        # Before anything is kept for somebody who may not submit.
        project, versions = await core.store.read(
            lambda tx: (
                access.usable_project(tx, actor, request.project),
                _versions(tx, actor, request),
            )
        )
        made = await asyncio.to_thread(_prepare, request)
        notebook = await core.artifacts.put(request.notebook)
        files = {name: await core.artifacts.put(data) for name, data in made.files.items()}
        sweep = self._row(actor, project, request, notebook, files)
        sweep = replace(sweep, secrets=tuple(versions))
        asked = (request.project, request.name, notebook, files)
        many = (sweep.max_parallel, sweep.runs_per_device)
        size = (sweep.flavor, sweep.devices, sweep.limit_ms, many)
        order = (request.priority, request.is_reusing, request.after)
        more = (request.environment, made.parameters, order)
        # As before for sweeps without: a request is told from another one by this.
        named: list[Any] = [sweep.secrets] if sweep.secrets else []
        named += [sweep.checkpoint_after_ms] if sweep.checkpoint_after_ms else []
        named += [] if sweep.notify is None else [{"notify": sweep.notify}]
        print_ = await asyncio.to_thread(fingerprint, "sweep", asked, size, more, *named)
        given = (request.environment, made.parameters, request.is_reusing)
        return await self._keep(actor, sweep, *given, print_=print_, key=key, note=note)

    async def _keep(
        self,
        actor: Actor,
        sweep: Sweep,
        environment: str,
        points: Points,
        is_reusing: bool,
        *,
        print_: str,
        key: str | None,
        note: Note | None = None,
    ) -> dict[str, Any]:
        """Write a sweep and all its runs, once for each key."""
        core = self._core

        def look(tx: Tx) -> Mapping[str, int]:
            project = access.usable_project(tx, actor, sweep.project)
            return secrets.versions(tx, project, sweep.secrets)

        versions = await core.store.read(look)
        runs = await asyncio.to_thread(runs_of, sweep, enumerate(points), versions)
        prints = [run.fingerprint for run in runs] if is_reusing else []

        def work(tx: Tx) -> str:
            project = access.usable_project(tx, actor, sweep.project)
            row = inside(tx, project, sweep, environment)

            def make() -> str:
                befores, is_held = after.checked(tx, actor, project, sweep.after)
                used = row.environment
                rows = [replace(x, environment=used) for x in runs] if used else runs
                there = reuse.known(tx, actor, project, used, prints)
                rows = reuse.take_over(rows, there, row.submitted_ms)
                reused = sum(bool(run.reused_from) for run in rows)
                check_room(core, tx, actor, project, row, len(rows) - reused)
                # What is there already waits for nothing.
                is_held = is_held and reused < len(rows)
                kept = replace(row, reused=reused, after=befores, is_held=is_held)
                tx.sweeps.add(kept, rows)
                if note is not None:
                    note(tx, row.id)
                return row.id

            return once(tx, actor.person.id, key, print_, sweep.submitted_ms, make)[0]

        sweep_id = await core.store.write(work)
        await sweep_slots.look(core)
        core.changed("runs", "queue")
        return await self.get(actor, sweep_id)

    def _row(
        self,
        actor: Actor,
        project: Project,
        request: SweepRequest,
        notebook: str,
        files: Mapping[str, str],
    ) -> Sweep:
        check_sharing(request.runs_per_device, request.devices)
        at_ms = self._core.clock()
        return Sweep(
            id=new_id("sweep", at_ms),
            person=actor.person.id,
            project=project.id,
            name=leasing.checked_name(request.name or "notebook"),
            notebook_sha256=notebook,
            flavor=self._core.flavor(request.flavor).name,
            devices=request.devices,
            limit_ms=request.limit_ms,
            max_parallel=request.max_parallel,
            runs_per_device=request.runs_per_device,
            submitted_ms=at_ms,
            files=files,
            priority=request.priority,
            after=request.after,
            checkpoint_after_ms=request.checkpoint_after_ms,
            notify=request.notify,
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _versions(tx: Tx, actor: Actor, request: SweepRequest) -> Mapping[str, int]:
    project = access.usable_project(tx, actor, request.project)
    return secrets.versions(tx, project, request.secrets)


def _prints(request: SweepRequest, made: _Prepared, versions: Mapping[str, int]) -> list[str]:
    """Return the fingerprints of what is not kept yet."""
    files = {name: _sha256(data) for name, data in made.files.items()}
    return reuse.fingerprints(_sha256(request.notebook), files, made.parameters, versions)
