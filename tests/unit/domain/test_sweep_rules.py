"""Grids, tables and plans of sweeps: what is read, what is refused, and how fast it is refused."""

import contextlib
import csv
import io
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.domain.run import FINAL_RUN_STATES, RunState
from madang.domain.sweep import (
    FINAL_SWEEP_STATES,
    MAX_RUNS_PER_DEVICE,
    MAX_SWEEP_RUNS,
    Sweep,
    SweepState,
    expected_end_ms,
    slots_wanted,
    sweep_state,
)
from madang.domain.sweep_grid import parse_axis, parse_grid, parse_typed
from madang.domain.sweep_plan import SweepPlan
from madang.domain.sweep_table import read_csv, read_json
from madang.errors import InvalidError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | FINITE
COUNTS = st.dictionaries(st.sampled_from([str(s) for s in RunState]), st.integers(0, 9))


def code(reading: Any, *given_: Any) -> str:
    with pytest.raises(InvalidError) as refused:
        reading(*given_)
    return refused.value.code


# -- grids ---------------------------------------------------------------------------------------


@given(st.lists(SCALARS | st.text(max_size=20), min_size=1, max_size=8))
def test_every_value_comes_back_as_it_was_written(values: list[Any]) -> None:
    """What is quoted is text whatever it looks like; what is not has the type it looks like."""
    written = [
        "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
        for value in values
    ]
    name, found = parse_axis("a=" + ",".join(written))
    assert name == "a"
    assert list(found) == values
    assert [type(value) for value in found] == [type(value) for value in values]


@given(st.integers(-1000, 1000), st.integers(0, 1000), st.integers(1, 50))
def test_both_ends_of_a_range_belong_to_it(first: int, more: int, step: int) -> None:
    up = parse_axis(f"seed={first}..{first + more}..{step}")[1]
    down = parse_axis(f"seed={first + more}..{first}..-{step}")[1]
    assert list(up) == [n for n in range(first, first + more + 1) if (n - first) % step == 0]
    assert (down[0], len(down)) == (first + more, len(up))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "grid_unreadable"),
        ("a=[1,2", "grid_unreadable"),
        ("a=[1]x", "grid_unreadable"),
        ("a=['x']", "grid_unreadable"),
        ("a=[NaN]", "grid_value_not_finite"),
        ("a=" + "[" * 60_000, "grid_unreadable"),
        ("a=[1],", "grid_value_missing"),
        ("=1", "grid_unreadable"),
        ("a='x'y", "grid_unreadable"),
        ("a=", "grid_value_missing"),
        ("a=1,,2", "grid_value_missing"),
        ("a=1,", "grid_value_missing"),
        ("a=nan", "grid_value_not_finite"),
        ("a=1,-inf", "grid_value_not_finite"),
        ("a=1e999", "grid_value_not_finite"),
        ("a=9..0", "grid_range_empty"),
        ("a=0..9..0", "grid_range_empty"),
        ("a=0..9..-1", "grid_range_empty"),
    ],
)
def test_a_grid_that_can_be_read_in_two_ways_is_refused(text: str, expected: str) -> None:
    assert code(parse_axis, text) == expected


def test_types_are_those_of_papermill() -> None:
    values = parse_axis("a=1,1.0,1e-3,True,None,true,adam,'1'")[1]
    assert list(values) == [1, 1.0, 0.001, True, None, "true", "adam", "1"]


def test_a_name_stands_once() -> None:
    assert code(parse_grid, ["a=1", "a=2"]) == "sweep_name_twice"
    plan = SweepPlan(grid={"a": [1]}, table={"a": [2]})
    assert code(plan.count) == "sweep_name_twice"


@pytest.mark.parametrize(
    "axes",
    [
        ["seed=0..999999999"],
        [f"a{n}=0..9" for n in range(9)],
        [f"a{n}=0..999999999999999999" for n in range(256)],
    ],
)
def test_a_grid_of_a_billion_runs_is_refused_at_once(axes: list[str]) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidError, match="sweep_too_many_runs") as refused:
        SweepPlan(grid=parse_grid(axes)).count()
    assert time.monotonic() - began < 0.5
    assert refused.value.details["limit"] == MAX_SWEEP_RUNS
    assert len(refused.value.details["given"]) < 30


