"""A schedule submitted at once because its person asks for it; its times stay as they are.

Whoever clicks twice, or asks again since the answer was lost, gets what the first click made. The
key of the submit names what was submitted before: of two who saw the same, one makes something, in
the transaction that notes it. Who comes a moment later sees the note.
"""

from typing import Any

from madang.domain.run import RunState
from madang.domain.schedule import Schedule
from madang.domain.sweep import SweepState
from madang.errors import ConflictError, NotFoundError, RefusedError
from madang.services import access, acts, after
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, SweepRequest
from madang.services.runs import Runs
from madang.services.schedule_requests import request_of
from madang.services.sweeps import Sweeps
from madang.store import Tx
from madang.units import is_due

AGAIN_MS = 5_000
"""Who asks once more within this time means what was just submitted."""

GOING = (RunState.QUEUED, RunState.RUNNING, SweepState.PAUSED)
"""Of what was submitted before: it has not ended."""


def visible_schedule(tx: Tx, actor: Actor, schedule_id: str) -> Schedule:
    """Return a schedule that the actor may see.

    Raises
    ------
    NotFoundError
        ``schedule_unknown``.
    """
    found = tx.schedules.get(schedule_id)
    if found is None or not access.may_manage(tx, actor, found.person, found.project):
        raise NotFoundError("schedule_unknown", given=schedule_id[:60])
    return found


async def submit_now(
    core: Core, runs: Runs, sweeps: Sweeps, actor: Actor, schedule_id: str, key: str | None
) -> None:
    """Submit a schedule once, as its person and as at its times.

    Raises
    ------
    RefusedError
        ``schedule_not_yours``: it is submitted as its person, who alone may want that.
    ConflictError
        ``schedule_still_going`` while what was submitted before has not ended, unless it may
        overlap.
    """
    access.require_person(actor)
    print_ = fingerprint("schedule.run", schedule_id)
    found = await core.store.read(lambda tx: _wanted(core, tx, actor, schedule_id, key, print_))
    if found is None:
        return
    # As at its times: never with the rights of an administrator.
    owner = Actor(person=actor.person, lang=actor.lang)

    def note(tx: Tx, made: str) -> None:
        now = core.clock()
        said: dict[str, Any] = {"last_problem": "", "was_late": False}
        tx.schedules.change(found.id, last_id=made, last_ms=now, **said)
        acts.record(core, tx, actor, "schedule.run", found.id, details={"made": made})
        once(tx, actor.person.id, key, print_, now, lambda: made)

    request = await request_of(core, found)
    own_key = f"{found.id}:after:{found.last_id}:{found.last_ms}"
    if isinstance(request, SweepRequest):
        await sweeps.submit(owner, request, key=own_key, note=note)
    else:
        await runs.submit(owner, request, key=own_key, note=note)


def _wanted(
    core: Core, tx: Tx, actor: Actor, schedule_id: str, key: str | None, print_: str
) -> Schedule | None:
    """Return the schedule that is to be submitted; None where it was just now."""
    found = visible_schedule(tx, actor, schedule_id)
    if found.person != actor.person.id:
        raise RefusedError("schedule_not_yours", given=found.name)
    seen = tx.keys.seen(actor.person.id, key) if key else None
    if seen is not None:
        if seen[0] != print_:
            raise ConflictError("key_reused", given=str(key)[:60])
        return None
    is_fresh = found.last_ms is not None and not is_due(found.last_ms, AGAIN_MS, core.clock())
    if found.last_id and is_fresh:
        return None
    if not found.is_overlapping and after.state_of(tx, found.last_id) in GOING:
        raise ConflictError("schedule_still_going", given=found.name, last=found.last_id)
    return found
