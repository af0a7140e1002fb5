"""Statements of searches, whose parameters are named as what is asked for.

Making a statement costs as much as carrying it out, and the reconcile loop asks the same few at
every look: repositories keep one statement for each set of names, and hand over the values alone.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, bindparam


def given(**asked: Any) -> dict[str, Any]:
    """Return what is asked for; None is no question."""
    return {name: value for name, value in asked.items() if value is not None}


def conditions(
    asked: Collection[str], one: Mapping[str, Column[Any]], several: Mapping[str, Column[Any]]
) -> list[ColumnElement[bool]]:
    """Return the conditions of a search for the names that are asked for.

    Parameters
    ----------
    one
        Columns that are compared with one value, by the name of its parameter.
    several
        Columns that are looked up in a list.
    """
    equal = [column == bindparam(name) for name, column in one.items() if name in asked]
    among = [
        column.in_(bindparam(name, expanding=True))
        for name, column in several.items()
        if name in asked
    ]
    return equal + among
