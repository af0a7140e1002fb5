"""Grids as people type them: ``lr=0.1,0.01``, ``seed=0..9``, ``name='a,b',c``.

Values get the types that ``papermill -p`` would give them; what stands in quotes is text, what
begins with a bracket is JSON, such as ``layers=[64,64],[128]``. Pure and lazy: a range is never
written out before somebody has looked at how long it is.
"""

import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from madang.domain.shown import shown
from madang.domain.sweep import MAX_SWEEP_RUNS
from madang.errors import InvalidError

_RANGE = re.compile(r"^([+-]?\d{1,18})\.\.([+-]?\d{1,18})(?:\.\.([+-]?\d{1,18}))?$", re.ASCII)
# A quoted text (a quote in it is doubled), or anything without a comma that begins with no quote.
# What was passed is never looked at again, so that a long text takes no longer than its length.
_VALUE = re.compile(
    r"""\s*+(?:'((?:[^']|'')*+)'\s*+|"((?:[^"]|"")*+)"\s*+|(?!['"])([^,]*+))(,|$)""", re.DOTALL
)
_NESTED = re.compile(r"\s*+([\[{])")
_AFTER = re.compile(r"\s*+(,|$)")
_WORDS = {"True": True, "False": False, "None": None}


def _no_constant(name: str) -> NoReturn:
    raise InvalidError("grid_value_not_finite", given=name)


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def typed(text: str) -> Any:
    """Return a value with the type that ``papermill -p`` gives it.

    Raises
    ------
    InvalidError
        ``grid_value_not_finite`` for NaN and infinity, which JSON does not know.

    Examples
    --------
    >>> [typed(word) for word in ("3", "0.1", "1e-3", "True", "None", "adam")]
    [3, 0.1, 0.001, True, None, 'adam']
    """
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if not math.isfinite(value):
            raise InvalidError("grid_value_not_finite", given=shown(text, 40))
        return value
    return text


def parse_axis(text: str) -> tuple[str, Sequence[Any]]:
    """Read one axis of a grid.

    Returns
    -------
    tuple
        The name, and its values: a list, or a range that nobody has written out yet.

    Raises
    ------
    InvalidError
        ``grid_unreadable``, ``grid_value_missing`` (two commas, or nothing after the sign),
        ``grid_value_not_finite``, ``grid_range_empty``.

    Examples
    --------
    >>> parse_axis("lr=0.1,0.01")
    ('lr', [0.1, 0.01])
    >>> parse_axis("seed=0..9")
    ('seed', range(0, 10))
    >>> parse_axis("name='a,b',7,'7'")
    ('name', ['a,b', 7, '7'])
    >>> parse_axis("layers=[64, 64],[128]")
    ('layers', [[64, 64], [128]])
    """
    name, sign, rest = text.partition("=")
    name = name.strip()
    if not sign or not name:
        raise InvalidError("grid_unreadable", given=shown(text, 60))
    return name, parse_values(name, rest)


def parse_values(name: str, text: str) -> Sequence[Any]:
    """Read the values of one axis, as :func:`parse_axis` does behind the sign.

    Raises
    ------
    InvalidError
        As :func:`parse_axis`; ``sweep_too_many_runs`` for a list that is longer than any sweep.
    """
    whole = _RANGE.match(text.strip())
    if whole is not None:
        return _range(name, *whole.groups())
    values = list(itertools.islice(_values(name, text), MAX_SWEEP_RUNS + 1))
    if len(values) > MAX_SWEEP_RUNS:
        more = f"> {MAX_SWEEP_RUNS:,}"
        raise InvalidError(
            "sweep_too_many_runs", given=more, limit=MAX_SWEEP_RUNS, name=shown(name, 60)
        )
    return values


def parse_typed(typed: Mapping[str, str]) -> dict[str, Sequence[Any]]:
    """Read the axes that a form names by their field.

    Raises
    ------
    InvalidError
        As :func:`parse_values`, with ``parameter`` for the field that is at fault.
    """
    grid: dict[str, Sequence[Any]] = {}
    for name, text in typed.items():
        try:
            grid[name] = parse_values(name, text)
        except InvalidError as error:
            raise InvalidError(error.code, **error.details, parameter=name[:60]) from error
    return grid


def _range(name: str, first: str, last: str, step: str | None) -> range:
    """Return a range that includes its last number, as people mean it."""
    start, stop, by = int(first), int(last), int(step or 1)
    values = range(start, stop + (1 if by > 0 else -1), by) if by else range(0)
    if not by or (stop - start) * by < 0:
        raise InvalidError("grid_range_empty", name=shown(name, 60), given=f"{first}..{last}")
    return values


def _values(name: str, text: str) -> Iterable[Any]:
    place = 0
    while True:
        begun = _NESTED.match(text, place)
        if begun is not None:
            value, place, is_last = _nested(name, text, begun.start(1))
            yield value
            if is_last:
                return
            continue
        found = _VALUE.match(text, place)
        if found is None:  # something stands after a closing quote
            raise InvalidError("grid_unreadable", given=shown(f"{name}={text}", 60))
        single, double, plain, end = found.groups()
        plain = plain and plain.strip()
        if single is not None or double is not None:
            yield single.replace("''", "'") if single is not None else double.replace('""', '"')
        elif not plain:
            raise InvalidError("grid_value_missing", name=shown(name, 60))
        else:
            yield typed(plain)
        if not end:
            return
        place = found.end()


def _nested(name: str, text: str, place: int) -> tuple[Any, int, bool]:
    """Read a list or an object, which holds commas of its own, as JSON."""
    try:
        value, place = _JSON.raw_decode(text, place)
    except (ValueError, RecursionError) as error:
        raise InvalidError("grid_unreadable", given=shown(f"{name}={text}", 60)) from error
    after = _AFTER.match(text, place)
    if after is None:
        raise InvalidError("grid_unreadable", given=shown(f"{name}={text}", 60))
    return value, after.end(), not after[1]


def parse_grid(axes: Iterable[str]) -> dict[str, Sequence[Any]]:
    """Read several axes; a name stands once.

    Raises
    ------
    InvalidError
        As :func:`parse_axis`, and ``sweep_name_twice``.
    """
    grid: dict[str, Sequence[Any]] = {}
    for text in axes:
        name, values = parse_axis(text)
        if name in grid:
            raise InvalidError("sweep_name_twice", name=shown(name, 60))
        grid[name] = values
    return grid


def count_runs(grid: Mapping[str, Sequence[Any]], rows: int = 1) -> int:
    """Return how many runs a grid makes for each of so many rows of a table, writing none out.

    Raises
    ------
    InvalidError
        ``sweep_empty``; ``sweep_too_many_runs`` with the number, the limit and the longest axis.
    """
    sizes = {name: len(values) for name, values in grid.items()}
    count = math.prod(sizes.values()) * rows
    if count == 0:
        raise InvalidError(
            "sweep_empty", name=next((n for n, size in sizes.items() if not size), "")
        )
    if count > MAX_SWEEP_RUNS:
        longest = max(sizes, key=lambda name: sizes[name]) if sizes else "-"
        # Whole numbers beyond some thousand digits cannot even be written out.
        given = f"{count:,}" if count < 10**18 else f"10^{int(count.bit_length() * 0.30103)}"
        raise InvalidError("sweep_too_many_runs", given=given, limit=MAX_SWEEP_RUNS, name=longest)
    return count


def short(value: Any) -> str:
    """Return a value as people read it in a table."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
