"""The picture on a sweep's page: one value of its runs over another, chosen in the address."""

import asyncio
from collections.abc import Mapping
from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.plots import Drawn, plot
from madang.services.sweep_figures import DURATION

_MS_PER_S = 1000
_NAME_CHARS = 40


async def picture(
    visit: Visit, sweep: Mapping[str, Any], page: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the picture with what can be chosen for it; None before there is anything to see."""
    across = [
        *(f"parameter:{name}" for name in page["parameter_names"]),
        *(f"recorded:{name}" for name in page["recorded_names"]),
    ]
    up = [*(f"recorded:{name}" for name in page["recorded_names"]), DURATION]
    if not across or not sweep["runs_done"]:
        return None
    x, y = (_chosen(visit.query.get(k, ""), known) for k, known in (("x", across), ("y", up)))
    return {
        "x": x,
        "y": y,
        "x_name": _name(visit, x),
        "y_name": _name(visit, y),
        "xs": [{"value": one, "name": _name(visit, one)} for one in across],
        "ys": [{"value": one, "name": _name(visit, one)} for one in up],
        "drawn": await _drawn(visit, sweep, x, y),
    }


async def _drawn(visit: Visit, sweep: Mapping[str, Any], x: str, y: str) -> Drawn:
    """Return the picture: one that was drawn before, while nothing has changed."""
    key, version = (sweep["id"], x, y), sweep["version"]
    kept = visit.plots.find(key, version, is_final=sweep["ended_ms"] is not None)
    if kept is not None:
        return kept[0]
    points = await visit.services.sweep_figures.points(visit.actor, sweep["id"], x=x, y=y)
    scale = _MS_PER_S if y == DURATION else 1
    # Ten thousand points would hold everybody else up.
    drawn = await asyncio.to_thread(plot, [(point.x, point.y / scale) for point in points])
    visit.plots.put(key, version, drawn)
    return drawn


def _chosen(asked: str, known: list[str]) -> str:
    return asked if asked in known else known[0]


def _name(visit: Visit, asked: str) -> str:
    if asked == DURATION:
        return visit.words("sweep.duration_s")
    return asked.partition(":")[2][:_NAME_CHARS]
