"""Two sweeps side by side, as the service compares them: whole, and as comma-separated values."""

from collections.abc import Mapping
from typing import Any

from madang.client.http import MadangClient
from madang.domain.spreadsheet import to_csv
from madang.domain.sweep_grid import short

DURATION = "duration_s"
_PAGE = 1_000
_MS_PER_S = 1_000


def compared(client: MadangClient, first: str, second: str) -> dict[str, Any]:
    """Return what the service says of two sweeps, with all pairs of runs with equal parameters."""
    path = f"sweeps/{first}/compare/{second}"
    found: dict[str, Any] = client.get(path, limit=_PAGE)
    while len(found["pairs"]) < found["matched"]:
        more = client.get(path, offset=len(found["pairs"]), limit=_PAGE)["pairs"]
        if not more:  # changed meanwhile
            break
        found["pairs"] += more
    return found


def columns_of(found: Mapping[str, Any]) -> list[str]:
    """Return the names of what is compared: time in seconds, then what was recorded."""
    names = found["names"]
    return [DURATION, *(f"recorded.{name}" if name == DURATION else name for name in names)]


def in_seconds(value: float | None, column: int) -> float | None:
    """Return a value as it is shown: the first column is time, which the service tells in ms."""
    return value if value is None or column else value / _MS_PER_S


def as_csv(found: Mapping[str, Any]) -> str:
    """Return a row for each pair: positions, parameters, and both values of each column."""
    columns = columns_of(found)
    given = dict.fromkeys(name for pair in found["pairs"] for name in pair["parameters"])
    # No parameter's name holds a dot, so that ours stay apart from theirs.
    head = ["position.1", "position.2", *given]
    head += [f"{column}.{side}" for column in columns for side in (1, 2)]
    rows = []
    for pair in found["pairs"]:
        row = {f"position.{side + 1}": at for side, at in enumerate(pair["positions"])}
        row |= {name: _cell(value) for name, value in pair["parameters"].items()}
        for side, values in enumerate(pair["values"], 1):
            for at, (column, value) in enumerate(zip(columns, values, strict=True)):
                row[f"{column}.{side}"] = in_seconds(value, at)
        rows.append(row)
    return to_csv(head, rows)


def _cell(value: Any) -> Any:
    return short(value) if isinstance(value, list | dict) else value
