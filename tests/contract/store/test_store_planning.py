"""Order of waiting runs, results that are there already, and schedules, on both databases."""

from dataclasses import replace
from typing import Any

from madang.domain.project import Person, Project
from madang.domain.run import Run, RunState
from madang.domain.schedule import Schedule
from madang.store import Store

NOW = 1_790_000_000_000


def run_of(person: Person, project: Project, number: int, **more: Any) -> Run:
    fields: dict[str, Any] = {
        "id": f"run-{number}",
        "person": person.id,
        "project": project.id,
        "name": "r",
        "notebook_sha256": "a" * 64,
        "parameters": {},
        "flavor": "h200",
        "devices": 1,
        "limit_ms": 60_000,
        "submitted_ms": NOW + number,
    }
    return Run(**{**fields, **more})


def test_the_highest_priority_is_taken_first_and_what_is_held_is_not(
    store: Store, ada: Person, project: Project
) -> None:
    for number, more in enumerate(
        (
            {},
            {"priority": 2},
            {"priority": 2},
            {"priority": 9, "is_held": True, "after": ("run-0",)},
        )
    ):
        run = run_of(ada, project, number, **more)
        store.write_now(lambda tx, run=run: tx.runs.add(run))
    found = store.read_now(lambda tx: tx.runs.next_queued(ada.id, project.id, "h200", 1))
    assert found is not None
    assert found.id == "run-1"
    assert [run.id for run in store.read_now(lambda tx: tx.runs.heads())] == ["run-1"]
    (held,) = store.read_now(lambda tx: tx.runs.held())
    assert (held.id, held.after) == ("run-3", ("run-0",))


def test_the_newest_result_of_each_fingerprint_is_found(
    store: Store, ada: Person, project: Project
) -> None:
    good = {"state": RunState.SUCCEEDED, "output_sha256": "b" * 64, "environment_revision": 2}
    for number in range(1_200):
        run = run_of(ada, project, number, fingerprint=f"f{number % 600}", **good)
        store.write_now(lambda tx, run=run: tx.runs.add(run))
    asked = {"project": project.id, "person": ada.id, "environment": "", "revision": 2}
    prints = [f"f{number}" for number in range(700)]
    found = store.read_now(lambda tx: tx.runs.succeeded(prints, **asked))
    assert len(found) == 600
    assert {run.fingerprint for run in found} == set(prints[:600])
    for other in ({"revision": 1}, {"person": "other"}, {"project": "x"}, {"environment": "e"}):
        wanted = {**asked, **other}
        assert store.read_now(lambda tx, w=wanted: tx.runs.succeeded(prints[:5], **w)) == []
    everybody = {**asked, "person": None}
    assert len(store.read_now(lambda tx: tx.runs.succeeded(prints[:5], **everybody))) == 5


def test_a_schedule_comes_out_as_it_went_in_and_is_due_once_its_time_has_come(
    store: Store, ada: Person, project: Project
) -> None:
    schedule = Schedule(
        id="schedule-1",
        person=ada.id,
        project=project.id,
        name="매일",
        cron="0 2 * * *",
        zone="Asia/Seoul",
        notebook_sha256="a" * 64,
        request_sha256="b" * 64,
        is_sweep=True,
        is_overlapping=False,
        submitted_ms=NOW,
        next_ms=NOW + 10,
        files={"a.txt": "c" * 64},
    )
    store.write_now(lambda tx: tx.schedules.add(schedule))
    never = replace(schedule, id="schedule-2", next_ms=None)
    store.write_now(lambda tx: tx.schedules.add(never))
    assert store.read_now(lambda tx: tx.schedules.get("schedule-1")) == schedule
    assert store.read_now(lambda tx: tx.schedules.due(NOW + 9)) == []
    assert store.read_now(lambda tx: tx.schedules.due(NOW + 10)) == [schedule]
    store.write_now(lambda tx: tx.schedules.change("schedule-1", paused_for="person"))
    assert store.read_now(lambda tx: tx.schedules.due(NOW + 10)) == []
    assert store.read_now(lambda tx: tx.schedules.count(ada.id)) == 2
    store.write_now(lambda tx: tx.schedules.drop("schedule-1"))
    found = store.read_now(lambda tx: tx.schedules.find(projects=[project.id]))
    assert found == [never]
