"""Values of an axis written as people type them; read again they are the same."""

import json
from collections.abc import Sequence
from typing import Any

from madang.domain.sweep_grid import parse_values, typed
from madang.errors import InvalidError

MAX_CHARS = 300
"""What is longer nobody would change by hand."""

_RANGE_FROM = 4


def written(values: Sequence[Any]) -> str:
    """Return values with commas between them, or as a range; empty where that cannot be read back.

    Examples
    --------
    >>> written([0.1, "adam", "a,b", [64, 64], True])
    "0.1, adam, 'a,b', [64, 64], True"
    >>> written([0, 1, 2, 3])
    '0..3'
    """
    text = _range(values) or ", ".join(map(_word, values))
    if len(text) > MAX_CHARS:
        return ""
    try:
        read = list(parse_values("x", text))
    except InvalidError:
        return ""
    # As JSON, since 1 and True are no difference to Python.
    return text if json.dumps(read) == json.dumps(list(values)) else ""


def _range(values: Sequence[Any]) -> str:
    if len(values) < _RANGE_FROM or any(type(value) is not int for value in values):
        return ""
    first, last = values[0], values[-1]
    return f"{first}..{last}" if list(values) == list(range(first, last + 1)) else ""


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value if _is_plain(value) else "'" + value.replace("'", "''") + "'"


def _is_plain(value: str) -> bool:
    if not value or value != value.strip() or "," in value or value[0] in "'\"[{" or ".." in value:
        return False
    try:
        return bool(typed(value) == value)
    except InvalidError:
        return False
