"""Forms that submit a sweep or a run again with changes, from what it was given."""

import json

from madang.api.pages.frame import Visit
from madang.api.pages.leases import devices_text, is_mine
from madang.api.pages.render import Screen
from madang.api.pages.sweep_form import said
from madang.domain.run import MAX_PARAMETERS_BYTES
from madang.domain.sweep import MAX_PARALLEL


async def show_sweep(visit: Visit) -> Screen:
    """Show the form that submits a sweep again."""
    sweep = await visit.services.sweeps.get(visit.actor, visit.path["sweep_id"])
    offered = await visit.services.sweeps.offered(visit.actor, sweep["id"])
    return Screen(
        template="sweep_again.html",
        section="runs",
        title=visit.words("again.title", name=sweep["name"]),
        is_live=False,
        values={
            "sweep": sweep,
            "failed": sweep["counts"]["failed"] + sweep["counts"]["expired"],
            "parameters": offered["parameters"],
            "devices": devices_text(visit, sweep["flavor"], sweep["devices"]),
            "parallel_most": MAX_PARALLEL,
            "said": said(visit),
        },
    )


async def show_run(visit: Visit) -> Screen:
    """Show the form that submits a run again."""
    run = await visit.services.runs.get(visit.actor, visit.path["run_id"])
    return Screen(
        template="run_again.html",
        section="runs",
        title=visit.words("again.title", name=run["name"]),
        is_live=False,
        values={
            "run": run,
            "is_mine": is_mine(visit, run),
            "devices": devices_text(visit, run["flavor"], run["devices"]),
            "parameters": json.dumps(run["parameters"], ensure_ascii=False, indent=2),
            "max_parameters_bytes": MAX_PARAMETERS_BYTES,
        },
    )