def test_fields_of_a_form_are_read_as_the_grid_of_the_command_line_is() -> None:
    typed = {"lr": " 0.1, 0.01 ", "seed": "0..9", "name": "'a,b', c", "on": "True"}
    found = {name: list(values) for name, values in parse_typed(typed).items()}
    assert found == {name: list(parse_axis(f"{name}={text}")[1]) for name, text in typed.items()}
    with pytest.raises(InvalidError) as refused:
        parse_typed({"lr": "0.1", "seed": "1,,2"})
    assert (refused.value.code, refused.value.details["parameter"]) == (
        "grid_value_missing",
        "seed",
    )
    assert code(parse_typed, {"x": " 'a'b"}) == "grid_unreadable"
    assert parse_axis('x=[64, 64] , {"a": [1]},3') == ("x", [[64, 64], {"a": [1]}, 3])


@pytest.mark.parametrize("text", [" " * 60_000 + "'x'y", "a" + " " * 60_000 + "b", "'" * 60_001])
def test_a_long_field_takes_no_longer_than_its_length(text: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(InvalidError):
        parse_typed({"x": text})
    assert time.perf_counter() - began < 1


def test_a_list_that_is_longer_than_any_sweep_is_not_read_to_its_end() -> None:
    assert code(parse_typed, {"x": "1," * 30_000}) == "sweep_too_many_runs"
    assert code(read_csv, ",".join(f"a{n}" for n in range(300)) + "\n") == "parameters_too_many"


# -- tables --------------------------------------------------------------------------------------


@given(
    st.lists(
        st.fixed_dictionaries({"a": SCALARS, "b": st.text(min_size=1, max_size=9)}), min_size=1
    )
)
def test_rows_and_columns_of_json_say_the_same(rows: list[dict[str, Any]]) -> None:
    columns = {name: [row[name] for row in rows] for name in ("a", "b")}
    assert read_json(json.dumps(rows)) == read_json(json.dumps(columns)) == columns


@given(st.lists(st.tuples(SCALARS, st.sampled_from(["a,b", 'say "x"', "둘\n줄"])), min_size=1))
def test_a_csv_reads_back_what_was_written(rows: list[tuple[Any, str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([("a", "b"), *((repr(a), b) for a, b in rows)])
    assert read_csv("\ufeff" + out.getvalue()) == {
        "a": [a for a, _ in rows],
        "b": [b for _, b in rows],
    }


@pytest.mark.parametrize(
    ("reading", "text", "expected"),
    [
        (read_csv, "", "sweep_empty"),
        (read_csv, "a,b\n", "sweep_empty"),
        (read_csv, "a,a\n1,2\n", "sweep_name_twice"),
        (read_csv, "a, a\n1,2\n", "sweep_name_twice"),
        (read_csv, ",a\n0,1\n", "table_name_missing"),
        (read_csv, "a, \n1,2\n", "table_name_missing"),
        (read_json, '[{"": 1}]', "table_name_missing"),
        (read_json, '{"a": [1], "": [1]}', "table_name_missing"),
        (read_csv, "a,b\n1\n", "table_row_uneven"),
        (read_csv, "a,b\n1,2,3\n", "table_row_uneven"),
        (read_csv, "a,b\n1,\n", "table_value_missing"),
        (read_csv, "a\nNaN\n", "grid_value_not_finite"),
        (read_csv, 'a\n"x"y\n', "table_unreadable"),
        (read_csv, "a\n" + "x" * 100_000, "parameters_too_large"),
        (read_csv, "a\n" + "x" * 1_000_000, "parameters_too_large"),
        (read_csv, "a\n" + "1\n" * (MAX_SWEEP_RUNS + 1), "sweep_too_many_runs"),
        (read_json, "[", "table_unreadable"),
        (read_json, "3", "table_unreadable"),
        (read_json, "[3]", "table_unreadable"),
        (read_json, "[]", "sweep_empty"),
        (read_json, '[{"a": 1}, {"b": 1}]', "table_value_missing"),
        (read_json, '{"a": [1, 2], "b": [1]}', "table_value_missing"),
        (read_json, '[{"a": 1, "a": 2}]', "sweep_name_twice"),
        (read_json, '[{"a": NaN}]', "grid_value_not_finite"),
        (read_json, "[" * 100_000, "table_unreadable"),
        (read_json, json.dumps([{"a": 1}] * (MAX_SWEEP_RUNS + 1)), "sweep_too_many_runs"),
    ],
)
def test_a_table_that_leaves_something_open_is_refused(
    reading: Any, text: str, expected: str
) -> None:
    assert code(reading, text) == expected


# -- plans ---------------------------------------------------------------------------------------


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(), min_size=1, max_size=4)),
    st.integers(0, 4),
)
def test_each_row_meets_each_point_once_and_in_order(grid: dict[str, Any], rows: int) -> None:
    table = {"row": list(range(rows))} if rows else {}
    plan = SweepPlan(grid=grid, table=table, fixed={"k": 1})
    if not grid and not table:
        assert code(plan.count) == "sweep_empty"
        return
    points = list(plan.points())
    assert len(points) == plan.count() == math.prod(map(len, grid.values())) * max(1, rows)
    assert all(set(point) == {"k", *plan.names()} for point in points)
    if rows:
        assert [p["row"] for p in points] == sorted(p["row"] for p in points)
    if grid:
        last = list(grid)[-1]
        assert [p[last] for p in points[: len(grid[last])]] == grid[last]


def test_what_is_too_large_only_together_is_refused() -> None:
    plan = SweepPlan(grid={"a": ["x" * 60_000], "b": range(9_999)})
    assert code(plan.checked, ["a", "b"]) == "sweep_too_large"
    assert code(SweepPlan(grid={"a": ["x" * 1_000_000]}).checked, ["a"]) == "parameters_too_large"


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ({"b": [1]}, "parameters_undeclared"),
        ({"a": [float("nan")]}, "parameters_not_json"),
        ({"a": []}, "sweep_empty"),
    ],
)
def test_each_run_is_checked_as_a_single_one_would_be(grid: Any, expected: str) -> None:
    assert code(SweepPlan(grid=grid).checked, ["a"]) == expected


