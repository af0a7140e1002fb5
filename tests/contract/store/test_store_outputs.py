"""Stored outputs in both databases: which are old, which were given up, and which a row needs."""

from typing import Any

import pytest

from madang.domain.project import Person, Project
from madang.domain.run import Run, RunState
from madang.domain.schedule import Schedule
from madang.domain.sweep import Sweep
from madang.store import Store, Tx
from madang.store.outputs import Output

NOW = 1_790_000_000_000
NOTEBOOK, OUTPUT, LOG, FILE, SHARED = (letter * 64 for letter in "abcde")


@pytest.fixture
def add(store: Store, ada: Person, project: Project) -> Any:
    def add(name: str, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "id": name,
            "person": ada.id,
            "project": project.id,
            "name": name,
            "notebook_sha256": NOTEBOOK,
            "parameters": {},
            "flavor": "h200",
            "devices": 1,
            "limit_ms": 60_000,
            "submitted_ms": NOW,
            "state": RunState.SUCCEEDED,
            "ended_ms": NOW,
        }
        store.write_now(lambda tx: tx.runs.add(Run(**{**fields, **changes})))

    return add


def needed(store: Store, *names: str, before_ms: int = 0) -> set[str]:
    return store.read_now(lambda tx: tx.outputs.needed(names, before_ms))


def test_each_way_to_be_needed(store: Store, add: Any, ada: Person, project: Project) -> None:
    assert needed(store, NOTEBOOK, OUTPUT, LOG, FILE, SHARED) == set()
    add("run-1", output_sha256=OUTPUT, files={"data 가.csv": FILE})
    store.write_now(lambda tx: tx.meta.set("log/run-1", LOG))
    store.write_now(lambda tx: tx.meta.set("other", SHARED))
    assert needed(store, NOTEBOOK, OUTPUT, LOG, FILE, SHARED) == {NOTEBOOK, OUTPUT, LOG, FILE}
    # What is only output or log of a run that ended before is left out.
    assert needed(store, OUTPUT, LOG, FILE, before_ms=NOW + 1) == {FILE}
    sweep = Sweep(
        id="sweep-1",
        person=ada.id,
        project=project.id,
        name="s",
        notebook_sha256=OUTPUT,
        flavor="h200",
        devices=1,
        limit_ms=60_000,
        max_parallel=1,
        submitted_ms=NOW,
        files={"x": SHARED},
    )
    store.write_now(lambda tx: tx.sweeps.add(sweep, []))
    assert needed(store, OUTPUT, SHARED, before_ms=NOW + 1) == {OUTPUT, SHARED}


def test_what_a_schedule_will_submit_is_needed(store: Store, ada: Person, project: Project) -> None:
    schedule = Schedule(
        id="schedule-1",
        person=ada.id,
        project=project.id,
        name="nightly",
        cron="0 2 * * *",
        zone="UTC",
        notebook_sha256=NOTEBOOK,
        request_sha256=OUTPUT,
        is_sweep=False,
        is_overlapping=False,
        submitted_ms=NOW,
        next_ms=NOW + 10,
        files={"x": SHARED},
    )
    store.write_now(lambda tx: tx.schedules.add(schedule))
    kept = {NOTEBOOK, OUTPUT, SHARED}
    assert needed(store, NOTEBOOK, OUTPUT, SHARED, LOG, before_ms=NOW + 1) == kept


def test_what_is_given_up_is_doomed_once_and_the_row_stays(store: Store, add: Any) -> None:
    add("run-old", output_sha256=OUTPUT, ended_ms=NOW - 10)
    add("run-log", ended_ms=NOW - 9)
    add("run-none", ended_ms=NOW - 8)
    add("run-new", output_sha256=SHARED)
    add("run-open", output_sha256=SHARED, state=RunState.RUNNING, ended_ms=None)
    store.write_now(lambda tx: tx.meta.set("log/run-log", LOG))
    old = [Output("run-old", OUTPUT, ""), Output("run-log", "", LOG)]
    assert store.read_now(lambda tx: tx.outputs.ended_before(NOW)) == old
    assert store.read_now(lambda tx: tx.outputs.ended_before(NOW, 1)) == old[:1]
    assert store.read_now(lambda tx: tx.outputs.of_run("run-open")) == []

    def give_up(tx: Tx) -> None:
        tx.outputs.give_up(old, NOW + 5, 90)
        tx.outputs.doom([OUTPUT, "", OUTPUT], NOW + 6)

    store.write_now(give_up)
    run = store.read_now(lambda tx: tx.runs.get("run-old"))
    assert run is not None
    assert (run.output_sha256, run.output_deleted_ms, run.output_kept_days) == ("", NOW + 5, 90)
    assert store.read_now(lambda tx: tx.meta.get("log/run-log")) is None
    assert store.read_now(lambda tx: tx.outputs.ended_before(NOW)) == []
    assert store.read_now(lambda tx: tx.outputs.doomed()) == [OUTPUT, LOG]
    assert store.read_now(lambda tx: tx.outputs.doomed(OUTPUT)) == [LOG]
    store.write_now(lambda tx: tx.outputs.forget([OUTPUT]))
    assert store.read_now(lambda tx: tx.outputs.doomed()) == [LOG]
