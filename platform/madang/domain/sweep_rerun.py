"""From the parameters of a sweep that is there to those of one that is like it but for some.

What is named anew by a grid, a table or a fixed value takes the place of the old values: each set
of the others that was there meets each new point. What is overridden changes in every row.
"""

import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

from madang.domain.run_inputs import check_declared
from madang.domain.sweep_grid import count_runs
from madang.domain.sweep_plan import SweepPlan, check_points
from madang.domain.wanted import NOTHING, Wanted
from madang.errors import InvalidError

Point = Mapping[str, Any]


def changed_points(
    old: Sequence[Point],
    plan: SweepPlan,
    overrides: Point,
    declared: list[str] | None,
    wanted: Wanted = NOTHING,
) -> list[dict[str, Any]]:
    """Return the parameters of each run of the new sweep, checked as a single run's would be.

    Parameters
    ----------
    old
        Parameters of the runs that were there, in order.
    plan
        What is named anew; nothing of it need be given.
    overrides
        Values for every row, whose number stays as it is.
    declared
        Names that the notebook's ``parameters`` cell assigns; None when it has no such cell.
    wanted
        What that cell wants of their values.

    Raises
    ------
    InvalidError
        ``sweep_name_twice``, and as :meth:`SweepPlan.checked`.

    Examples
    --------
    >>> old = [{"lr": 1, "seed": 0}, {"lr": 2, "seed": 0}, {"lr": 1, "seed": 1}]
    >>> declared = ["lr", "seed"]
    >>> changed_points(old, SweepPlan(grid={"lr": [5, 6]}), {}, declared)[1:3]
    [{'seed': 0, 'lr': 6}, {'seed': 1, 'lr': 5}]
    >>> changed_points(old, SweepPlan(), {"lr": 9}, declared)[:2]
    [{'lr': 9, 'seed': 0}, {'lr': 9, 'seed': 0}]
    """
    named = [*plan.fixed, *plan.names()]
    twice = next((name for name in named if name in overrides), None)
    if twice is not None:
        raise InvalidError("sweep_name_twice", name=twice[:60])
    if plan.names():
        plan.count()
    check_declared(dict.fromkeys([*named, *overrides]), declared)
    rests = _without(old, set(named))
    rows = min((len(column) for column in plan.table.values()), default=1)
    # Counted before anything is written out.
    count_runs(plan.grid, rows * len(rests))
    new = list(plan.points())
    points = [{**rest, **point, **overrides} for rest in rests for point in new]
    return check_points(points, wanted)


def _without(old: Sequence[Point], named: Set[str]) -> list[dict[str, Any]]:
    """Return what is left of each row, each kind once; all rows where nothing is taken out."""
    if not named:
        return [dict(row) for row in old]
    left = ({key: value for key, value in row.items() if key not in named} for row in old)
    return list({json.dumps(row, sort_keys=True): row for row in left}.values())
