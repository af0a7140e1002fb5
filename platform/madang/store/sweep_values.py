"""What the runs of a sweep were given and recorded, read for pictures and comparisons.

Single values are picked out by the database: what ten thousand runs recorded together may be more
than anybody wants in memory.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, cast, func, select

from madang.domain.run import RunState
from madang.store.sweep_sorting import keys_of, value_of
from madang.store.tables import runs

NAMES_FROM = 100
"""Runs that have succeeded in which names are looked for."""

_TEXT_CHARS = 60
_IN_TABLE = runs.c.is_superseded.is_(False)


class Point(NamedTuple):
    """Two values of one run; the second is always a number."""

    x: float | str
    y: float


class Measured(NamedTuple):
    """One run for a comparison: its parameters as they are kept, its time, its numbers by name."""

    position: int
    parameters: str
    duration_ms: float | None
    numbers: list[float | None]


class SweepValues:
    """Values of a sweep's runs by their names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def names(self, sweep: str) -> tuple[list[str], list[str]]:
        """Return names of parameters and of recorded values, as the first runs have them."""
        table = (runs.c.sweep == sweep, _IN_TABLE)
        done = select(runs.c.recorded).where(*table, runs.c.state == RunState.SUCCEEDED)
        found: dict[str, None] = {}
        for recorded in self._connection.scalars(done.order_by(runs.c.position).limit(NAMES_FROM)):
            found.update(dict.fromkeys(recorded))
        first = select(runs.c.parameters).where(*table).limit(1)
        return list(self._connection.scalars(first).first() or ()), list(found)

    def points(self, sweep: str, x: str, y: str) -> list[Point]:
        """Return the runs that have both values, by position.

        Parameters
        ----------
        x
            ``parameter:<name>`` or ``recorded:<name>``; texts are cut to what a picture can show.
        y
            The same, or ``duration`` in ms.
        """
        dialect = self._connection.dialect.name
        number, text = value_of(x, dialect)
        query = (
            select(number, func.substr(text, 1, _TEXT_CHARS), keys_of(y, dialect)[0])
            .where(runs.c.sweep == sweep, _IN_TABLE)
            .order_by(runs.c.position)
        )
        found = []
        for across, word, up in self._connection.execute(query).fetchall():
            place = _number(across) if word is None else word
            value = _number(up)
            if value is not None and place is not None:
                found.append(Point(place, value))
        return found

    def measured(self, sweep: str, names: Sequence[str]) -> list[Measured]:
        """Return all runs of the table by position, with what they recorded under some names."""
        dialect = self._connection.dialect.name
        numbers = [value_of(f"recorded:{name}", dialect)[0] for name in names]
        query = (
            select(
                runs.c.position,
                cast(runs.c.parameters, Text()),
                runs.c.ended_ms - runs.c.started_ms,
                *numbers,
            )
            .where(runs.c.sweep == sweep, _IN_TABLE)
            .order_by(runs.c.position)
        )
        return [
            Measured(position, parameters, _number(took), [_number(one) for one in more])
            for position, parameters, took, *more in self._connection.execute(query).fetchall()
        ]


def _number(value: Any) -> float | None:
    """Return a number of either database as one that can be drawn."""
    if value is None:
        return None
    made = float(value)
    return made if math.isfinite(made) else None
