"""What becomes of a sweep's parameters when some are named anew."""

from typing import Any

import pytest

from madang.domain.sweep_plan import SweepPlan
from madang.domain.sweep_rerun import changed_points
from madang.errors import InvalidError

OLD = [{"lr": lr, "seed": seed, "tag": [1]} for lr in (1, 2) for seed in (0, 1)]
DECLARED = ["lr", "seed", "tag", "n"]


def changed(overrides: dict[str, Any] | None = None, **plan: Any) -> list[dict[str, Any]]:
    return changed_points(OLD, SweepPlan(**plan), overrides or {}, DECLARED)


def test_nothing_named_is_the_same_again() -> None:
    assert changed() == OLD


def test_a_grid_takes_the_place_of_its_names_and_meets_each_set_of_the_others_once() -> None:
    found = changed(grid={"lr": [5, 6]})
    assert [(p["seed"], p["lr"]) for p in found] == [(0, 5), (0, 6), (1, 5), (1, 6)]
    assert all(point["tag"] == [1] for point in found)


def test_a_table_and_a_fixed_value_do_so_too() -> None:
    found = changed(table={"seed": [7, 8], "n": [1, 2]}, fixed={"lr": 3})
    assert [(p["lr"], p["seed"], p["n"]) for p in found] == [(3, 7, 1), (3, 8, 2)]
    assert [p["seed"] for p in changed(fixed={"lr": 3})] == [0, 1]


def test_an_override_changes_every_row_and_takes_none_away() -> None:
    found = changed({"lr": 9, "n": 4})
    assert [(p["lr"], p["seed"], p["n"]) for p in found] == [(9, 0, 4), (9, 1, 4)] * 2


@pytest.mark.parametrize(
    ("overrides", "plan", "code"),
    [
        ({"lr": 1}, {"grid": {"lr": [1]}}, "sweep_name_twice"),
        ({}, {"grid": {"lr": [1]}, "fixed": {"lr": 2}}, "sweep_name_twice"),
        ({"no": 1}, {}, "parameters_undeclared"),
        ({}, {"grid": {"no": [1]}}, "parameters_undeclared"),
        ({}, {"grid": {"n": range(2_501)}}, "sweep_too_many_runs"),
        ({}, {"grid": {"n": range(10**12)}}, "sweep_too_many_runs"),
        ({}, {"grid": {"n": []}}, "sweep_empty"),
        ({"n": "a" * 70_000}, {}, "parameters_too_large"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_written_out(
    overrides: dict[str, Any], plan: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidError, match=code):
        changed(overrides, **plan)
