"""The picture on a sweep's page: one value of its runs over another, chosen in the address."""

from collections.abc import Mapping
from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.plots import plot
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
    points = await visit.services.sweep_figures.points(visit.actor, sweep["id"], x=x, y=y)
    scale = _MS_PER_S if y == DURATION else 1
    return {
        "x": x,
        "y": y,
        "x_name": _name(visit, x),
        "y_name": _name(visit, y),
        "xs": [{"value": one, "name": _name(visit, one)} for one in across],
        "ys": [{"value": one, "name": _name(visit, one)} for one in up],
        "drawn": plot([(point.x, point.y / scale) for point in points]),
    }


def _chosen(asked: str, known: list[str]) -> str:
    return asked if asked in known else known[0]


def _name(visit: Visit, asked: str) -> str:
    if asked == DURATION:
        return visit.words("sweep.duration_s")
    return asked.partition(":")[2][:_NAME_CHARS]
