"""Use-cases of sweeps for people: plan, submit, look, page, cancel, pause, retry.

A submit is one transaction, all runs or none. What is computed for each of ten thousand runs is
computed in a thread before it, so that neither the event loop nor the one writer waits for it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.domain.run_inputs import check_files, check_notebook
from madang.domain.sweep import RETRIED_STATES, Sweep
from madang.domain.sweep_grid import parse_typed
from madang.domain.sweep_plan import SweepPlan
from madang.domain.sweep_table import read_csv, read_json
from madang.errors import ConflictError, InvalidError, RefusedError
from madang.services import access, acts, environment_use, leasing, sweep_slots, views
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, SweepRequest
from madang.services.run_ends import CANCELLING
from madang.services.runs import Runs
from madang.services.slot_opening import slot_lease
from madang.services.sweep_pilots import expected, pilot_request
from madang.services.sweep_views import row_view, sweep_view
from madang.store import Tx
from madang.store.sweeps import SORTS
from madang.units import cost_microcredits, new_id

HISTORY = 100

MAX_WAITING = 50_000
"""Waiting runs of all sweeps of one person."""

POINTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What was read of a request outside of any transaction."""

    plan: SweepPlan
    parameters: list[dict[str, Any]]
    files: Mapping[str, bytes]


def _prepare(request: SweepRequest) -> _Prepared:
    facts = check_notebook(request.notebook)
    read = read_csv if request.table_kind == "csv" else read_json
    table = read(request.table) if request.table else {}
    plan = SweepPlan(grid=_grid(request), table=table, fixed=request.parameters)
    return _Prepared(plan, plan.checked(facts["declared"]), check_files(request.files))


def _grid(request: SweepRequest) -> Mapping[str, Sequence[Any]]:
    twice = next((name for name in request.typed if name in request.grid), None)
    if twice is not None:
        raise InvalidError("sweep_name_twice", name=twice[:60])
    return {**request.grid, **parse_typed(request.typed)}


