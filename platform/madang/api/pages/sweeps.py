"""Sweeps: the list, and one with its counts and a page of its table."""

from collections.abc import Sequence
from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.leases import devices_text, expected_picture
from madang.api.pages.pictures import stack
from madang.api.pages.render import Screen
from madang.api.pages.runs import TONES as RUN_TONES
from madang.api.pages.sweep_columns import (
    VALUE_CHARS,
    Order,
    columns_shown,
    named,
    orders,
    recorded_cells,
)
from madang.api.pages.sweep_picture import picture
from madang.domain.run import MAX_PRIORITY

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
_ROWS = 50


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


def _row(run: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    return {
        "run": run,
        "tone": RUN_TONES[run["state"]],
        "parameters": named(run["parameters"], VALUE_CHARS),
        "recorded": recorded_cells(run["recorded"], columns),
    }


async def show_one(visit: Visit) -> Screen:
    """Show one sweep with some rows of its table."""
    sweep = await visit.services.sweeps.get(visit.actor, visit.path["sweep_id"])
    state = visit.query.get("state", "")
    state = state if state in RUN_TONES else ""
    sort = Order.asked(visit.query.get("sort", ""))
    number = visit.query.get("page", "1")
    # Addresses are typed by people too; beyond the last page there is nothing to show.
    number_shown = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    page = await visit.services.sweeps.rows(
        visit.actor,
        sweep["id"],
        state=state or None,
        sort=sort.column,
        is_descending=sort.is_descending,
        offset=(max(1, number_shown) - 1) * _ROWS,
        limit=_ROWS,
    )
    facts = _facts(visit, sweep)
    columns = columns_shown(page["recorded_names"], visit.query.get("columns", ""))
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
            "rows": [_row(run, columns["shown"]) for run in page["rows"]],
            "columns": columns,
            "plot": await picture(visit, sweep, page),
            "total": page["total"],
            "page": min(max(1, number_shown), last),
            "last": last,
            "state": state,
            "states": [s for s in RUN_TONES if sweep["counts"][s] or s == state],
            "sort": sort.written,
            "orders": orders(page, sort),
            "expected": expected_picture(sweep["standing"], visit.now_ms),
            "may_act": sweep["can_manage"] and not facts["is_final"],
            "may_retry": sweep["is_mine"] and facts["failed"] > 0,
            "may_order": sweep["is_mine"] and not facts["is_final"],
            "most": MAX_PRIORITY,
        },
    )
