"""From a grid and a table to the parameters of each run: every row with every point of the grid.

The client plans before it sends and the service plans before it keeps, with the same functions.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from madang.domain.run_inputs import check_declared, check_parameters
from madang.domain.shown import shown
from madang.domain.sweep import MAX_SWEEP_BYTES
from madang.domain.sweep_grid import count_runs
from madang.domain.wanted import NOTHING, Wanted, check_wanted
from madang.errors import InvalidError


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """What makes the runs of a sweep.

    Attributes
    ----------
    grid
        Values by name; the last name changes fastest.
    table
        Columns of one length; a row for each run, or for each point of the grid.
    fixed
        The same for all.
    """

    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    table: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def count(self) -> int:
        """Return the number of runs; refuses too many before any is written out.

        Raises
        ------
        InvalidError
            ``sweep_empty``, ``sweep_too_many_runs``, ``sweep_name_twice``.
        """
        names = [*self.fixed, *self.table, *self.grid]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidError("sweep_name_twice", name=shown(twice, 60))
        if not self.grid and not self.table:
            raise InvalidError("sweep_empty", name="")
        rows = min((len(column) for column in self.table.values()), default=1)
        return count_runs(self.grid, rows)

    def names(self) -> list[str]:
        """Return the parameters that differ between runs, in order."""
        return [*self.table, *self.grid]

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield the parameters of each run, in order, one at a time."""
        rows = zip(*self.table.values(), strict=True) if self.table else iter([()])
        for row in rows:
            given = {**self.fixed, **dict(zip(self.table, row, strict=True))}
            for point in itertools.product(*self.grid.values()):
                yield {**given, **dict(zip(self.grid, point, strict=True))}

    def checked(self, declared: list[str] | None, wanted: Wanted = NOTHING) -> list[dict[str, Any]]:
        """Return the parameters of all runs after each was checked as a single run's would be.

        Raises
        ------
        InvalidError
            As :meth:`count`, ``check_parameters``, ``check_declared`` and ``check_wanted``;
            ``sweep_too_large`` when they are too large together, which one large value in a grid
            soon makes them.
        """
        self.count()
        check_declared(dict.fromkeys([*self.fixed, *self.names()]), declared)
        return check_points(self.points(), wanted)


def check_points(
    points: Iterable[Mapping[str, Any]], wanted: Wanted = NOTHING
) -> list[dict[str, Any]]:
    """Return the parameters of all runs after each was checked, and all of them together.

    Raises
    ------
    InvalidError
        As ``check_parameters`` and ``check_wanted``; ``sweep_too_large``.
    """
    found: list[dict[str, Any]] = []
    size = 0
    for point in points:
        found.append(check_parameters(point))
        check_wanted(point, wanted)
        size += len(json.dumps(point, ensure_ascii=False).encode())
        if size > MAX_SWEEP_BYTES:
            raise InvalidError("sweep_too_large", limit_bytes=MAX_SWEEP_BYTES)
    return found
