"""Schedules: submitted at their times as their person, once each, and paused when they may not."""

from typing import Any

import pytest
from services_house import NOTEBOOK as PLAIN
from test_sweep_life import NOTEBOOK

from madang.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from madang.services.requests import ScheduleCopy, ScheduleRequest, SweepRequest, SweepRerun

HOUR_MS = 3_600_000


async def added(house: Any, person: str = "ada", /, **more: Any) -> dict[str, Any]:
    key = more.pop("key", None)
    times = {name: more.pop(name) for name in ("cron", "zone", "is_overlapping") if name in more}
    asked = {"project": "vision", "name": "nightly", "notebook": NOTEBOOK, "limit_ms": 600_000}
    request = ScheduleRequest(
        what=SweepRequest(**{**asked, **more}), **{"cron": "0 * * * *", "zone": "UTC", **times}
    )
    view: dict[str, Any] = await house.services.schedules.add(
        await house.actor(person), request, key=key
    )
    return view


def to_due(house: Any, view: dict[str, Any], late_ms: int = 0) -> int:
    """Move the clock to the next time of a schedule."""
    due: int = view["next_ms"][0]
    house.engine.advance(due - house.engine.clock() + late_ms)
    return due


async def seen(house: Any, view: dict[str, Any], person: str = "ada") -> dict[str, Any]:
    found: dict[str, Any] = await house.services.schedules.get(
        await house.actor(person), view["id"]
    )
    return found


async def submitted_by(house: Any, person: str = "ada") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await house.services.runs.list(await house.actor(person))
    return [run for run in found if run["name"] == "nightly"]


async def test_each_time_is_submitted_once_as_its_person(house: Any) -> None:
    view = await added(house, parameters={"x": 5}, files={"a.txt": b"1"}, is_overlapping=True)
    await house.turn()
    assert await submitted_by(house) == []
    for count in (1, 2):
        due = to_due(house, await seen(house, view))
        await house.turn(3)
        await house.restart()
        await house.turn(2)
        runs = await submitted_by(house)
        assert len(runs) == count
        found = await seen(house, view)
        assert (found["last_id"], found["last_ms"]) == (runs[0]["id"], due)
        assert found["was_late"] is False
        assert found["next_ms"][0] - due == HOUR_MS
    assert (runs[0]["person"], runs[0]["parameters"]) == ("ada", {"x": 5})


async def test_a_kill_between_submit_and_note_submits_nothing_twice(house: Any) -> None:
    view = await added(house)
    due = to_due(house, view)
    await house.turn()
    core = house.services.core

    # As if the note of it had never been written.
    await core.store.write(
        lambda tx: tx.schedules.change(view["id"], next_ms=due, last_id="", last_ms=None)
    )
    await house.restart()
    await house.turn(2)
    assert len(await submitted_by(house)) == 1


async def test_what_was_missed_is_made_up_for_once(house: Any) -> None:
    view = await added(house)
    to_due(house, view, late_ms=5 * HOUR_MS + 60_000)
    await house.restart()
    await house.turn(3)
    found = await seen(house, view)
    assert (len(await submitted_by(house)), found["was_late"]) == (1, True)
    assert found["last_ms"] == view["next_ms"][0] + 5 * HOUR_MS


async def test_it_waits_for_the_one_before_unless_it_may_overlap(house: Any) -> None:
    view = await added(house, grid={"x": [1, 2]})
    to_due(house, view)
    await house.turn()
    first = (await seen(house, view))["last_id"]
    assert first.startswith("sweep-")
    to_due(house, await seen(house, view))
    await house.turn()
    found = await seen(house, view)
    assert (found["last_id"], found["last_problem"]) == (first, "schedule_still_going")
    await house.services.sweeps.cancel(await house.actor("ada"), first)
    to_due(house, found)
    await house.turn(2)
    found = await seen(house, view)
    assert (found["last_id"] != first, found["last_problem"]) == (True, "")


