"""Geometry of the drawn pictures: pure arithmetic, the templates write the SVG.

Widths are SVG attributes and never inline styles, because our content security policy allows none.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

SCALE = 1000
"""Width of every stretched bar in its own units."""

MAX_TILES = 40
"""Devices drawn as single tiles; a larger pool is drawn as one bar."""

MAX_DAYS = 31
_TILE = 24
_GAP = 5
_TILES_PER_ROW = 8
_CHART = {"width": 720, "height": 230, "left": 46, "right": 8, "top": 12, "bottom": 30}


def stack(parts: Sequence[tuple[str, int]], whole: int = 0) -> list[dict[str, Any]]:
    """Lay parts side by side on :data:`SCALE` units.

    Parameters
    ----------
    parts
        Class and value of each; what is zero is left out.
    whole
        Value of the full width; the sum of the parts when it is smaller than that.
    """
    full = max(whole, sum(value for _, value in parts))
    laid, done = [], 0
    for name, value in parts:
        if value > 0 and full > 0:
            left, right = done * SCALE // full, (done + value) * SCALE // full
            # A part that exists must be seen, however small it is.
            laid.append({"class": name, "x": min(left, SCALE - 4), "width": max(4, right - left)})
            done += value
    return laid


def tiles(total: int, free: int, mine: int = 0) -> dict[str, Any] | None:
    """Return a drawing of every device of a flavor, or None when there is nothing to draw."""
    if total <= 0:
        return None
    mine = min(mine, total - free)
    kinds = [("mine", mine), ("held", total - free - mine), ("free", free)]
    if total > MAX_TILES:
        return {"bar": stack(kinds, total), "tiles": []}
    names = [name for name, count in kinds for _ in range(count)]
    per_row = min(total, _TILES_PER_ROW)
    rows = -(-total // per_row)
    step = _TILE + _GAP
    return {
        "bar": [],
        "width": per_row * step - _GAP,
        "height": rows * step - _GAP,
        "size": _TILE,
        "tiles": [
            {"class": name, "x": index % per_row * step, "y": index // per_row * step}
            for index, name in enumerate(names)
        ],
    }


def span(
    now_ms: int, until_ms: int, from_ms: int, to_ms: int, mark_ms: int | None = None
) -> dict[str, Any]:
    """Place a stretch of time on an axis from now to ``until_ms``; optional mark inside."""
    width = max(1, until_ms - now_ms)

    def place(at_ms: int) -> int:
        return min(SCALE, max(0, (at_ms - now_ms) * SCALE // width))

    left, right = place(from_ms), place(to_ms)
    left = min(left, SCALE - 6)
    return {
        "x": left,
        "width": max(6, right - left),
        "mark": None if mark_ms is None else min(SCALE - 6, place(mark_ms)),
    }


def nice_top(value: float) -> float:
    """Return the round number at or above a value, for the top of an axis."""
    step = 0.1
    while True:
        for factor in (1, 2, 4, 5, 10):
            if step * factor >= value:
                return step * factor
        step *= 10


def days_between(rows: Sequence[Mapping[str, Any]], last: date) -> list[dict[str, Any]]:
    """Fill the gaps between the days that are in ``rows``, so that an idle day shows as one."""
    known = {str(row["day"]): row for row in rows}
    if not known:
        return []
    newest = max(last, date.fromisoformat(max(known)))
    oldest = max(date.fromisoformat(min(known)), newest - timedelta(days=MAX_DAYS - 1))
    oldest = min(oldest, newest - timedelta(days=6))
    filled = []
    for offset in range((newest - oldest).days + 1):
        name = (oldest + timedelta(days=offset)).isoformat()
        row = known.get(name, {})
        filled.append(
            {
                "day": name,
                "held_device_ms": int(row.get("held_device_ms", 0)),
                "used_device_ms": int(row.get("used_device_ms", 0)),
                "microcredits": int(row.get("microcredits", 0)),
            }
        )
    return filled


def day_chart(days: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return a bar chart of device-hours per day: held behind, used in front."""
    most = max((row["held_device_ms"] for row in days), default=0) / 3_600_000
    if most <= 0:
        return None
    top, box = nice_top(most), _CHART
    inner_width = box["width"] - box["left"] - box["right"]
    inner_height = box["height"] - box["top"] - box["bottom"]
    floor, step = box["height"] - box["bottom"], inner_width / len(days)
    every = max(1, -(-len(days) // 8))

    def tall(device_ms: int) -> float:
        return round(device_ms / 3_600_000 / top * inner_height, 1)

    bars = []
    for index, row in enumerate(days):
        held, used = tall(row["held_device_ms"]), tall(row["used_device_ms"])
        left = box["left"] + index * step
        bars.append(
            {
                "day": row["day"],
                "x": round(left + step * 0.14, 1),
                "width": round(step * 0.72, 1),
                "held": {"y": round(floor - held, 1), "height": held},
                "used": {"y": round(floor - used, 1), "height": used},
                "middle": round(left + step / 2, 1),
                "label": row["day"][5:].replace("-", "/")
                if (len(days) - 1 - index) % every == 0
                else "",
            }
        )
    lines = [
        {"y": round(floor - inner_height * share / 4, 1), "label": f"{top * share / 4:g}"}
        for share in (0, 2, 4)
    ]
    return {**box, "bars": bars, "lines": lines, "floor": floor}
