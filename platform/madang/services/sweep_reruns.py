"""Sweeps like one that is there, changed: what it had, the plan, and the submit."""

import asyncio
from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

from madang.domain.run import RunState
from madang.domain.run_inputs import check_notebook, notebook_parameters
from madang.domain.sweep import Sweep, check_sharing
from madang.domain.sweep_grid import parse_typed
from madang.domain.sweep_plan import SweepPlan
from madang.domain.sweep_rerun import changed_points
from madang.domain.sweep_table import read_json
from madang.domain.sweep_text import written
from madang.errors import ConflictError, InvalidError, RefusedError
from madang.services import access, leasing, resizing, reuse, secrets
from madang.services.idempotency import fingerprint
from madang.services.requests import Actor, NewSize, SweepRerun
from madang.services.sweep_submits import Points, SweepSubmits
from madang.store import Tx
from madang.units import new_id

_FAILED = (RunState.FAILED, RunState.EXPIRED)


def _changed(notebook: bytes, old: Points, request: SweepRerun) -> Points:
    facts = check_notebook(notebook)
    table = read_json(request.table) if request.table else {}
    twice = next((name for name in request.typed if name in request.grid), None)
    if twice is not None:
        raise InvalidError("sweep_name_twice", name=twice[:60])
    grid = {**request.grid, **parse_typed(request.typed)}
    plan = SweepPlan(grid=grid, table=table, fixed=request.parameters)
    return changed_points(old, plan, request.overrides, facts["declared"], facts["wanted"])


class SweepReruns(SweepSubmits):
    """Submitting sweeps again with changes."""

    async def offered(self, actor: Actor, sweep_id: str) -> dict[str, Any]:
        """Return what may be changed of a sweep, with the values that it had, as people type them.

        Raises
        ------
        RefusedError
            ``retry_not_yours``.
        """
        sweep, points = await self._old(actor, sweep_id)
        notebook = await self._core.artifacts.get(sweep.notebook_sha256)
        declared = (await asyncio.to_thread(notebook_parameters, notebook))["parameters"]
        return {"parameters": await asyncio.to_thread(_offered, declared, points)}

    async def plan_rerun(self, actor: Actor, sweep_id: str, request: SweepRerun) -> dict[str, Any]:
        """Return what a sweep like this one would be and cost at most; nothing is kept of it.

        Raises
        ------
        RefusedError
            As :meth:`rerun`.
        """
        sweep, points = await self._like(actor, sweep_id, request)
        prints: list[str] = []
        if request.is_reusing:
            versions = await self._core.store.read(lambda tx: _versions(tx, actor, sweep))
            given = (sweep.notebook_sha256, sweep.files, points, versions)
            prints = await asyncio.to_thread(reuse.fingerprints, *given)
        names = await asyncio.to_thread(_varied, points)

        def work(tx: Tx) -> dict[str, Any]:
            project = access.usable_project(tx, actor, sweep.project)
            return self._planned(tx, actor, project, sweep, names, points, prints)

        return await self._core.store.read(work)

    async def rerun(
        self, actor: Actor, sweep_id: str, request: SweepRerun, *, key: str | None = None
    ) -> dict[str, Any]:
        """Submit a new sweep like one that is there: its snapshot, with what is said anew.

        Raises
        ------
        RefusedError
            ``retry_not_yours``: a notebook runs as its submitter, so nobody re-runs another's.
        ConflictError
            ``sweep_nothing_to_retry`` where only what failed is asked for, and nothing has.
        """
        sweep, points = await self._like(actor, sweep_id, request)
        many = (sweep.max_parallel, sweep.runs_per_device)
        size = (sweep.name, many, sweep.priority, request.is_reusing)
        asked = ("sweep.rerun", sweep.origin, size, points)
        # As before for reruns of the old size: a request is told from another one by this.
        anew: list[Any] = [astuple(request.size)] if request.size != NewSize() else []
        anew += [] if request.notify is None else [{"notify": request.notify}]
        print_ = await asyncio.to_thread(fingerprint, *asked, *anew)
        given = (sweep.environment, points, request.is_reusing)
        return await self._keep(actor, sweep, *given, print_=print_, key=key)

    async def _old(
        self, actor: Actor, sweep_id: str, *, only_failed: bool = False
    ) -> tuple[Sweep, Points]:
        access.require_person(actor)

        def look(tx: Tx) -> tuple[Sweep, Points]:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            if sweep.person != actor.person.id:
                raise RefusedError("retry_not_yours", given=sweep.name)
            access.usable_project(tx, actor, sweep.project)
            states = _FAILED if only_failed else tuple(RunState)
            return sweep, [point for _, point in tx.sweeps.points(sweep.id, states)]

        sweep, points = await self._core.store.read(look)
        if not points:
            raise ConflictError("sweep_nothing_to_retry", given=sweep.name)
        return sweep, points

    async def _like(self, actor: Actor, sweep_id: str, request: SweepRerun) -> tuple[Sweep, Points]:
        """Return the new row, and the parameters of its runs."""
        core = self._core
        old, points = await self._old(actor, sweep_id, only_failed=request.only_failed)
        notebook = await core.artifacts.get(old.notebook_sha256)
        points = await asyncio.to_thread(_changed, notebook, points, request)

        def inside(tx: Tx) -> str:
            project = access.usable_project(tx, actor, old.project)
            return resizing.environment(tx, project, old, request.size)

        at_ms = core.clock()
        sweep = replace(
            old,
            id=new_id("sweep", at_ms),
            name=leasing.checked_name(request.name or old.name),
            environment=await core.store.read(inside),
            max_parallel=request.max_parallel or old.max_parallel,
            runs_per_device=request.runs_per_device or old.runs_per_device,
            priority=old.priority if request.priority is None else request.priority,
            submitted_ms=at_ms,
            is_paused=False,
            ended_ms=None,
            summary=None,
            reused=0,
            origin=old.id,
            after=(),
            is_held=False,
            notify=old.notify if request.notify is None else request.notify,
            **resizing.resized(core, old, request.size),
        )
        check_sharing(sweep.runs_per_device, sweep.devices)
        return sweep, points


def _versions(tx: Tx, actor: Actor, sweep: Sweep) -> Mapping[str, int]:
    return secrets.versions(tx, access.usable_project(tx, actor, sweep.project), sweep.secrets)


def _varied(points: Points) -> list[str]:
    """Return the parameters that differ between runs."""
    return [name for name in points[0] if len({repr(point.get(name)) for point in points}) > 1]


def _offered(declared: list[Any], points: Points) -> list[dict[str, Any]]:
    """Return each parameter of the notebook, and of the runs, with its values in order."""
    known = {one["name"]: one for one in declared}
    blank = {"type": "", "default": "", "help": ""}
    found = []
    for name in dict.fromkeys([*points[0], *known]):
        values: dict[str, Any] = {}
        for point in points:
            if name in point:
                values.setdefault(repr(point[name]), point[name])
        said = {key: known.get(name, blank)[key] for key in blank}
        old = written(list(values.values())) if values else ""
        found.append({"name": name, **said, "old": old, "count": len(values)})
    return found
