"""The rows of a sweep before they are kept, and whether there is room for them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run
from madang.domain.sweep import Sweep
from madang.errors import RefusedError
from madang.services import environment_use, leasing
from madang.services.core import Core
from madang.services.requests import Actor
from madang.services.reuse import fingerprints
from madang.services.slot_opening import slot_lease
from madang.store import Tx
from madang.units import new_id

MAX_WAITING = 50_000
"""Waiting runs of all sweeps of one person."""


def inside(tx: Tx, project: Project, sweep: Sweep, environment: str) -> Sweep:
    """Return the sweep with the environment that it names, which must be usable now."""
    if not environment:
        return sweep
    return replace(sweep, environment=environment_use.usable(tx, project, environment).id)


def check_room(
    core: Core, tx: Tx, actor: Actor, project: Project, sweep: Sweep, count: int
) -> None:
    """Refuse what the person, the pool, the tier or the budget has no room for.

    The budget must carry one slot; how many runs it carries shows as they are executed. Where
    nothing is to be executed there is always room.
    """
    if not count:
        return
    waiting = tx.sweeps.waiting_of(actor.person.id)
    if waiting + count > MAX_WAITING:
        raise RefusedError("too_many_runs", given=waiting + count, limit=MAX_WAITING)
    slot = slot_lease(core, actor, project, runs_of(sweep, [(0, {})], {})[0])
    leasing.check_budget(core, tx, project, slot)


def runs_of(
    sweep: Sweep, points: Iterable[tuple[int, Mapping[str, Any]]], versions: Mapping[str, int]
) -> list[Run]:
    """Return a waiting run for each position and its parameters.

    Parameters
    ----------
    versions
        Those of the sweep's secrets, by name.
    """
    given = list(points)
    snapshot = (sweep.notebook_sha256, sweep.files)
    prints = fingerprints(*snapshot, (point for _, point in given), versions)
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
            fingerprint=print_,
            secrets=tuple(versions),
            checkpoint_after_ms=sweep.checkpoint_after_ms,
        )
        for (position, parameters), print_ in zip(given, prints, strict=True)
    ]
