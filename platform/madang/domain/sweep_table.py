"""Tables of parameters: a row is a run, a column a parameter. CSV and JSON, strictly.

A table that says something twice, leaves something out or holds NaN is refused with the row and the
column: guessing would cost hours of devices. Standard library only, nothing is opened here.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from madang.domain.run import MAX_PARAMETERS, MAX_PARAMETERS_BYTES
from madang.domain.shown import shown
from madang.domain.sweep import MAX_SWEEP_RUNS
from madang.domain.sweep_grid import typed
from madang.errors import InvalidError

Columns = dict[str, list[Any]]


def read_csv(text: str) -> Columns:
    """Read comma-separated values with a line of names; types as ``papermill -p`` gives them.

    Raises
    ------
    InvalidError
        ``table_unreadable``, ``sweep_name_twice``, ``table_name_missing``, ``table_row_uneven``,
        ``table_value_missing``, ``grid_value_not_finite``, ``sweep_too_many_runs``,
        ``sweep_empty``, ``parameters_too_many``, ``parameters_too_large``.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        names = [name.strip() for name in next(lines, [])]
        if len(names) > MAX_PARAMETERS:
            raise InvalidError("parameters_too_many", given=len(names), limit=MAX_PARAMETERS)
        columns = check_names(names)
        for number, line in enumerate((line for line in lines if line), 1):
            check_count(number)
            if len(line) != len(names):
                raise InvalidError(
                    "table_row_uneven", row=number, given=len(line), limit=len(names)
                )
            for name, cell in zip(names, line, strict=True):
                columns[name].append(_cell(name, number, cell))
    except csv.Error as error:
        limit = csv.field_size_limit()
        if str(limit) in str(error):  # beyond what is taken, so that nobody reads it to the end
            raise InvalidError(
                "parameters_too_large",
                given_bytes=f"> {limit}",
                limit_bytes=MAX_PARAMETERS_BYTES,
            ) from error
        raise InvalidError("table_unreadable", given=str(error)[:80]) from error
    return _full(columns)


def _cell(name: str, row: int, cell: str) -> Any:
    if not cell.strip():
        raise InvalidError("table_value_missing", name=shown(name, 60), row=row)
    if len(cell) > MAX_PARAMETERS_BYTES:
        raise InvalidError(
            "parameters_too_large", given_bytes=len(cell.encode()), limit_bytes=MAX_PARAMETERS_BYTES
        )
    return typed(cell.strip())


def read_json(text: str) -> Columns:
    """Read a list of rows (objects), or an object of columns (lists of one length).

    Raises
    ------
    InvalidError
        As :func:`read_csv`; ``table_unreadable`` too for NaN and infinity.
    """
    try:
        found = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise InvalidError("table_unreadable", given=str(error)[:80]) from error
    if isinstance(found, list):
        return from_rows(found)
    if isinstance(found, dict) and all(isinstance(column, list) for column in found.values()):
        return from_columns(found)
    raise InvalidError("table_unreadable", given=type(found).__name__)


def from_rows(rows: Sequence[Any]) -> Columns:
    """Return the columns of rows that all have the same names.

    Raises
    ------
    InvalidError
        ``table_unreadable``, ``table_value_missing``, ``sweep_too_many_runs``, ``sweep_empty``.
    """
    check_count(len(rows))
    if not all(isinstance(row, Mapping) for row in rows):
        raise InvalidError("table_unreadable", given="a row that is no object")
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = check_names(names)
    for number, row in enumerate(rows, 1):
        for name in names:
            if name not in row:
                raise InvalidError("table_value_missing", name=shown(name, 60), row=number)
            columns[name].append(row[name])
    return _full(columns)


def from_columns(found: Mapping[str, Sequence[Any]]) -> Columns:
    """Return columns of one length.

    Raises
    ------
    InvalidError
        ``table_value_missing`` where one is shorter, ``sweep_too_many_runs``, ``sweep_empty``.
    """
    longest = max((len(column) for column in found.values()), default=0)
    check_count(longest)
    for name, column in found.items():
        if len(column) < longest:
            raise InvalidError("table_value_missing", name=shown(name, 60), row=len(column) + 1)
    return _full(check_names(found) | {name: list(column) for name, column in found.items()})


def check_names(names: Iterable[Any]) -> Columns:
    """Return empty columns, after each was found to have a name of its own.

    Raises
    ------
    InvalidError
        ``table_name_missing``, ``sweep_name_twice``.
    """
    columns: Columns = {}
    for number, name in enumerate(names, 1):
        if not isinstance(name, str) or not name.strip():
            raise InvalidError("table_name_missing", column=number)
        if name in columns:
            raise InvalidError("sweep_name_twice", name=shown(name, 60))
        columns[name] = []
    return columns


def _full(columns: Columns) -> Columns:
    if not any(columns.values()):
        raise InvalidError("sweep_empty", name=next(iter(columns), ""))
    return columns


def check_count(count: int) -> None:
    """Stop early: nobody waits until a table of a billion rows is read to be refused.

    Raises
    ------
    InvalidError
        ``sweep_too_many_runs``.
    """
    if count > MAX_SWEEP_RUNS:
        raise InvalidError(
            "sweep_too_many_runs", given=f"{count:,}", limit=MAX_SWEEP_RUNS, name="table"
        )


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidError("sweep_name_twice", name=shown(name, 60))
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise InvalidError("grid_value_not_finite", given=name)
