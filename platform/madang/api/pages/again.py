"""Forms that submit a sweep or a run again with changes, from what it was given."""

import json
from collections.abc import Mapping
from typing import Any

from madang.api.pages.environments import ready_environments
from madang.api.pages.frame import Visit
from madang.api.pages.home import pool_pictures
from madang.api.pages.leases import is_mine
from madang.api.pages.render import Screen
from madang.api.pages.runs import LIMITS_S
from madang.api.pages.sweep_form import said, telling
from madang.domain.run import MAX_PARAMETERS_BYTES
from madang.domain.sweep import MAX_PARALLEL, MAX_RUNS_PER_DEVICE
from madang.units import MS_PER_S

_RUN_SAID = {
    "plan_empty": "again.plan_empty",
    "runs": "again.plan_run",
    "submit": "again.submit_run",
    "submit_runs": "again.submit_run",
    "reused": "again.reused_run",
}


async def choices(visit: Visit, old: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be chosen instead of what a sweep or a run had, with that chosen."""
    pool = await visit.services.pool.pool(visit.actor)
    flavors = pool_pictures(pool, [])
    before = old["environment"] or {"name": ""}
    environments = await ready_environments(visit, old["project"])
    if before["name"] and all(one["name"] != before["name"] for one in environments):
        # Offered although it is of no use now: another one must not be taken in silence.
        named = {"name": before["name"], "title": before["name"], "project": old["project"]}
        environments.append(named)
    limit_s = max(1, old["limit_ms"] // MS_PER_S)
    most = [flavor["devices_total"] for flavor in flavors if flavor["name"] == old["flavor"]]
    return {
        "flavors": flavors,
        "environments": environments,
        "limits_s": sorted({*LIMITS_S, limit_s}),
        "chosen": {
            "flavor": old["flavor"],
            "devices": old["devices"],
            "devices_most": most[0] if most else old["devices"],
            "limit_s": limit_s,
            "environment": before["name"],
        },
    }


async def show_sweep(visit: Visit) -> Screen:
    """Show the form that submits a sweep again."""
    sweep = await visit.services.sweeps.get(visit.actor, visit.path["sweep_id"])
    offered = await visit.services.sweeps.offered(visit.actor, sweep["id"])
    found = await choices(visit, sweep)
    many = {key: sweep[key] for key in ("max_parallel", "runs_per_device")}
    return Screen(
        template="sweep_again.html",
        section="runs",
        title=visit.words("again.title", name=sweep["name"]),
        is_live=False,
        values={
            **found,
            "chosen": found["chosen"] | many,
            "sweep": sweep,
            "telling": await telling(visit, sweep["notify"]),
            "failed": sweep["counts"]["failed"] + sweep["counts"]["expired"],
            "parameters": offered["parameters"],
            "parallel_most": MAX_PARALLEL,
            "per_device_most": MAX_RUNS_PER_DEVICE,
            "said": said(visit, plan_empty=visit.words("again.plan_empty")),
        },
    )


async def show_run(visit: Visit) -> Screen:
    """Show the form that submits a run again."""
    run = await visit.services.runs.get(visit.actor, visit.path["run_id"])
    words = {key: visit.words(name) for key, name in _RUN_SAID.items()}
    return Screen(
        template="run_again.html",
        section="runs",
        title=visit.words("again.title", name=run["name"]),
        is_live=False,
        values={
            **(await choices(visit, run) if is_mine(visit, run) else {}),
            "run": run,
            "is_mine": is_mine(visit, run),
            "parameters": json.dumps(run["parameters"], ensure_ascii=False, indent=2),
            "max_parameters_bytes": MAX_PARAMETERS_BYTES,
            "said": json.dumps(words, ensure_ascii=False),
        },
    )