async def test_without_its_person_it_is_paused_and_the_managers_are_told(house: Any) -> None:
    view = await added(house, "bora")
    root = await house.actor("root")
    await house.services.projects.remove_member(root, "vision", "bora", reason="moved")
    to_due(house, view)
    await house.turn(2)
    found = await seen(house, view)
    assert (found["paused_for"], found["next_ms"]) == ("owner_gone", [])
    assert "may not submit" in found["paused_text"]
    assert await submitted_by(house) == []
    told = (await house.services.notices.get(await house.actor("ada")))["recent"]
    assert [notice["kind"] for notice in told] == ["schedule"]
    # Nobody else can let it go on: it would run as bora.
    with pytest.raises(RefusedError, match="schedule_not_yours"):
        await house.services.schedules.resume(await house.actor("ada"), view["id"])


async def test_who_left_the_house_submits_nothing_more(house: Any) -> None:
    view = await added(house, "bora")
    root = await house.actor("root")
    await house.services.departures.off_board(root, "bora", reason="graduated")
    to_due(house, view)
    await house.turn(2)
    assert (await seen(house, view, "root"))["paused_for"] == "owner_gone"
    assert await submitted_by(house, "root") == []


async def test_failing_five_times_in_a_row_pauses_it_with_a_notice(house: Any) -> None:
    view = await added(house, project="poor", limit_ms=2 * HOUR_MS)
    for count in range(1, 6):
        to_due(house, await seen(house, view))
        await house.turn()
        found = await seen(house, view)
        assert (found["failures"], found["last_problem"]) == (count, "budget_too_small")
    assert found["paused_for"] == "failing"
    told = (await house.services.notices.get(await house.actor("ada")))["recent"]
    assert "5 times in a row" in told[0]["subject"]
    ada = await house.actor("ada")
    again = await house.services.schedules.resume(ada, view["id"])
    assert (again["paused_for"], again["failures"]) == ("", 0)
    assert again["next_ms"][0] > house.engine.clock()


async def test_a_storage_that_is_away_costs_no_time(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await added(house)
    due = to_due(house, view)

    async def away(_: str) -> bytes:
        raise UnavailableError("storage_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(house.services.core.artifacts, "get", away)
        for _ in range(7):
            await house.turn()
        assert await submitted_by(house) == []
        found = await seen(house, view)
        assert (found["failures"], found["next_ms"][0]) == (0, due)
    await house.turn()
    assert len(await submitted_by(house)) == 1


async def test_pause_resume_and_delete(house: Any) -> None:
    view = await added(house, "bora")
    schedules = house.services.schedules
    bora, ada = await house.actor("bora"), await house.actor("ada")
    await schedules.pause(ada, view["id"])
    to_due(house, view)
    await house.turn(2)
    assert await submitted_by(house, "bora") == []
    assert len((await schedules.resume(bora, view["id"]))["next_ms"]) == 3
    for stranger in ("chan", "vera"):
        actor = await house.actor(stranger)
        assert await schedules.list(actor) == []
        for act in (schedules.get, schedules.pause, schedules.resume, schedules.delete):
            with pytest.raises(NotFoundError, match="schedule_unknown"):
                await act(actor, view["id"])
    assert [x["id"] for x in await schedules.list(ada)] == [view["id"]]
    await schedules.delete(ada, view["id"])
    assert await schedules.list(bora) == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"cron": "often"}, "cron_unreadable"),
        ({"zone": "Nowhere"}, "zone_unknown"),
        ({"parameters": {"no": 1}}, "parameters_undeclared"),
        ({"grid": {"no": [1]}}, "parameters_undeclared"),
        ({"notebook": b"{}"}, "notebook_not_notebook"),
        ({"files": {"../a": b""}}, "path_outside"),
    ],
)
async def test_what_could_never_be_submitted_is_refused_at_once(
    house: Any, wanted: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidError, match=code):
        await added(house, **wanted)
    assert await house.services.schedules.list(await house.actor("ada")) == []


