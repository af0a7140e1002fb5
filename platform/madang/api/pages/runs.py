"""Runs: the list, one run with its progress and log, and the form that submits one."""

import json
from typing import Any

from madang.api.pages.environments import ready_environments
from madang.api.pages.frame import Visit
from madang.api.pages.home import pool_pictures
from madang.api.pages.leases import devices_text, expected_picture, is_mine
from madang.api.pages.render import Screen
from madang.api.pages.secrets import usable_secrets
from madang.api.pages.sweep_columns import named
from madang.domain.project import MAY_USE
from madang.domain.run import MAX_NOTEBOOK_BYTES, MAX_PARAMETERS_BYTES
from madang.domain.sweep import DEFAULT_PARALLEL

TONES = {
    "queued": "wait",
    "running": "go",
    "succeeded": "done",
    "failed": "bad",
    "cancelled": "quiet",
    "expired": "bad",
}
"""Colour family of each state of a run."""

_FINAL = ("succeeded", "failed", "cancelled", "expired")
_LOG_SHOWN = 200_000
_PARAMETERS_IN_LIST = 3
LIMITS_S = (900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)


def _row(visit: Visit, run: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "value": json.dumps(value, ensure_ascii=False)}
        for name, value in run["parameters"].items()
    ]
    return {
        "run": run,
        "tone": TONES[run["state"]],
        "title": run["name"] or visit.words("run.unnamed"),
        "devices": devices_text(visit, run["flavor"], run["devices"]),
        "parameters": parameters,
        "recorded": named(run["recorded"]),
        "few": parameters[:_PARAMETERS_IN_LIST],
        "more": max(0, len(parameters) - _PARAMETERS_IN_LIST),
        "is_final": run["state"] in _FINAL,
    }


async def show_all(visit: Visit) -> Screen:
    """Show the list of runs, newest first."""
    found = await visit.services.runs.list(visit.actor)
    found = sorted(found, key=lambda run: run["submitted_ms"], reverse=True)
    counts = {state: sum(run["state"] == state for run in found) for state in TONES}
    return Screen(
        template="runs.html",
        section="runs",
        title=visit.words("nav.runs"),
        announce=visit.words(
            "runs.summary",
            running=counts["running"],
            queued=counts["queued"],
            done=sum(counts[state] for state in _FINAL),
        ),
        values={"rows": [_row(visit, run) for run in found]},
    )


async def show_one(visit: Visit) -> Screen:
    """Show one run."""
    run = await visit.services.runs.get(visit.actor, visit.path["run_id"])
    log = await visit.services.runs.log(visit.actor, run["id"]) or ""
    row = _row(visit, run)
    state = visit.words(f"run.state.{run['state']}")
    return Screen(
        template="run.html",
        section="runs",
        title=row["title"],
        announce=f"{state} · {run['cells_done']}/{run['cells_total']}",
        values={
            "row": row,
            "run": run,
            "log": log[-_LOG_SHOWN:],
            "is_log_cut": len(log) > _LOG_SHOWN,
            "expected": expected_picture(run["standing"], visit.now_ms),
            "may_cancel": (run["can_manage"] or is_mine(visit, run)) and not row["is_final"],
            "may_delete_output": row["is_final"]
            and (run["has_output"] or bool(log))
            and (run["can_manage"] or is_mine(visit, run)),
            "may_retry": is_mine(visit, run) and row["is_final"],
            "may_rerun": is_mine(visit, run),
            "is_kept": bool(run["kept_cell"]) and run["state"] in ("failed", "expired"),
        },
    )


async def choices(visit: Visit) -> dict[str, Any]:
    """Return what somebody who submits work may choose from."""
    me = await visit.services.projects.me(visit.actor)
    pool = await visit.services.pool.pool(visit.actor)
    projects = [project for project in me["projects"] if project["role"] in MAY_USE]
    flavors = pool_pictures(pool, [])
    most = flavors[0]["devices_total"] if flavors else 0
    return {
        "projects": projects,
        "flavors": flavors,
        "environments": await ready_environments(visit),
        "secrets": await usable_secrets(visit, projects),
        "limits_s": LIMITS_S,
        "chosen": {
            "flavor": flavors[0]["name"] if flavors else "",
            "devices": min(1, most),
            "devices_most": most,
            "limit_s": 3_600,
            "environment": "",
            "max_parallel": DEFAULT_PARALLEL,
            "runs_per_device": 1,
        },
        "max_notebook_bytes": MAX_NOTEBOOK_BYTES,
    }


async def show_form(visit: Visit) -> Screen:
    """Show the form that submits a run."""
    return Screen(
        template="run_new.html",
        section="runs",
        title=visit.words("new.title"),
        is_live=False,
        values={**await choices(visit), "max_parameters_bytes": MAX_PARAMETERS_BYTES},
    )
