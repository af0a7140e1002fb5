"""From a sweep that is there to what a schedule submits: its snapshot, files, rows and settings."""

import asyncio
import json
from typing import Any

from madang.domain.run import RunState
from madang.domain.sweep import Sweep
from madang.errors import RefusedError
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor, SweepRequest
from madang.store import Tx

Points = list[dict[str, Any]]


async def request_like(core: Core, actor: Actor, sweep_id: str, name: str = "") -> SweepRequest:
    """Return a request for a sweep like one that is there, to be kept.

    Raises
    ------
    RefusedError
        ``retry_not_yours``: a notebook runs as its submitter, so nobody repeats another's.
    """
    access.require_person(actor)

    def look(tx: Tx) -> tuple[Sweep, Points]:
        sweep = access.visible_sweep(tx, actor, sweep_id)
        if sweep.person != actor.person.id:
            raise RefusedError("retry_not_yours", given=sweep.name)
        access.usable_project(tx, actor, sweep.project)
        return sweep, [point for _, point in tx.sweeps.points(sweep.id, RunState)]

    sweep, points = await core.store.read(look)
    get = core.artifacts.get
    return SweepRequest(
        project=sweep.project,
        name=name or sweep.name,
        notebook=await get(sweep.notebook_sha256),
        # Each row as it was: what made them, a grid or a table, is not kept.
        table=await asyncio.to_thread(json.dumps, points, ensure_ascii=False),
        table_kind="json",
        files={path: await get(sha256) for path, sha256 in sweep.files.items()},
        flavor=sweep.flavor,
        devices=sweep.devices,
        limit_ms=sweep.limit_ms,
        environment=sweep.environment,
        max_parallel=sweep.max_parallel,
        priority=sweep.priority,
        secrets=sweep.secrets,
        checkpoint_after_ms=sweep.checkpoint_after_ms,
        notify=sweep.notify,
        runs_per_device=sweep.runs_per_device,
    )
