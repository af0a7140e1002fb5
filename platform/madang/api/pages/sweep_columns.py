"""Columns of the table on a sweep's page, and the orders that its rows can be put in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from madang.domain.sweep_grid import short
from madang.domain.sweep_orders import is_value

COLUMNS_SHOWN = 6
"""Recorded values side by side; more would leave no room for the rest of the table."""

VALUE_CHARS = 40
_GROUP_CHARS = 40
_OWN = ("position", "duration", "ended")


@dataclass(frozen=True, slots=True)
class Order:
    """In which order rows stand; in an address a sign before the column says "largest first"."""

    written: str
    column: str
    is_descending: bool

    @classmethod
    def asked(cls, written: str) -> Self:
        """Read an address, which people type too; what is no order is that of submission."""
        column = written.removeprefix("-")
        if is_value(column):
            return cls(written, column, written.startswith("-"))
        own = written if written in _OWN else _OWN[0]
        return cls(own, own, own != _OWN[0])


def orders(page: Mapping[str, Any], chosen: Order) -> list[dict[str, Any]]:
    """Return what rows can be ordered by, in groups; one that was asked for is always there."""
    groups = [{"label": "", "options": [_option(name, "", name) for name in _OWN]}]
    for part in ("recorded", "parameter"):
        names = list(page[f"{part}_names"])
        asked, _, name = chosen.column.partition(":")
        if asked == part and name not in names:
            names.append(name)
        options = [
            _option(f"{sign}{part}:{name}", name, words)
            for name in names
            for sign, words in (("", "rising"), ("-", "falling"))
        ]
        if options:
            groups.append({"label": f"sweep.of_{part}", "options": options})
    return groups


def _option(value: str, name: str, words: str) -> dict[str, str]:
    return {"value": value, "name": name[:VALUE_CHARS], "words": words}


def columns_shown(names: Sequence[str], asked: str) -> dict[str, Any]:
    """Return which recorded values have a column: a group of names, chosen by its number."""
    starts = range(0, len(names), COLUMNS_SHOWN)
    groups = [list(names[start : start + COLUMNS_SHOWN]) for start in starts]
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 3 else 0
    chosen = number if number < len(groups) else 0
    labels = [", ".join(group) for group in groups] if len(groups) > 1 else []
    return {
        "shown": groups[chosen] if groups else [],
        "chosen": chosen,
        "groups": [x if len(x) <= _GROUP_CHARS else x[: _GROUP_CHARS - 1] + "…" for x in labels],
    }


def named(values: Mapping[str, Any], chars: int = 4_096) -> list[dict[str, str]]:
    """Return values with their names, cut where they are too long."""
    return [{"name": name, "value": short(value)[:chars]} for name, value in values.items()]


def recorded_cells(recorded: Mapping[str, Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return a cell for each column; a dash where the run has recorded nothing."""
    return [
        {
            "name": name,
            "value": _cell(recorded[name]) if name in recorded else "–",
            "is_number": isinstance(recorded.get(name), int | float),
        }
        for name in columns
    ]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return short(value)[:VALUE_CHARS]
