"""How both databases put the runs of a sweep in an order of :mod:`madang.domain.sweep_orders`.

The name of a value goes to the database as a value and never as part of a statement.
"""

import re
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Text, case, cast, func, literal, select

from madang.domain.sweep_orders import SORTS
from madang.store.tables import runs

_COLUMNS = {"parameter": runs.c.parameters, "recorded": runs.c.recorded}
_PLAIN = re.compile("[A-Za-z0-9_]+")
_NUL = "\\u0000"
"""How JSON writes the one sign that PostgreSQL reads in no text."""


def keys_of(sort: str, dialect: str) -> list[ColumnElement[Any]]:
    """Return what to order by, the first first; what has no value is NULL in all of them."""
    if sort not in SORTS:
        return list(value_of(sort, dialect))
    plain: dict[str, ColumnElement[Any]] = {
        "position": runs.c.position,
        "state": runs.c.state,
        "started": runs.c.started_ms,
        "ended": runs.c.ended_ms,
        "duration": runs.c.ended_ms - runs.c.started_ms,
    }
    return [plain[sort]]


def value_of(asked: str, dialect: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return a value as a number (true is 1), and as a text where it is none; NULL if neither."""
    part, _, name = asked.partition(":")
    column = _COLUMNS[part]
    return _in_sqlite(column, name) if dialect == "sqlite" else _in_postgresql(column, name)


def _in_sqlite(
    column: ColumnElement[Any], name: str
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if _PLAIN.fullmatch(name):
        value = func.json_extract(column, f'$."{name}"')
        kind = func.typeof(value)
        return (
            case((kind.in_(["integer", "real"]), value)),
            case((kind == "text", value)),
        )
    # By its members, since a path into JSON has no way to write every name; half as quick.
    each = func.json_each(column).table_valued("key", "value", "type")

    def found(*kinds: str) -> ColumnElement[Any]:
        query = select(each.c.value).where(each.c.key == name, each.c.type.in_(kinds)).limit(1)
        return query.correlate(runs).scalar_subquery()

    return found("integer", "real", "true", "false"), found("text", "array", "object")


def _in_postgresql(
    column: ColumnElement[Any], name: str
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    asked = cast(literal(name, Text()), Text())
    member = column.op("->", return_type=Text())(asked)
    readable = func.strpos(cast(column, Text()), _NUL) == 0
    kind = case((readable, func.json_typeof(member)))
    written = cast(member, Text())
    number = case(
        (kind == "number", cast(written, Numeric())),
        (kind == "boolean", case((written == "true", 1), else_=0)),
    )
    text = case(
        (kind == "string", column.op("->>", return_type=Text())(asked)),
        (kind.in_(["array", "object"]), written),
    )
    return number, text
