"""Two sweeps side by side: medians of each value, and runs of equal parameters in pairs; pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from madang.domain.medians import group_of
from madang.store.sweep_values import Measured

Values = list[float | None]


def compared(
    first: Sequence[Measured],
    second: Sequence[Measured],
    names: Sequence[str],
    offset: int,
    limit: int,
) -> dict[str, Any]:
    """Return medians and some pairs; values are the time in ms and then those of the names."""
    pairs = _paired(first, second)
    columns = range(len(names) + 1)
    return {
        "names": list(names),
        "medians": [[_group(rows, column) for rows in (first, second)] for column in columns],
        "matched": len(pairs),
        "only_first": len(first) - len(pairs),
        "only_second": len(second) - len(pairs),
        "offset": offset,
        "pairs": [
            {
                "parameters": json.loads(run.parameters),
                "positions": [run.position, other.position],
                "values": [_values(run), _values(other)],
            }
            for run, other in pairs[offset : offset + limit]
        ],
    }


def _paired(
    first: Iterable[Measured], second: Sequence[Measured]
) -> list[tuple[Measured, Measured]]:
    """Return pairs by the first's positions; equal ones within a sweep by turns."""
    left: dict[str, list[Measured]] = {}
    for run in reversed(second):
        left.setdefault(_key(run), []).append(run)
    return [(run, same.pop()) for run in first if (same := left.get(_key(run)))]


def _key(run: Measured) -> str:
    return json.dumps(json.loads(run.parameters, parse_float=_whole), sort_keys=True)


def _whole(written: str) -> float | int:
    """Read 1.0 as 1: grids are written in both ways."""
    value = float(written)
    return int(value) if value.is_integer() else value


def _values(run: Measured) -> Values:
    return [run.duration_ms, *run.numbers]


def _group(rows: Iterable[Measured], column: int) -> dict[str, Any] | None:
    found = (run.numbers[column - 1] if column else run.duration_ms for run in rows)
    values = [value for value in found if value is not None]
    if not values:
        return None
    return {key: value for key, value in asdict(group_of("", values)).items() if key != "x"}
