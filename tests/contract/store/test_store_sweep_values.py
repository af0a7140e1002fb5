"""Rows of a sweep in the order of a parameter or a recorded value, alike in both databases."""

import time
from typing import Any

import pytest

from madang.domain.project import Person, Project
from madang.domain.run import Run, RunState
from madang.domain.sweep import Sweep
from madang.domain.sweep_orders import is_sort
from madang.store import Store
from madang.store.sweep_values import Point

NOW = 1_790_000_000_000
ODD = 'it\'s "odd" $.[0]\\ :손실%'


@pytest.fixture
def sweep(ada: Person, project: Project) -> Sweep:
    return Sweep(
        id="sweep-1",
        person=ada.id,
        project=project.id,
        name="s",
        notebook_sha256="a" * 64,
        flavor="h200",
        devices=1,
        limit_ms=60_000,
        max_parallel=4,
        submitted_ms=NOW,
    )


def add(store: Store, sweep: Sweep, *values: tuple[dict[str, Any], dict[str, Any]]) -> None:
    made = [
        Run(
            id=f"run-{position:05}",
            person=sweep.person,
            project=sweep.project,
            name="s",
            notebook_sha256=sweep.notebook_sha256,
            parameters=parameters,
            flavor="h200",
            devices=1,
            limit_ms=60_000,
            submitted_ms=NOW,
            started_ms=NOW,
            ended_ms=NOW + position,
            state=RunState.SUCCEEDED,
            sweep=sweep.id,
            position=position,
            recorded=recorded,
        )
        for position, (parameters, recorded) in enumerate(values)
    ]
    store.write_now(lambda tx: tx.sweeps.add(sweep, made))


def order(store: Store, sort: str, is_descending: bool = False, **more: Any) -> list[int]:
    found = store.read_now(
        lambda tx: tx.sweeps.page("sweep-1", sort=sort, is_descending=is_descending, **more)
    )
    return [run.position for run in found[1]]


@pytest.mark.parametrize("name", ["loss", ODD])
def test_numbers_stand_by_size_then_texts_and_missing_ones_last(
    store: Store, sweep: Sweep, name: str
) -> None:
    values: list[Any] = [10, 9.5, None, "b", -1e-300, True, "a", 10**400, [1], 1e300]
    add(store, sweep, *[({}, {name: value, "other": 1}) for value in values], ({}, {}))
    rising, falling = order(store, f"recorded:{name}"), order(store, f"recorded:{name}", True)
    assert rising[:5] == [4, 5, 1, 0, 9]
    assert falling[1:6] == [9, 0, 1, 5, 4]
    # Both databases hold different texts for greater in a language of their own.
    assert rising[5] == falling[0] == 7
    assert set(rising[6:9]) == set(falling[6:9]) == {3, 6, 8}
    assert rising.index(6) < rising.index(3)
    assert rising[9:] == falling[9:] == [2, 10]
    assert order(store, f"recorded:{name}", offset=2, limit=2) == [1, 0]
    assert order(store, "recorded:nothing") == list(range(11))


def test_parameters_too_and_signs_that_a_database_cannot_read_are_missing(
    store: Store, sweep: Sweep
) -> None:
    rates = [0.1, 0.01, "a\0b", 1]
    add(store, sweep, *[({"lr": rate, "x": "\0" if rate == 1 else ""}, {}) for rate in rates])
    assert order(store, "parameter:lr")[:2] == [1, 0]
    assert order(store, "parameter:x; DROP TABLE runs --") == [0, 1, 2, 3]


def test_points_and_names_are_read_for_pictures(store: Store, sweep: Sweep) -> None:
    add(
        store,
        sweep,
        ({"lr": 0.1, "opt": "x" * 100}, {"loss": 1, ODD: 2}),
        ({"lr": 0.2, "opt": "b"}, {"loss": "text", "late": True}),
        ({"lr": 10**400, "opt": "c"}, {"loss": 3}),
        ({"lr": 0.4, "opt": 5}, {"loss": 10**400}),
    )

    def read(x: str, y: str) -> list[Point]:
        return store.read_now(lambda tx: tx.sweep_values.points("sweep-1", x, y))

    assert read("parameter:lr", "recorded:loss") == [Point(0.1, 1.0)]
    assert read("parameter:lr", f"recorded:{ODD}") == [Point(0.1, 2.0)]
    assert [p.y for p in read("parameter:lr", "duration")] == [0.0, 1.0, 3.0]
    points = read("parameter:opt", "duration")
    assert points[1:] == [Point("b", 1.0), Point("c", 2.0), Point(5.0, 3.0)]
    assert points[0].x == "x" * 60
    names = store.read_now(lambda tx: tx.sweep_values.names("sweep-1"))
    assert names == (["lr", "opt"], ["loss", ODD, "late"])


def test_what_no_database_can_be_asked_is_no_order() -> None:
    assert all(map(is_sort, ("position", "parameter:lr", f"recorded:{ODD}", "recorded:a:b")))
    unfit = ("", "loss", "recorded:", "recorded:\0", "recorded:\ud800", "files:x", "recorded")
    assert not any(map(is_sort, (*unfit, "recorded:" + "x" * 101)))


def test_ten_thousand_rows_are_put_in_order_quickly(store: Store, sweep: Sweep) -> None:
    add(
        store,
        sweep,
        *[
            ({"lr": n % 7 / 10, "seed": n}, {f"v{k}": (n * 7919 + k) % 10_007 for k in range(6)})
            for n in range(10_000)
        ],
    )
    order(store, "recorded:v3", limit=1)
    begun = time.perf_counter()
    assert len(order(store, "recorded:v3", True, limit=50)) == 50
    # The goal for the whole page is 200 ms on a machine of its own; here others work beside.
    assert time.perf_counter() - begun < 1.0
