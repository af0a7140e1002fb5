"""Sweeps in the store: ten thousand runs go in at once, and are counted, moved and paged there."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.domain.project import Person, Project
from madang.domain.run import Run, RunState
from madang.domain.sweep import MAX_PARALLEL, Sweep
from madang.store import Store, Tx

NOW = 1_790_000_000_000
MANY = 10_000


@pytest.fixture
def sweep(ada: Person, project: Project) -> Sweep:
    return Sweep(
        id="sweep-1",
        person=ada.id,
        project=project.id,
        name="학습",
        notebook_sha256="a" * 64,
        flavor="h200",
        devices=2,
        limit_ms=60_000,
        max_parallel=4,
        submitted_ms=NOW,
        files={"data.csv": "b" * 64},
    )


def runs_of(sweep: Sweep, count: int, /, first: int = 0, **changes: Any) -> Iterable[Run]:
    for position in range(first, first + count):
        fields: dict[str, Any] = {
            "id": f"{sweep.id}-run-{position}",
            "person": sweep.person,
            "project": sweep.project,
            "name": sweep.name,
            "notebook_sha256": sweep.notebook_sha256,
            "parameters": {"seed": position, "lr": 0.1, "이름": ["가", None]},
            "flavor": sweep.flavor,
            "devices": sweep.devices,
            "limit_ms": sweep.limit_ms,
            "submitted_ms": sweep.submitted_ms,
            "sweep": sweep.id,
            "position": position,
        }
        yield Run(**{**fields, **changes})


def test_what_goes_in_comes_out_and_its_runs_are_no_runs_of_their_own(
    store: Store, sweep: Sweep
) -> None:
    made = list(runs_of(sweep, 3))
    store.write_now(lambda tx: tx.sweeps.add(sweep, made))

    def check(tx: Tx) -> None:
        assert tx.sweeps.get(sweep.id) == sweep
        assert tx.sweeps.get("sweep-none") is None
        assert tx.sweeps.first_waiting(sweep.id) == made[0] == tx.runs.get(made[0].id)
        expected = [(run.position, run.parameters) for run in made]
        assert tx.sweeps.points(sweep.id, [RunState.QUEUED]) == expected
        assert tx.sweeps.find(person=sweep.person) == tx.sweeps.find(is_open=True) == [sweep]
        assert tx.sweeps.find(projects=[sweep.project], project=sweep.project) == [sweep]
        assert tx.sweeps.find(person="person-none") == tx.sweeps.find(projects=[]) == []
        # What asks for runs of their own never sees those of a sweep.
        assert tx.runs.heads() == tx.runs.find(sweep="") == []
        assert tx.runs.count(RunState.QUEUED, sweep.person) == 0
        assert tx.runs.next_queued(sweep.person, sweep.project, "h200", 2) is None

    store.read_now(check)


def test_a_submit_that_fails_at_its_last_run_leaves_nothing(store: Store, sweep: Sweep) -> None:
    twice = [*runs_of(sweep, 5), *runs_of(sweep, 1)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write_now(lambda tx: tx.sweeps.add(sweep, twice))
    assert store.read_now(lambda tx: tx.sweeps.get(sweep.id)) is None
    assert store.read_now(lambda tx: tx.runs.find(person=sweep.person)) == []


def test_ten_thousand_runs_are_counted_moved_and_paged(store: Store, sweep: Sweep) -> None:
    made = list(runs_of(sweep, MANY))
    # Of the processor: how long it takes by the clock depends on who else is on the machine.
    began = time.process_time()
    store.write_now(lambda tx: tx.sweeps.add(sweep, made))
    took_s = time.process_time() - began
    print(f"{MANY} runs added in {took_s:.2f} s of the processor")
    assert took_s < 5

    def work(tx: Tx) -> None:
        for number, run in enumerate(made[:300]):
            tx.runs.change(
                run.id,
                RunState.QUEUED,
                state=RunState.RUNNING,
                lease=f"lease-{number % 2}",
                started_ms=NOW + number,
            )
        for number, run in enumerate(made[:100]):
            state = RunState.FAILED if number < 10 else RunState.SUCCEEDED
            ended_ms = NOW + number + 1_000 + number
            tx.runs.change(run.id, RunState.RUNNING, state=state, ended_ms=ended_ms)

    store.write_now(work)

    def check(tx: Tx) -> None:
        counts = {"queued": MANY - 300, "running": 200, "failed": 10, "succeeded": 90}
        assert tx.sweeps.counts([sweep.id, "none"]) == {sweep.id: counts, "none": {}}
        slots = {"lease-0": 100, "lease-1": 100}
        assert tx.sweeps.load(sweep.id) == (MAX_PARALLEL, slots)
        assert tx.sweeps.load(sweep.id, 3) == (3 * MAX_PARALLEL, slots)
        assert tx.sweeps.first_waiting(sweep.id) == made[300]
        assert tx.sweeps.waiting_of(sweep.person) == MANY - 300
        assert tx.sweeps.took_ms(sweep.id) == sum(1_000 + n for n in range(100))
        assert tx.sweeps.last_end_ms(sweep.id) == NOW + 1_000 + 2 * 99
        spent = {each.lease: each.ms for each in tx.sweeps.spent(sweep.id, NOW + 500)}
        assert sum(spent.values()) == sum(1_000 + n for n in range(100)) + sum(
            500 - n for n in range(100, 300)
        )
        assert set(spent) == {"lease-0", "lease-1"}
        # Those of a slot overlap: the first began at 0 or 1, and the last ended at 1,198 or later.
        together = {each.lease: each.ms for each in tx.sweeps.spent_together(sweep.id, NOW + 500)}
        assert together == {"lease-0": 1_000 + 2 * 98, "lease-1": 1_000 + 2 * 99 - 1}

    store.read_now(check)
    began = time.monotonic()
    total, rows = store.read_now(
        lambda tx: tx.sweeps.page(sweep.id, sort="duration", is_descending=True, limit=100)
    )
    print(f"a page by duration in {(time.monotonic() - began) * 1000:.0f} ms")
    assert (total, [run.position for run in rows]) == (MANY, list(reversed(range(100))))
    total, rows = store.read_now(
        lambda tx: tx.sweeps.page(sweep.id, state="queued", offset=MANY - 303, limit=100)
    )
    assert (total, [run.position for run in rows]) == (MANY - 300, [9_997, 9_998, 9_999])


def test_the_whole_sweep_ends_and_its_failed_runs_come_again(store: Store, sweep: Sweep) -> None:
    other = runs_of(sweep, 1, sweep="", id="run-own", first=7)
    store.write_now(lambda tx: tx.sweeps.add(sweep, [*runs_of(sweep, 4), *other]))

    def work(tx: Tx) -> tuple[int, int]:
        first = tx.sweeps.first_waiting(sweep.id)
        assert first is not None
        tx.runs.change(first.id, RunState.QUEUED, state=RunState.RUNNING, lease="lease-1")
        ended = tx.sweeps.end_waiting(sweep.id, RunState.CANCELLED, "cancelled", NOW)
        return ended, tx.sweeps.ask_running(sweep.id, "cancelling")

    assert store.write_now(work) == (3, 1)

    def again(tx: Tx) -> None:
        assert tx.sweeps.of_slots(["lease-1", "lease-2"]) == {"lease-1": sweep.id}
        tx.sweeps.supersede(sweep.id, [RunState.CANCELLED])
        tx.sweeps.add_runs(runs_of(sweep, 2, first=2, id="run-again"))

    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write_now(again)

    def well(tx: Tx) -> None:
        tx.sweeps.supersede(sweep.id, [RunState.CANCELLED])
        tx.sweeps.add_runs(runs_of(sweep, 1, first=2, id="run-again"))
        tx.sweeps.change(sweep.id, is_paused=True, summary={"counts": {}}, ended_ms=NOW)

    store.write_now(well)

    def check(tx: Tx) -> None:
        assert tx.sweeps.counts([sweep.id])[sweep.id] == {"running": 1, "queued": 1}
        assert [run.id for run in tx.sweeps.page(sweep.id)[1]] == ["sweep-1-run-0", "run-again"]
        assert tx.runs.find(sweep="")[0].state is RunState.QUEUED
        found = tx.sweeps.get(sweep.id)
        assert found is not None
        assert (found.is_paused, found.summary, found.ended_ms) == (True, {"counts": {}}, NOW)
        assert tx.sweeps.find(is_open=True) == []

    store.read_now(check)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(-2, 20)), max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_time_that_runs_of_a_slot_share_counts_once(
    store: Store, sweep: Sweep, pieces: list[tuple[int, int, int]]
) -> None:
    named = replace(sweep, id=f"sweep-{uuid4().hex[:8]}")
    rows = [
        replace(run, state=RunState.SUCCEEDED, lease=f"l-{lease}", started_ms=at, ended_ms=at + ms)
        for run, (lease, at, ms) in zip(runs_of(named, len(pieces)), pieces, strict=True)
    ]
    store.write_now(lambda tx: tx.sweeps.add(named, rows))
    found = store.read_now(lambda tx: tx.sweeps.spent_together(named.id, 1_000))
    busy = {
        f"l-{lease}": {
            at for other, begun, ms in pieces if other == lease for at in range(begun, begun + ms)
        }
        for lease, _, _ in pieces
    }
    assert {each.lease: each.ms for each in found} == {x: len(ms) for x, ms in busy.items()}
