"""Sweeps: the list, and one with its counts and a page of its table."""

from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.leases import devices_text, expected_picture
from madang.api.pages.pictures import stack
from madang.api.pages.render import Screen
from madang.api.pages.runs import TONES as RUN_TONES
from madang.domain.run import MAX_PRIORITY
from madang.domain.sweep_grid import short

TONES = {
    "queued": "wait",
    "running": "go",
    "paused": "quiet",
    "succeeded": "done",
    "failed": "bad",
    "cancelled": "quiet",
}
"""Colour family of each state of a sweep."""

_FINAL = ("succeeded", "failed", "cancelled")
_SORTS = ("position", "duration", "ended")
_ROWS = 50
_VALUE_CHARS = 40


def _facts(visit: Visit, sweep: dict[str, Any]) -> dict[str, Any]:
    return {
        "sweep": sweep,
        "tone": TONES[sweep["state"]],
        "devices": devices_text(visit, sweep["flavor"], sweep["devices"]),
        "failed": sweep["counts"]["failed"] + sweep["counts"]["expired"],
        "is_final": sweep["state"] in _FINAL,
        "bar": _bar(sweep),
    }


def _bar(sweep: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw how the runs that are over ended: a sweep of which half failed is not all red."""
    counts = sweep["counts"]
    ends = [
        ("used", counts["succeeded"]),
        ("bad", counts["failed"] + counts["expired"]),
        ("quiet", counts["cancelled"]),
    ]
    return stack(ends, sweep["runs"])


async def show_all(visit: Visit) -> Screen:
    """Show the list of sweeps, newest first."""
    found = await visit.services.sweeps.list(visit.actor)
    going = sum(sweep["state"] not in _FINAL for sweep in found)
    return Screen(
        template="sweeps.html",
        section="runs",
        title=visit.words("sweeps.title"),
        announce=visit.words("sweeps.summary", going=going, done=len(found) - going),
        values={"rows": [_facts(visit, sweep) for sweep in found]},
    )


def _row(run: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "value": short(value)[:_VALUE_CHARS]}
        for name, value in run["parameters"].items()
    ]
    return {"run": run, "tone": RUN_TONES[run["state"]], "parameters": parameters}


async def show_one(visit: Visit) -> Screen:
    """Show one sweep with some rows of its table."""
    sweep = await visit.services.sweeps.get(visit.actor, visit.path["sweep_id"])
    state = visit.query.get("state", "")
    state = state if state in RUN_TONES else ""
    sort = visit.query.get("sort", "")
    sort = sort if sort in _SORTS else _SORTS[0]
    number = visit.query.get("page", "1")
    # Addresses are typed by people too; beyond the last page there is nothing to show.
    number_shown = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    page = await visit.services.sweeps.rows(
        visit.actor,
        sweep["id"],
        state=state or None,
        sort=sort,
        is_descending=sort != "position",
        offset=(max(1, number_shown) - 1) * _ROWS,
        limit=_ROWS,
    )
    facts = _facts(visit, sweep)
    last = max(1, -(-page["total"] // _ROWS))
    said = visit.words(f"sweep.state.{sweep['state']}")
    done = visit.words("sweep.runs_done", done=sweep["runs_done"], runs=sweep["runs"])
    return Screen(
        template="sweep.html",
        section="runs",
        title=sweep["name"],
        announce=f"{said} · {done}",
        values={
            **facts,
            "rows": [_row(run) for run in page["rows"]],
            "total": page["total"],
            "page": min(max(1, number_shown), last),
            "last": last,
            "state": state,
            "states": [s for s in RUN_TONES if sweep["counts"][s] or s == state],
            "sort": sort,
            "sorts": _SORTS,
            "expected": expected_picture(sweep["standing"], visit.now_ms),
            "may_act": sweep["can_manage"] and not facts["is_final"],
            "may_retry": sweep["is_mine"] and facts["failed"] > 0,
            "may_order": sweep["is_mine"] and not facts["is_final"],
            "most": MAX_PRIORITY,
        },
    )
