"""Work that waits for other work to succeed: as rows only, no slot is asked for it before.

The reconcile loop calls :func:`look`. What is waited for is there before what waits for it, and is
never changed afterwards, so that nothing can wait for itself.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from madang.domain.project import Project
from madang.domain.run import FINAL_RUN_STATES, MAX_AFTER, Run, RunState
from madang.domain.sweep import FINAL_SWEEP_STATES, Sweep, SweepState, sweep_state
from madang.errors import ConflictError, InvalidError
from madang.services import access, telling
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

if TYPE_CHECKING:
    from madang.services.views import Names

AFTER_FAILED = "after_failed"
"""Reason of what was cancelled because what it waited for has not succeeded."""

_SUCCEEDED = (RunState.SUCCEEDED, SweepState.SUCCEEDED)


def _find(tx: Tx, id_: str) -> Run | Sweep | None:
    return tx.sweeps.get(id_) if id_.startswith("sweep-") else tx.runs.get(id_)


def _state(tx: Tx, item: Run | Sweep) -> RunState | SweepState:
    if isinstance(item, Run):
        return item.state
    if item.summary is not None:
        return sweep_state(item.summary["counts"], item.is_paused)
    return sweep_state(tx.sweeps.counts([item.id])[item.id], item.is_paused)


def state_of(tx: Tx, id_: str) -> RunState | SweepState | None:
    """Return where a run or sweep is; None when there is none."""
    item = _find(tx, id_) if id_ else None
    return None if item is None else _state(tx, item)


def _has_failed(state: RunState | SweepState) -> bool:
    return state in FINAL_RUN_STATES | FINAL_SWEEP_STATES and state not in _SUCCEEDED


def checked(
    tx: Tx, actor: Actor, project: Project, asked: Iterable[str]
) -> tuple[tuple[str, ...], bool]:
    """Return what a submit waits for, each once, and whether it has to wait now.

    Raises
    ------
    InvalidError
        ``after_too_many``; ``after_elsewhere`` for work of another project.
    NotFoundError
        ``run_unknown`` or ``sweep_unknown`` for what the actor may not see.
    ConflictError
        ``after_failed`` for what has ended without success.
    """
    wanted = tuple(dict.fromkeys(asked))
    if len(wanted) > MAX_AFTER:
        raise InvalidError("after_too_many", given=len(wanted), limit=MAX_AFTER)
    is_held = False
    for id_ in wanted:
        item: Run | Sweep
        if id_.startswith("sweep-"):
            item = access.visible_sweep(tx, actor, id_)
        else:
            item = access.visible_run(tx, actor, id_)
        if item.project != project.id:
            raise InvalidError("after_elsewhere", given=item.name, project=project.name)
        state = _state(tx, item)
        if _has_failed(state):
            raise ConflictError("after_failed", given=item.name, id=id_, state=str(state))
        is_held |= state not in _SUCCEEDED
    return wanted, is_held


def view(tx: Tx, names: "Names", waiting: Run | Sweep) -> list[dict[str, Any]]:
    """Return what is waited for; the name of what the asker may not see is left out."""
    if not waiting.is_held:
        return []
    found = []
    for id_ in waiting.after:
        item = _find(tx, id_)
        if item is None:
            continue
        is_seen = names.may_manage(item.person, item.project)
        name = item.name if is_seen else ""
        found.append({"id": id_, "name": name, "state": str(_state(tx, item))})
    return found


async def look(core: Core) -> None:
    """Let go on what waited for work that has succeeded, and cancel what waits in vain."""

    def work(tx: Tx) -> None:
        for item, may_go_on in _decided(tx):
            if not may_go_on:
                _cancel(tx, item, core.clock())
            elif isinstance(item, Sweep):
                tx.sweeps.change(item.id, is_held=False)
            else:
                tx.runs.change(item.id, RunState.QUEUED, is_held=False)

    if await core.store.read(_decided):
        await core.store.write(work)
        core.changed("runs", "queue")


def _decided(tx: Tx) -> list[tuple[Run | Sweep, bool]]:
    """Return what needs to wait no longer, and whether it may go on."""
    sweeps = [sweep for sweep in tx.sweeps.find(is_open=True) if sweep.is_held]
    held: list[Run | Sweep] = [*tx.runs.held(), *sweeps]
    outcomes = [(item, _outcome(tx, item)) for item in held]
    return [(item, may_go_on) for item, may_go_on in outcomes if may_go_on is not None]


def _outcome(tx: Tx, item: Run | Sweep) -> bool | None:
    """Return whether all that was waited for has succeeded; None while that is open."""
    befores = [_find(tx, id_) for id_ in item.after]
    states = [_state(tx, before) for before in befores if before is not None]
    if len(states) < len(befores) or any(map(_has_failed, states)):
        return False
    return True if all(state in _SUCCEEDED for state in states) else None


def _cancel(tx: Tx, item: Run | Sweep, at_ms: int) -> None:
    if isinstance(item, Sweep):
        tx.sweeps.end_waiting(item.id, RunState.CANCELLED, AFTER_FAILED, at_ms)
        tx.sweeps.change(item.id, is_held=False)
        telling.waited_in_vain(tx, item, _in_vain(tx, item), at_ms)
        return
    tx.runs.change(
        item.id,
        RunState.QUEUED,
        state=RunState.CANCELLED,
        reason=AFTER_FAILED,
        ended_ms=at_ms,
        is_held=False,
    )
    telling.waited_in_vain(tx, item, _in_vain(tx, item), at_ms)


def _in_vain(tx: Tx, item: Run | Sweep) -> str:
    """Return the name of what did not succeed; its id where the person may not see it any more."""
    for id_ in item.after:
        before = _find(tx, id_)
        if before is None:
            return id_
        if _has_failed(_state(tx, before)):
            person = tx.people.get(item.person)
            is_seen = person is not None and access.may_manage(
                tx, Actor(person=person), before.person, before.project
            )
            return before.name if is_seen else id_
    return ""