class Sweeps:
    """What people may do with sweeps."""

    def __init__(self, core: Core, runs: Runs) -> None:
        self._core = core
        self._runs = runs

    async def plan(self, actor: Actor, request: SweepRequest) -> dict[str, Any]:
        """Return what a sweep would be and cost at most; nothing is kept of it."""
        access.require_person(actor)
        core = self._core
        await core.store.read(lambda tx: access.usable_project(tx, actor, request.project))
        made = await asyncio.to_thread(_prepare, request)
        count = len(made.parameters)

        def work(tx: Tx) -> dict[str, Any]:
            project = access.usable_project(tx, actor, request.project)
            sweep = self._row(actor, project, request, "", {})
            sweep = _inside(tx, project, sweep, request.environment)
            _check_room(core, tx, actor, project, sweep, count)
            device_ms = count * sweep.devices * sweep.limit_ms
            rate = core.policy.rate(sweep.flavor)
            return {
                "project": project.name,
                "runs": count,
                "names": made.plan.names(),
                "first": made.parameters[:POINTS_SHOWN],
                "flavor": sweep.flavor,
                "devices": sweep.devices,
                "limit_ms": sweep.limit_ms,
                "max_parallel": sweep.max_parallel,
                "at_most_device_ms": device_ms,
                "at_most_microcredits": cost_microcredits(device_ms, rate),
                "left_microcredits": tx.budget.balance(project.id).left,
                **expected(core, tx, actor, request.pilot, sweep, count),
            }

        return await core.store.read(work)

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
        self, actor: Actor, request: SweepRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Take a notebook and all sets of parameters; the runs wait as rows."""
        access.require_person(actor)
        core = self._core
        # Before anything is kept for somebody who may not submit.
        project = await core.store.read(
            lambda tx: access.usable_project(tx, actor, request.project)
        )
        made = await asyncio.to_thread(_prepare, request)
        notebook = await core.engine.artifacts.put(request.notebook)
        files = {name: await core.engine.artifacts.put(data) for name, data in made.files.items()}
        sweep = self._row(actor, project, request, notebook, files)
        runs = await asyncio.to_thread(_runs, sweep, enumerate(made.parameters))
        print_ = await asyncio.to_thread(_print, request, sweep, made.parameters)

        def work(tx: Tx) -> str:
            usable = access.usable_project(tx, actor, project.id)
            row = _inside(tx, usable, sweep, request.environment)

            def make() -> str:
                _check_room(core, tx, actor, usable, row, len(runs))
                inside = row.environment
                tx.sweeps.add(
                    row, [replace(x, environment=inside) for x in runs] if inside else runs
                )
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
        name = request.name or "notebook"
        if len(name) > leasing.MAX_NAME_CHARS or not name.isprintable():
            raise InvalidError("name_unusable", given=repr(name[:40]), limit=leasing.MAX_NAME_CHARS)
        at_ms = self._core.clock()
        return Sweep(
            id=new_id("sweep", at_ms),
            person=actor.person.id,
            project=project.id,
            name=name,
            notebook_sha256=notebook,
            flavor=self._core.flavor(request.flavor).name,
            devices=request.devices,
            limit_ms=request.limit_ms,
            max_parallel=request.max_parallel,
            submitted_ms=at_ms,
            files=files,
        )

    async def get(self, actor: Actor, sweep_id: str) -> dict[str, Any]:
        """Return one sweep."""
        access.require_person(actor)
        standings = await self._core.standings()

        def work(tx: Tx) -> dict[str, Any]:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            return sweep_view(self._core, tx, actor, sweep, standings)

        return await self._core.store.read(work)

    async def wait(
        self, actor: Actor, sweep_id: str, *, seen: str, timeout_s: float
    ) -> dict[str, Any]:
        """Return the sweep as soon as it differs from what was ``seen``, or when time is over."""
        return await self._core.until_changed(
            lambda: self.get(actor, sweep_id), {"runs"}, seen=seen, timeout_s=timeout_s
        )

    async def list(self, actor: Actor, *, project: str | None = None) -> list[dict[str, Any]]:
        """Return sweeps that the actor may see, newest first."""
        access.require_person(actor)
        standings = await self._core.standings()

        def work(tx: Tx) -> list[dict[str, Any]]:
            wanted: dict[str, Any] = {"limit": HISTORY}
            if project:
                wanted["project"] = access.visible_project(tx, actor, project).id
            rows = access.seen_by(tx, actor, tx.sweeps.find, mine=False, **wanted)
            names = views.Names(tx, actor)
            return [sweep_view(self._core, tx, actor, row, standings, names) for row in rows]

        return await self._core.store.read(work)

    async def rows(
        self,
        actor: Actor,
        sweep_id: str,
        *,
        state: str | None = None,
        sort: str = "position",
        is_descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> dict[str, Any]:
        """Return a page of the sweep's table.

        Raises
        ------
        InvalidError
            ``state_unknown`` or ``sort_unknown``.
        """
        access.require_person(actor)
        if state is not None and state not in set(RunState):
            raise InvalidError("state_unknown", given=state[:40], known=[str(s) for s in RunState])
        if sort not in SORTS:
            raise InvalidError("sort_unknown", given=sort[:40], known=list(SORTS))
        core = self._core

        def work(tx: Tx) -> dict[str, Any]:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            total, found = tx.sweeps.page(
                sweep.id,
                state=state,
                sort=sort,
                is_descending=is_descending,
                offset=offset,
                limit=limit,
            )
            names = views.Names(tx, actor)
            rows = [row_view(core, actor, sweep, run, names) for run in found]
            return {"total": total, "offset": offset, "rows": rows}

        return await core.store.read(work)

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

    async def retry(
        self, actor: Actor, sweep_id: str, *, with_cancelled: bool = False, key: str | None = None
    ) -> dict[str, Any]:
        """Submit what failed or ran out of time again, each run at its place in the table.

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
                _check_room(core, tx, actor, project, sweep, len(old))
                tx.sweeps.supersede(sweep.id, states)
                again = replace(sweep, submitted_ms=core.clock())
                tx.sweeps.add_runs(_runs(again, old))
                tx.sweeps.change(sweep.id, ended_ms=None, summary=None, is_paused=False)
                return sweep.id

            print_ = fingerprint("sweep.retry", sweep.id, with_cancelled)
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


def _inside(tx: Tx, project: Project, sweep: Sweep, environment: str) -> Sweep:
    if not environment:
        return sweep
    return replace(sweep, environment=environment_use.usable(tx, project, environment).id)


def _check_room(
    core: Core, tx: Tx, actor: Actor, project: Project, sweep: Sweep, count: int
) -> None:
    """Refuse what the person, the pool, the tier or the budget has no room for.

    The budget must carry one slot; how many runs it carries shows as they are executed.
    """
    waiting = tx.sweeps.waiting_of(actor.person.id)
    if waiting + count > MAX_WAITING:
        raise RefusedError("too_many_runs", given=waiting + count, limit=MAX_WAITING)
    slot = slot_lease(core, actor, project, _runs(sweep, [(0, {})])[0])
    leasing.check_budget(core, tx, project, slot)


def _runs(sweep: Sweep, points: Iterable[tuple[int, Mapping[str, Any]]]) -> list[Run]:
    return [
        Run(
            id=new_id("run", sweep.submitted_ms),
            person=sweep.person,
            project=sweep.project,
            name=sweep.name,
            notebook_sha256=sweep.notebook_sha256,
            parameters=parameters,
            flavor=sweep.flavor,
            devices=sweep.devices,
            limit_ms=sweep.limit_ms,
            submitted_ms=sweep.submitted_ms,
            environment=sweep.environment,
            sweep=sweep.id,
            position=position,
        )
        for position, parameters in points
    ]


def _print(request: SweepRequest, sweep: Sweep, parameters: list[dict[str, Any]]) -> str:
    size = (sweep.flavor, sweep.devices, sweep.limit_ms, sweep.max_parallel)
    asked = (request.project, request.name, sweep.notebook_sha256, sweep.files)
    return fingerprint("sweep", asked, size, request.environment, parameters)