def test_a_name_that_is_no_python_name_is_refused() -> None:
    assert code(SweepPlan(grid={"a b": [1]}).checked, ["a b"]) == "parameter_name_invalid"


# -- states --------------------------------------------------------------------------------------


@given(COUNTS, st.booleans())
def test_a_sweep_has_ended_exactly_when_all_its_runs_have(
    counts: dict[str, int], is_paused: bool
) -> None:
    left = sum(n for state, n in counts.items() if state not in FINAL_RUN_STATES)
    state = sweep_state(counts, is_paused)
    assert (state in FINAL_SWEEP_STATES) == (left == 0)
    if state is SweepState.SUCCEEDED:
        assert all(n == 0 or name == "succeeded" for name, n in counts.items())


@given(
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(1, 256),
    st.integers(1, MAX_RUNS_PER_DEVICE),
    st.booleans(),
    st.data(),
)
def test_slots_never_pass_the_limit_nor_what_waits(
    waiting: int, working: int, most: int, lanes: int, is_paused: bool, data: st.DataObject
) -> None:
    free = data.draw(st.integers(0, working * (lanes - 1)))
    sweep = Sweep(
        id="s",
        person="p",
        project="q",
        name="n",
        notebook_sha256="",
        flavor="cpu",
        devices=0,
        limit_ms=1,
        max_parallel=most,
        submitted_ms=0,
        is_paused=is_paused,
        runs_per_device=lanes,
    )
    more = slots_wanted(sweep, waiting, working, free)
    assert more == 0 or working + more <= most
    assert not (is_paused and more)
    # Each of them has something to do, and nothing waits for one that could still be opened.
    assert more == 0 or (more - 1) * lanes + free < waiting
    assert is_paused or working + more >= most or more * lanes + free >= waiting
    if lanes == 1:
        assert 0 <= more <= waiting


def test_the_end_is_expected_from_what_runs_took() -> None:
    counts = {"succeeded": 10, "running": 2, "queued": 9}
    assert expected_end_ms(counts, 10 * 60_000, 1_000) == 1_000 + 5 * 60_000
    assert expected_end_ms({"queued": 5, "running": 1}, 0, 1_000) is None
    assert expected_end_ms({"succeeded": 5, "queued": 1}, 5, 1_000) is None
