"""Geometry of lines and stacked columns; like :mod:`pictures`, the templates write the SVG."""

from collections.abc import Mapping, Sequence
from typing import Any

from madang.api.pages.pictures import nice_top

SPARK_WIDTH = 240
SPARK_HEIGHT = 36
PEOPLE_SHOWN = 6
"""People with a colour of their own in a chart; the rest is one more."""

_BOX = {"width": 720, "height": 230, "left": 46, "right": 8, "top": 12, "bottom": 30}


def sparkline(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the use of devices over time, as lines with gaps where nothing was measured.

    None for fewer than two measured readings, of which no line can be drawn.
    """
    measured = [point for point in samples if point["percent"] is not None]
    if len(measured) < 2:
        return None
    first, last = samples[0]["at_ms"], samples[-1]["at_ms"]
    whole = max(1, last - first)
    lines: list[list[str]] = [[]]
    for point in samples:
        if point["percent"] is None:
            lines.append([])
            continue
        x = (point["at_ms"] - first) * SPARK_WIDTH / whole
        y = SPARK_HEIGHT - 2 - point["percent"] * (SPARK_HEIGHT - 4) / 100
        lines[-1].append(f"{x:.1f},{y:.1f}")
    return {
        "width": SPARK_WIDTH,
        "height": SPARK_HEIGHT,
        "lines": [" ".join(line) for line in lines if len(line) > 1],
        "areas": [_area(line) for line in lines if len(line) > 1],
        "percent": measured[-1]["percent"],
        "span_ms": last - first,
    }


def _area(line: Sequence[str]) -> str:
    left, right = line[0].split(",")[0], line[-1].split(",")[0]
    return f"{left},{SPARK_HEIGHT} {' '.join(line)} {right},{SPARK_HEIGHT}"


def wait_chart(days: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return columns of the median wait per day, the long waits behind; None if nobody waited."""
    longest = max((day["long_ms"] or 0 for day in days), default=0) / 60_000
    if longest * 60 < 1:
        return None
    top = nice_top(longest)
    box, inner = _BOX, _BOX["height"] - _BOX["top"] - _BOX["bottom"]
    floor = box["height"] - box["bottom"]

    def tall(ms: int | None) -> float:
        return round((ms or 0) / 60_000 / top * inner, 1)

    columns = []
    for column, day in zip(_columns(len(days)), days, strict=True):
        long, half = tall(day["long_ms"]), tall(day["median_ms"])
        columns.append(
            {
                **column,
                "label": _label(day["day"]) if column["has_label"] else "",
                "long": {"y": round(floor - long, 1), "height": long},
                "half": {"y": round(floor - half, 1), "height": half},
            }
        )
    return {**box, "columns": columns, "lines": _lines(top, inner, floor)}


def people_chart(
    days: Sequence[str], by_person: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return columns of device-hours per day, stacked by person, the largest at the floor.

    Parameters
    ----------
    by_person
        ``{person, days: {day: held_device_ms}}``, the largest first.
    """
    named = [(row["person"], row["days"]) for row in by_person[:PEOPLE_SHOWN]]
    rest: dict[str, int] = {}
    for row in by_person[PEOPLE_SHOWN:]:
        for day, held in row["days"].items():
            rest[day] = rest.get(day, 0) + held
    series = [*named, *([("", rest)] if rest else [])]
    most = max((sum(held.get(day, 0) for _, held in series) for day in days), default=0)
    if most <= 0:
        return None
    box, inner = _BOX, _BOX["height"] - _BOX["top"] - _BOX["bottom"]
    floor, top = box["height"] - box["bottom"], nice_top(most / 3_600_000)
    columns = []
    for column, day in zip(_columns(len(days)), days, strict=True):
        parts, y = [], float(floor)
        for index, (_, held) in enumerate(series):
            height = held.get(day, 0) / 3_600_000 / top * inner
            if height > 0:
                y -= height
                parts.append({"index": index, "y": round(y, 1), "height": round(height, 1)})
        label = _label(day) if column["has_label"] else ""
        columns.append({**column, "label": label, "parts": parts})
    keys = [{"index": index, "person": person} for index, (person, _) in enumerate(series)]
    return {**box, "columns": columns, "lines": _lines(top, inner, floor), "keys": keys}


def _columns(count: int) -> list[dict[str, Any]]:
    inner = _BOX["width"] - _BOX["left"] - _BOX["right"]
    step = inner / max(1, count)
    every = max(1, -(-count // 8))
    return [
        {
            "x": round(_BOX["left"] + index * step + step * 0.14, 1),
            "width": round(step * 0.72, 1),
            "middle": round(_BOX["left"] + index * step + step / 2, 1),
            "has_label": (count - 1 - index) % every == 0,
        }
        for index in range(count)
    ]


def _lines(top: float, inner: float, floor: float) -> list[dict[str, Any]]:
    return [
        {"y": round(floor - inner * share / 4, 1), "label": f"{top * share / 4:g}"}
        for share in (0, 2, 4)
    ]


def _label(day: str) -> str:
    return day[5:].replace("-", "/")
