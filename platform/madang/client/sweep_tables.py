"""The table of a sweep as columns: for data frames, CSV and parquet.

Parameters stand first, then what was recorded, then what the service knows of each run.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from madang.client.words import spoken
from madang.domain.spreadsheet import to_csv
from madang.errors import InvalidError

OUT_KINDS = (".csv", ".parquet")
_TIMES = ("started", "ended")


def flat(rows: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the names of the columns, and each row by them; times in ms.

    A parameter that is named like a column of ours becomes ``parameter_<name>``, a recorded value
    that is named like any of both ``recorded.<name>``.
    """
    parameters: dict[str, None] = {}
    recorded: dict[str, None] = {}
    own: dict[str, None] = {}
    made = []
    for row in rows:
        known = _own(row)
        named = {f"parameter_{k}" if k in known else k: v for k, v in row["parameters"].items()}
        found = {
            f"recorded.{k}" if k in known or k in named else k: v
            for k, v in row["recorded"].items()
        }
        for seen, part in ((parameters, named), (recorded, found), (own, known)):
            seen.update(dict.fromkeys(part))
        made.append({**named, **found, **known})
    return [*parameters, *recorded, *own], made


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    error = row["error"] or {}
    took_ms = row["duration_ms"]
    return {
        "position": row["position"],
        "state": row["state"],
        "cells_done": row["cells_done"],
        "cells_total": row["cells_total"],
        "started": row["started_ms"],
        "ended": row["ended_ms"],
        "duration_s": None if took_ms is None else took_ms / 1000,
        "credits": row["charged_microcredits"] / 1_000_000,
        "error": f"{error['name']}: {error['value']}" if error else None,
        "attempt": row["attempt"],
        "slow_start": row["fresh_text"] or None,
        "reused_from": row["reused_from"] or None,
        "id": row["id"],
    }


def as_frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return a pandas data frame by position; its times are UTC.

    Raises
    ------
    InvalidError
        ``frame_needs_pandas``.
    """
    try:
        pandas = import_module("pandas")
    except ImportError as error:
        raise spoken(InvalidError("frame_needs_pandas")) from error
    columns, made = flat(rows)
    frame = pandas.DataFrame(made, columns=columns)
    if frame.empty:
        return frame
    for name in _TIMES:
        frame[name] = pandas.to_datetime(frame[name], unit="ms", utc=True)
    return frame.set_index("position")


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return CSV that is safe to open in a spreadsheet; times are ISO 8601, lists are JSON."""
    columns, made = flat(rows)
    for row in made:
        row.update({name: _clock(row[name]) for name in _TIMES})
        row.update({k: _text(v) for k, v in row.items() if isinstance(v, dict | list)})
    return to_csv(columns, made)


def write_parquet(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write a parquet file; a column of more than one kind of value becomes JSON text.

    Raises
    ------
    InvalidError
        ``frame_needs_pandas`` or ``table_needs_parquet``.
    """
    frame = as_frame(rows)
    for name in frame.columns:
        values = [value for value in frame[name] if value is not None]
        kinds = {type(value) for value in values}
        if frame[name].dtype == object and kinds not in ({str}, {bool}, set()):
            frame[name] = [None if value is None else _text(value) for value in frame[name]]
    try:
        frame.to_parquet(path)
    except ImportError as error:
        raise spoken(InvalidError("table_needs_parquet", given=path.name)) from error


def write(rows: Iterable[Mapping[str, Any]], path: Path) -> Path:
    """Write a file of the kind that its name ends in, and return its path.

    Raises
    ------
    InvalidError
        ``table_out_unknown``, ``output_unwritable``, or as :func:`write_parquet`.
    """
    kind = path.suffix.lower()
    if kind not in OUT_KINDS:
        known = ", ".join(OUT_KINDS)
        raise spoken(InvalidError("table_out_unknown", given=path.name, known=known))
    try:
        if kind == ".csv":
            # Spreadsheets take it for UTF-8 by the mark at its front.
            path.write_text(as_csv(rows), "utf-8-sig")
        else:
            write_parquet(rows, path)
    except OSError as error:
        said = error.strerror or str(error)
        raise spoken(InvalidError("output_unwritable", path=str(path), given=said)) from error
    return path


def _clock(at_ms: int | None) -> str:
    return "" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
