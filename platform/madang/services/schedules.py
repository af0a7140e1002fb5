"""Use-cases of schedules for people: add, list, pause, go on, delete.

What is submitted at its times is the business of :mod:`madang.services.due`.
"""

import asyncio
import json
from dataclasses import asdict, fields, replace
from typing import Any

from madang.domain.run_inputs import check_files, check_fit, check_notebook, check_parameters
from madang.domain.schedule import MAX_SCHEDULES, Schedule, check_times, due_after
from madang.errors import ConflictError, RefusedError
from madang.services import access, acts, environment_use, leasing, secrets
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, ScheduleCopy, ScheduleRequest, SweepRequest
from madang.services.runs import Runs
from madang.services.schedule_copies import request_like
from madang.services.schedule_now import submit_now, visible_schedule
from madang.services.schedule_views import schedule_view, times_view
from madang.services.sweeps import Sweeps
from madang.services.views import Names
from madang.store import Tx
from madang.units import new_id

APART = ("project", "name", "notebook", "files")
"""Fields of a request that the schedule keeps by themselves."""


def is_sweep(what: SweepRequest) -> bool:
    """Tell whether a request is for many runs."""
    return bool(what.grid or what.typed or what.table)


class Schedules:
    """What people may do with schedules."""

    def __init__(self, core: Core, runs: Runs, sweeps: Sweeps) -> None:
        self._core = core
        self._runs = runs
        self._sweeps = sweeps

    async def add(
        self, actor: Actor, request: ScheduleRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Keep what is to be submitted at which times, after it was found to be right.

        Raises
        ------
        InvalidError
            As ``check_times``, and as a submit.
        RefusedError
            ``too_many_schedules``, and as a submit.
        """
        access.require_person(actor)
        core, what = self._core, request.what
        project = await core.store.read(lambda tx: access.usable_project(tx, actor, what.project))
        now = core.clock()
        name = leasing.checked_name(what.name or "notebook")
        first_ms = check_times(request.cron, request.zone or core.policy.zone, now)
        await self._check(actor, what)
        files = {
            key: await core.artifacts.put(data) for key, data in check_files(what.files).items()
        }
        rest = {f.name: getattr(what, f.name) for f in fields(what) if f.name not in APART}
        schedule = Schedule(
            id=new_id("schedule", now),
            person=actor.person.id,
            project=project.id,
            name=name,
            cron=request.cron,
            zone=request.zone or core.policy.zone,
            notebook_sha256=await core.artifacts.put(what.notebook),
            request_sha256=await core.artifacts.put(json.dumps(rest).encode()),
            is_sweep=is_sweep(what),
            is_overlapping=request.is_overlapping,
            submitted_ms=now,
            next_ms=first_ms,
            files=files,
        )

        print_ = _print(schedule)

        def work(tx: Tx) -> str:
            access.usable_project(tx, actor, project.id)

            def make() -> str:
                count = tx.schedules.count(actor.person.id)
                if count >= MAX_SCHEDULES:
                    raise RefusedError("too_many_schedules", given=count, limit=MAX_SCHEDULES)
                tx.schedules.add(schedule)
                return schedule.id

            return once(tx, actor.person.id, key, print_, now, make)[0]

        return await self.get(actor, await core.store.write(work))

    async def repeat(
        self, actor: Actor, sweep_id: str, request: ScheduleCopy, *, key: str | None = None
    ) -> dict[str, Any]:
        """Keep a sweep that is there to be submitted again and again, as it is.

        Raises
        ------
        RefusedError
            ``retry_not_yours``, and as :meth:`add`.
        """
        what = await request_like(self._core, actor, sweep_id, request.name)
        copy = ScheduleRequest(
            what=what,
            cron=request.cron,
            zone=request.zone,
            is_overlapping=request.is_overlapping,
        )
        return await self.add(actor, copy, key=key)

    def times(self, actor: Actor, *, cron: str, zone: str = "") -> dict[str, Any]:
        """Return what a cron line means and its next times; nothing is kept.

        Raises
        ------
        InvalidError
            As ``check_times``.
        """
        access.require_person(actor)
        core = self._core
        return times_view(cron, zone or core.policy.zone, core.clock(), actor.lang)

    async def _check(self, actor: Actor, what: SweepRequest) -> None:
        """Refuse now what a submit would refuse at every one of its times."""
        if is_sweep(what):
            await self._sweeps.plan(actor, replace(what, pilot=""))
            return
        facts = await asyncio.to_thread(check_notebook, what.notebook)
        check_fit(check_parameters(what.parameters), facts)
        check_files(what.files)
        self._core.flavor(what.flavor)

        def work(tx: Tx) -> None:
            project = access.usable_project(tx, actor, what.project)
            if what.environment:
                environment_use.usable(tx, project, what.environment)
            secrets.versions(tx, project, what.secrets)

        await self._core.store.read(work)

    async def get(self, actor: Actor, schedule_id: str) -> dict[str, Any]:
        """Return one schedule."""
        access.require_person(actor)

        def work(tx: Tx) -> dict[str, Any]:
            return schedule_view(
                tx, actor, Names(tx, actor), visible_schedule(tx, actor, schedule_id)
            )

        return await self._core.store.read(work)

    async def list(self, actor: Actor, *, project: str | None = None) -> list[dict[str, Any]]:
        """Return schedules that the actor may see, newest first."""
        access.require_person(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            wanted = {"project": access.visible_project(tx, actor, project).id} if project else {}
            rows = access.seen_by(tx, actor, tx.schedules.find, mine=False, **wanted)
            names = Names(tx, actor)
            return [schedule_view(tx, actor, names, row) for row in rows]

        return await self._core.store.read(work)

    async def pause(self, actor: Actor, schedule_id: str) -> dict[str, Any]:
        """Let nothing be submitted any more until its person lets it go on."""

        def work(tx: Tx) -> None:
            found = visible_schedule(tx, actor, schedule_id)
            if found.paused_for:
                return
            if found.person != actor.person.id:
                acts.record(self._core, tx, actor, "schedule.pause", found.id)
            tx.schedules.change(found.id, paused_for="person")

        await self._write(actor, work)
        return await self.get(actor, schedule_id)

    async def resume(self, actor: Actor, schedule_id: str) -> dict[str, Any]:
        """Let a paused schedule go on with its next time; what was missed meanwhile is not made up.

        Raises
        ------
        RefusedError
            ``schedule_not_yours``: it is submitted as its person, who alone may want that.
        ConflictError
            ``schedule_over`` when no time is left.
        """
        core = self._core

        def work(tx: Tx) -> None:
            found = visible_schedule(tx, actor, schedule_id)
            if found.person != actor.person.id:
                raise RefusedError("schedule_not_yours", given=found.name)
            access.usable_project(tx, actor, found.project)
            if not found.paused_for:
                return
            next_ms = due_after(found.cron, found.zone, core.clock())
            if next_ms is None:
                raise ConflictError("schedule_over", given=found.name)
            tx.schedules.change(found.id, paused_for="", failures=0, next_ms=next_ms)

        await self._write(actor, work)
        return await self.get(actor, schedule_id)

    async def run(
        self, actor: Actor, schedule_id: str, *, key: str | None = None
    ) -> dict[str, Any]:
        """Submit it once at once; its next times stay.

        Raises
        ------
        RefusedError
            ``schedule_not_yours``.
        ConflictError
            ``schedule_still_going``.
        """
        await submit_now(self._core, self._runs, self._sweeps, actor, schedule_id, key)
        return await self.get(actor, schedule_id)

    async def delete(self, actor: Actor, schedule_id: str) -> None:
        """Take a schedule away; what it submitted stays."""

        def work(tx: Tx) -> None:
            found = visible_schedule(tx, actor, schedule_id)
            if found.person != actor.person.id:
                acts.record(self._core, tx, actor, "schedule.delete", found.id)
            tx.schedules.drop(found.id)

        await self._write(actor, work)

    async def _write(self, actor: Actor, work: Any) -> None:
        access.require_person(actor)
        await self._core.store.write(work)


def _print(schedule: Schedule) -> str:
    """Return what tells a repeated request from another one."""
    same = replace(schedule, id="", submitted_ms=0, next_ms=None)
    return fingerprint("schedule", asdict(same))
