"""Column types, and the one way in which rows become domain data and back.

A table that keeps a dataclass names its columns like the dataclass's fields, and the types here
turn enums, tuples and mappings into what a database can hold. So no repository converts by hand.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import JSON, ColumnElement, Dialect, Row, String, Table, TypeDecorator

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)
else:
    Record = TypeVar("Record")

Member = TypeVar("Member", bound=StrEnum)
T = TypeVar("T")

Known = dict[Hashable, Any] | None
"""What was read in a transaction that sees one moment; None in one that may change it."""

ID_LENGTH = 48
JSON_DATA = JSON(none_as_null=True)
"""JSON where None is NULL, so that ``IS NULL`` means what it says."""


class EnumText(TypeDecorator[StrEnum]):
    """A string enum, kept as its value."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__(24)
        self.kind = kind

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Refuse what is no member, rather than keep a word that no code understands."""
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """Return the member."""
        return None if value is None else self.kind(value)


class TextTuple(TypeDecorator[tuple[str, ...]]):
    """A short tuple of strings, kept as a JSON list."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the JSON list."""
        return None if value is None else json.dumps(list(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002
        """Return the tuple."""
        return None if value is None else tuple(json.loads(value))


def columns_of(table: Table, record: type["DataclassInstance"]) -> list[ColumnElement[Any]]:
    """Return the columns of ``table`` that hold the fields of a dataclass, in field order."""
    return [table.c[item.name] for item in fields(record)]


def read_as(record: type[Record], row: Row[Any]) -> Record:
    """Return a row that was selected by :func:`columns_of` as its dataclass."""
    return record(**dict(zip(_names(record), row, strict=True)))


@cache
def _names(record: type["DataclassInstance"]) -> tuple[str, ...]:
    # Asked of the class, not of each row: a row's own mapping is half as fast.
    return tuple(item.name for item in fields(record))


def values_of(record: "DataclassInstance") -> dict[str, Any]:
    """Return the column values of a dataclass."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def members_of(kind: type[Member], given: str | Iterable[str]) -> list[Member]:
    """Return one enum member, or several, as a list; a string enum is itself iterable."""
    return [kind(given)] if isinstance(given, str) else [kind(item) for item in given]


def once(known: Known, key: Hashable, read: Callable[[], T]) -> T:
    """Return what was read under a key before, where that cannot have changed since."""
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    return known[key]  # type: ignore[no-any-return]