async def test_a_person_has_only_so_many(house: Any) -> None:
    for _ in range(50):
        await added(house, notebook=PLAIN)
    with pytest.raises(RefusedError, match="too_many_schedules"):
        await added(house, notebook=PLAIN)


async def test_one_key_makes_one_schedule(house: Any) -> None:
    first = await added(house, key="once")
    house.engine.advance(HOUR_MS)
    assert (await added(house, key="once"))["id"] == first["id"]
    with pytest.raises(ConflictError, match="key_reused"):
        await added(house, key="once", cron="1 * * * *")
    assert len(await house.services.schedules.list(await house.actor("ada"))) == 1


async def test_a_sweep_that_is_there_is_repeated_as_it_was(house: Any) -> None:
    ada = await house.actor("ada")
    asked = {"project": "vision", "name": "rates", "notebook": NOTEBOOK, "limit_ms": 600_000}
    more = {"files": {"a.txt": b"1"}, "grid": {"x": [1, 2], "y": [0]}, "max_parallel": 2}
    sweep = await house.services.sweeps.submit(ada, SweepRequest(**asked, **more))
    again = await house.services.sweeps.rerun(ada, sweep["id"], SweepRerun(overrides={"y": 7}))
    copy = ScheduleCopy(cron="0 * * * *", zone="UTC", is_overlapping=True)
    view = await house.services.schedules.repeat(ada, again["id"], copy, key="k")
    assert (view["name"], view["kind"], view["when_text"]) == (
        *("rates", "sweep", "every hour at minute 0"),
    )
    same = await house.services.schedules.repeat(ada, again["id"], copy, key="k")
    assert same["id"] == view["id"]
    for one in (sweep, again):
        await house.services.sweeps.cancel(ada, one["id"])
    to_due(house, view)
    await house.turn(2)
    found = await seen(house, view)
    assert found["last_state"] in ("queued", "running")
    made = await house.services.sweeps.rows(ada, found["last_id"])
    assert [row["parameters"] for row in made["rows"]] == [{"x": 1, "y": 7}, {"x": 2, "y": 7}]
    sweep = await house.services.sweeps.get(ada, found["last_id"])
    assert (sweep["max_parallel"], sweep["limit_ms"]) == (2, 600_000)


async def test_nobody_repeats_a_sweep_of_others(house: Any) -> None:
    ada = await house.actor("ada")
    asked = {"project": "vision", "name": "rates", "notebook": NOTEBOOK, "grid": {"x": [1]}}
    sweep = await house.services.sweeps.submit(ada, SweepRequest(**asked))
    repeat, copy = house.services.schedules.repeat, ScheduleCopy(cron="0 * * * *")
    with pytest.raises(NotFoundError):
        await repeat(await house.actor("eve"), sweep["id"], copy)
    with pytest.raises(RefusedError, match="retry_not_yours"):
        await repeat(await house.actor("root"), sweep["id"], copy)
    with pytest.raises(InvalidError):
        await repeat(ada, sweep["id"], ScheduleCopy(cron="no"))


async def test_times_are_told_before_anything_is_kept(house: Any) -> None:
    ada = await house.actor("ada")
    found = house.services.schedules.times(ada, cron="0 2 * * *", zone="UTC")
    assert (found["when_text"], len(found["next_ms"])) == ("every day at 02:00", 3)
    assert found["next_text"][0].endswith("02:00 UTC")
    assert house.services.schedules.times(ada, cron="0 2 * * *")["timezone"] == "Asia/Seoul"
    for cron, zone, code in (("x", "UTC", "cron_unreadable"), ("0 2 * * *", "X", "zone_unknown")):
        with pytest.raises(InvalidError, match=code):
            house.services.schedules.times(ada, cron=cron, zone=zone)
