"""Tables of parameters from files and data frames, for :func:`madang.sweep` and its command."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from madang.domain.run_inputs import check_local_path
from madang.domain.sweep_table import Columns, from_columns, from_rows, read_csv, read_json
from madang.errors import InvalidError

KINDS = (".csv", ".json", ".parquet")


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
        ``table_kind_unknown``, ``table_needs_pandas``, ``input_unreadable``, or as
        :mod:`madang.domain.sweep_table`.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise InvalidError("table_kind_unknown", given=path.name, known=", ".join(KINDS))
    try:
        if kind == ".parquet":
            return _from_frame(_read_parquet(path))
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise InvalidError("input_unreadable", path=str(path), given=said) from error
    return read_csv(text) if kind == ".csv" else read_json(text)


def _read_parquet(path: Path) -> Any:
    try:
        return import_module("pandas").read_parquet(path)
    except ImportError as error:
        raise InvalidError("table_needs_pandas", given=path.name) from error
    except ValueError as error:  # what pyarrow says of a file that is none
        raise InvalidError("table_unreadable", given=str(error)[:80]) from error


def _from_frame(frame: Any) -> Columns:
    """Return the columns of a data frame; its index is none of them."""
    names = [str(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidError("sweep_name_twice", name=twice[:60])
    columns: dict[str, list[Any]] = {}
    for name, column in zip(names, (frame[key] for key in frame.columns), strict=True):
        is_missing = list(column.isna())
        if any(is_missing):
            row = is_missing.index(True) + 1
            raise InvalidError("table_value_missing", name=name[:60], row=row)
        columns[name] = column.tolist()
    return from_columns(columns)
