"""Tables of parameters from files and data frames, for :func:`madang.sweep` and its command."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from madang.client.inputs import read_input
from madang.domain.run_inputs import check_local_path
from madang.domain.shown import shown
from madang.domain.sweep import MAX_SWEEP_BYTES
from madang.domain.sweep_table import (
    Columns,
    check_count,
    check_names,
    from_columns,
    from_rows,
    read_csv,
    read_json,
)
from madang.errors import InvalidError

KINDS = (".csv", ".json", ".parquet")

MAX_TABLE_BYTES = 2 * MAX_SWEEP_BYTES
"""A larger file cannot become parameters that are taken, however it is written."""


def columns_of(table: Any) -> Columns:
    """Return the columns of a file, a list of rows, a mapping of columns, or a data frame.

    Raises
    ------
    InvalidError
        What cannot be read, says something twice or leaves something out.
    """
    if isinstance(table, str | Path):
        return read_file(Path(check_local_path(str(table))))
    if isinstance(table, Mapping):
        return from_columns({name: list(column) for name, column in table.items()})
    if isinstance(table, Sequence):
        return from_rows(table)
    return _from_frame(table)


def read_file(path: Path) -> Columns:
    """Return the columns of a CSV, JSON or parquet file.

    Raises
    ------
    InvalidError
        ``table_kind_unknown``, ``table_needs_pandas``, ``table_not_utf8``, or as ``read_input``
        and :mod:`madang.domain.sweep_table`.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise InvalidError("table_kind_unknown", given=shown(path.name), known=", ".join(KINDS))
    if kind == ".parquet":
        return _from_frame(_read_parquet(path))
    data = read_input(path, MAX_TABLE_BYTES, lambda _: _too_large())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidError("table_not_utf8", given=shown(path.name), line=line) from error
    return read_csv(text) if kind == ".csv" else read_json(text)


def _too_large() -> InvalidError:
    return InvalidError("sweep_too_large", limit_bytes=MAX_SWEEP_BYTES)


def _read_parquet(path: Path) -> Any:
    """Read a parquet file after its own count of rows: a small file may hold a billion of them."""
    if not path.is_dir():
        read_input(path, MAX_TABLE_BYTES, lambda _: _too_large())
    try:
        pandas = import_module("pandas")
        if not path.is_dir():
            file = import_module("pyarrow.parquet").ParquetFile(path)
            check_count(file.metadata.num_rows)
            check_names(file.schema_arrow.names)
        return pandas.read_parquet(path)
    except ImportError as error:
        raise InvalidError("table_needs_pandas", given=shown(path.name)) from error
    except (ValueError, OSError) as error:  # what pyarrow says of a file that is none
        raise InvalidError("table_unreadable", given=shown(str(error))) from error


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: parquet's lists come as arrays."""
    as_list = getattr(value, "tolist", None)
    if as_list is None:
        return value
    plain = as_list()
    return [_plain(one) for one in plain] if isinstance(plain, list) else plain


def _from_frame(frame: Any) -> Columns:
    """Return the columns of a data frame; its index is none of them."""
    names = [str(name) for name in frame.columns]
    check_names(names)
    columns: dict[str, list[Any]] = {}
    for name, column in zip(names, (frame[key] for key in frame.columns), strict=True):
        is_missing = list(column.isna())
        if any(is_missing):
            row = is_missing.index(True) + 1
            raise InvalidError("table_value_missing", name=name[:60], row=row)
        columns[name] = [_plain(value) for value in column.tolist()]
    return from_columns(columns)
