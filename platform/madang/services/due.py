"""Submits what is due, as the person of each schedule, through the same use-cases as everybody.

The reconcile loop calls :func:`look`. Each due time has a key of its own, so that a kill between
the submit and the note of it submits nothing twice.
"""

import logging
from typing import Any

from madang.domain.notice import NoticeKind
from madang.domain.project import MAY_MANAGE
from madang.domain.run import RunState
from madang.domain.schedule import MAX_FAILURES, Schedule, due_after, due_until
from madang.domain.sweep import SweepState
from madang.errors import MadangError, UnavailableError
from madang.services import access, after, telling
from madang.services.core import Core
from madang.services.people import left_key
from madang.services.requests import Actor, SweepRequest
from madang.services.runs import Runs
from madang.services.schedule_now import GOING
from madang.services.schedule_requests import request_of
from madang.services.sweeps import Sweeps
from madang.store import Tx

log = logging.getLogger(__name__)

OWNER_GONE = "owner_gone"
FAILING = "failing"


class Due:
    """Takes the schedules whose time has come."""

    def __init__(self, core: Core, runs: Runs, sweeps: Sweeps) -> None:
        self._core = core
        self._runs = runs
        self._sweeps = sweeps

    async def look(self) -> None:
        """Submit each schedule that is due once, however many of its times were missed."""
        now = self._core.clock()
        for schedule in await self._core.store.read(lambda tx: tx.schedules.due(now)):
            try:
                await self._take(schedule, now)
            except UnavailableError as away:
                # No fault of the schedule's: its time stays due until storage is there again.
                log.warning("schedule %s waits: %s", schedule.id, away.code)
            except Exception:
                # One that cannot be taken must not hold up the others.
                self._core.measures.failures += 1
                log.exception("schedule %s failed, the next look tries again", schedule.id)

    async def _take(self, schedule: Schedule, now: int) -> None:
        core = self._core
        owner = await core.store.read(lambda tx: _owner(tx, schedule))
        if owner is None:
            await core.store.write(lambda tx: _pause(tx, schedule, OWNER_GONE, now))
            return
        due_ms = due_until(schedule.cron, schedule.zone, now) or schedule.next_ms or now
        next_ms = due_after(schedule.cron, schedule.zone, now)
        before = await core.store.read(lambda tx: after.state_of(tx, schedule.last_id))
        if before in GOING and not schedule.is_overlapping:
            kept: dict[str, Any] = {"next_ms": next_ms, "last_problem": "schedule_still_going"}
            await core.store.write(lambda tx: tx.schedules.change(schedule.id, **kept))
            return
        failures = _failures(schedule, before)
        made, problem = "", ""
        if failures < MAX_FAILURES:
            made, problem = await self._submitted(schedule, owner, due_ms)
            failures += bool(problem)

        def work(tx: Tx) -> None:
            tx.schedules.change(
                schedule.id,
                next_ms=next_ms,
                failures=failures,
                last_ms=due_ms,
                last_id=made,
                last_problem=problem,
                was_late=due_ms != schedule.next_ms,
            )
            if failures >= MAX_FAILURES:
                _pause(tx, schedule, FAILING, now)

        await core.store.write(work)

    async def _submitted(self, schedule: Schedule, owner: Actor, due_ms: int) -> tuple[str, str]:
        """Return the run or sweep of a due time, or the code of why there is none."""
        key = f"{schedule.id}:{due_ms}"
        try:
            request = await request_of(self._core, schedule)
            if isinstance(request, SweepRequest):
                made = await self._sweeps.submit(owner, request, key=key)
            else:
                made = await self._runs.submit(owner, request, key=key)
        except UnavailableError:
            raise
        except MadangError as error:
            return "", error.code
        return str(made["id"]), ""


_BAD = (RunState.FAILED, RunState.EXPIRED)


def _failures(schedule: Schedule, before: RunState | SweepState | None) -> int:
    """Return how many times in a row went wrong, with what became of the last one."""
    if before in _BAD:
        return schedule.failures + 1
    return 0 if before == RunState.SUCCEEDED else schedule.failures


def _owner(tx: Tx, schedule: Schedule) -> Actor | None:
    """Return the person as who it is submitted; None when they may not submit any more."""
    person = tx.people.get(schedule.person)
    if person is None or tx.meta.get(left_key(person.id)) is not None:
        return None
    # Never with the rights of an administrator: nobody is there who could use them.
    actor = Actor(person=person)
    try:
        access.usable_project(tx, actor, schedule.project)
    except MadangError:
        return None
    return actor


def _pause(tx: Tx, schedule: Schedule, why: str, now: int) -> None:
    """Pause a schedule, and tell its person and whoever manages the project."""
    tx.schedules.change(schedule.id, paused_for=why)
    project = tx.projects.get(schedule.project)
    data = {
        "schedule": schedule.id,
        "name": schedule.name,
        "project": project.name if project else "",
        "why": why,
        "failures": MAX_FAILURES,
    }
    told = {m.person for m in tx.projects.members(schedule.project) if m.role in MAY_MANAGE}
    if why == FAILING:
        told.add(schedule.person)
    for person in sorted(told):
        dedupe = f"schedule:{schedule.id}:{why}:{schedule.next_ms}"
        telling.tell(tx, person, NoticeKind.SCHEDULE, dedupe, data, now)
