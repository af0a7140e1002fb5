"""Two sweeps side by side: as a whole, medians of their values, and runs of equal parameters."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.plots import number_text
from madang.api.pages.render import Screen
from madang.api.pages.sweep_columns import VALUE_CHARS, named
from madang.api.pages.sweeps import TONES

_ROWS = 50
_MS_PER_S = 1000


async def show(visit: Visit) -> Screen:
    """Show two sweeps, or what to choose from."""
    found = await visit.services.sweeps.list(visit.actor)
    asked = [visit.query.get(key, "") for key in ("a", "b")]
    shown = None
    if all(asked) and asked[0] != asked[1]:
        shown, both = await _shown(visit, *asked)
    else:
        both = [await visit.services.sweeps.get(visit.actor, one) for one in asked if one]
    # Old ones are in no list, and may be looked at all the same.
    known = {sweep["id"]: sweep for sweep in [*both, *found]}
    values: dict[str, Any] = {"choices": list(known.values()), "asked": asked, "shown": shown}
    return Screen(
        template="sweep_compare.html",
        section="runs",
        title=visit.words("compare.title"),
        announce=" · ".join(sweep["name"] for sweep in both),
        is_live=False,
        values=values,
    )


async def _shown(
    visit: Visit, first: str, second: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    number = visit.query.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    page = max(1, page)
    made = await visit.services.sweep_figures.compare(
        visit.actor, first, second, offset=(page - 1) * _ROWS, limit=_ROWS
    )
    titles = [visit.words("sweep.duration_s"), *made["names"]]
    shown = {
        "sweeps": [{"sweep": sweep, "tone": TONES[sweep["state"]]} for sweep in made["sweeps"]],
        "titles": titles,
        "medians": [
            {
                "name": name,
                "cells": [_cell(group, column) for group in groups],
                "difference": _difference([g and g["median"] for g in groups], column),
            }
            for column, (name, groups) in enumerate(zip(titles, made["medians"], strict=True))
        ],
        "pairs": [_pair(pair, len(titles)) for pair in made["pairs"]],
        "matched": made["matched"],
        "only": [made["only_first"], made["only_second"]],
        "page": page,
        "last": max(1, -(-made["matched"] // _ROWS)),
    }
    return shown, made["sweeps"]


def _pair(pair: dict[str, Any], columns: int) -> dict[str, Any]:
    first, second = pair["values"]
    return {
        "parameters": named(pair["parameters"], VALUE_CHARS),
        "positions": pair["positions"],
        "cells": [
            {
                "first": _text(first[column], column),
                "second": _text(second[column], column),
                "difference": _difference([first[column], second[column]], column),
            }
            for column in range(columns)
        ],
    }


def _cell(group: Mapping[str, Any] | None, column: int) -> dict[str, Any] | None:
    if group is None:
        return None
    words = {key: _text(group[key], column) for key in ("least", "median", "most")}
    return {**words, "count": group["count"]}


def _text(value: float | None, column: int) -> str:
    """Return a value as it is shown; the first column is time in ms."""
    if value is None:
        return "–"
    return number_text(value if column else value / _MS_PER_S)


def _difference(values: Sequence[float | None], column: int) -> str:
    first, second = values
    if first is None or second is None or not math.isfinite(second - first):
        return "–"
    change = second - first
    return f"{'+' if change > 0 else ''}{_text(change, column)}"
