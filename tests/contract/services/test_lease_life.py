"""The life of leases: waiting, claim, money, end. Time is the test's own."""

from typing import Any

import pytest

from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError


async def test_a_notebook_lives_and_is_charged_to_the_millisecond(house: Any) -> None:
    lease = await house.ask("ada", profile="gpu-2")
    await house.turn()
    ready = await house.lease(lease["id"])
    assert (ready["state"], ready["ready"]) == ("admitted", True)
    assert ready["reserved_microcredits"] == 2 * (900_000 + 5_000) * 1_000_000 // 3_600_000
    await house.launch(lease["id"])
    await house.turn(700)
    house.engine.finish(lease["id"], 0)
    await house.turn(3)
    ended = await house.lease(lease["id"])
    assert (ended["state"], ended["reason"]) == ("ended", "completed")
    lived = 2 * (ended["ended_ms"] - ended["started_ms"])
    assert ended["held_device_ms"] == lived
    usage = await house.services.usage.usage(await house.actor("ada"), project="vision")
    project = usage["projects"][0]
    assert project["held_device_ms"] == lived
    assert project["used"] == lived * 1_000_000 // 3_600_000
    assert project["reserved"] == 0
    assert (await house.services.usage.verify(await house.actor("ada")))["ok"]


async def test_a_stop_in_the_middle_of_a_look_is_no_failure(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    launcher = house.services.core.engine.launcher
    observe = launcher.observe

    async def stop_meanwhile(lease_id: str, attempt: int) -> Any:
        monkeypatch.setattr(launcher, "observe", observe)
        life = await observe(lease_id, attempt)
        await house.services.leases.end(await house.actor("ada"), lease_id)
        return life

    monkeypatch.setattr(launcher, "observe", stop_meanwhile)
    await house.turn(10)
    ended = await house.lease(lease["id"])
    assert (ended["state"], ended["reason"]) == ("ended", "cancelled")
    assert house.services.core.measures.failures == 0


async def test_who_waits_is_told_why_and_starts_when_devices_come_free(house: Any) -> None:
    first = await house.ask("ada", profile="gpu-4")
    await house.turn()
    second = await house.ask("chan", project="language", profile="gpu-2")
    await house.turn(15)
    waiting = await house.lease(second["id"])
    assert waiting["state"] == "queued"
    assert waiting["standing"]["position"] == 1
    assert waiting["standing"]["reason_text"]
    await house.services.leases.end(await house.actor("ada"), first["id"])
    await house.turn(4)
    turn = await house.lease(second["id"])
    assert (turn["state"], turn["claimed"]) == ("admitted", False)
    await house.services.leases.claim(await house.actor("chan"), second["id"])
    assert (await house.lease(second["id"]))["ready"]


async def test_a_turn_that_nobody_takes_goes_to_the_next_and_ends_after_three(house: Any) -> None:
    first = await house.ask("ada", profile="gpu-4")
    await house.turn()
    absent = await house.ask("chan", project="language", profile="gpu-4")
    await house.turn(11)
    await house.services.leases.end(await house.actor("ada"), first["id"])
    await house.turn(130)
    missed = await house.lease(absent["id"])
    assert missed["turns_missed"] == 1
    assert missed["submitted_ms"] == absent["submitted_ms"]
    await house.turn(300)
    over = await house.lease(absent["id"])
    assert (over["state"], over["reason"]) == ("ended", "unclaimed")
    held = await house.services.usage.usage(await house.actor("chan"), project="language")
    assert held["projects"][0]["used"] == 0


async def test_start_without_me_needs_no_claim(house: Any) -> None:
    first = await house.ask("ada", profile="gpu-4")
    await house.turn()
    lease = await house.ask("chan", project="language", start_without_me=True)
    await house.turn(15)
    await house.services.leases.end(await house.actor("ada"), first["id"])
    await house.turn(4)
    assert (await house.lease(lease["id"]))["ready"]


async def test_the_same_server_and_the_same_key_make_one_lease(house: Any) -> None:
    one = await house.ask("ada", key="k1")
    again = await house.ask("ada", key="k1")
    other = await house.ask("ada", key="k2", profile="gpu-2")
    assert one["id"] == again["id"] == other["id"]
    with pytest.raises(ConflictError, match="key_reused"):
        await house.ask("ada", key="k1", name="second", profile="gpu-2")


async def test_held_back_waits_and_keeps_its_place(house: Any) -> None:
    full = await house.ask("bora", profile="gpu-4")
    await house.turn()
    lease = await house.ask("ada")
    ada = await house.actor("ada")
    await house.services.leases.hold(ada, lease["id"], held_back=True)
    await house.services.leases.end(await house.actor("bora"), full["id"])
    await house.turn(5)
    assert (await house.lease(lease["id"]))["state"] == "queued"
    await house.services.leases.hold(ada, lease["id"], held_back=False)
    await house.turn(3)
    assert (await house.lease(lease["id"]))["state"] == "admitted"
    with pytest.raises(ConflictError, match="hold_not_now"):
        await house.services.leases.hold(ada, lease["id"], held_back=True)


async def test_a_lease_ends_at_its_limit(house: Any) -> None:
    lease = await house.ask("ada", profile="", flavor="gpu", devices=1, limit_ms=120_000)
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(135)
    ended = await house.lease(lease["id"])
    assert (ended["state"], ended["reason"]) == ("ended", "expired")
    assert 120_000 <= ended["held_device_ms"] <= 127_000


async def test_a_notebook_stops_when_the_budget_is_over_and_never_overruns(house: Any) -> None:
    lease = await house.ask("ada", project="poor")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(1_200)
    ended = await house.lease(lease["id"])
    assert (ended["state"], ended["reason"]) == ("ended", "budget")
    usage = await house.services.usage.usage(await house.actor("ada"), project="poor")
    project = usage["projects"][0]
    assert project["overrun"] == 0
    assert 0.9 * project["granted"] <= project["used"] <= project["granted"]
    with pytest.raises(RefusedError, match="budget_too_small"):
        await house.ask("ada", project="poor", name="again")


async def test_asked_back_keeps_the_place_and_is_refunded(house: Any) -> None:
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(400)
    house.engine.ask_back(lease["id"])
    await house.turn(3)
    back = await house.lease(lease["id"])
    assert back["submitted_ms"] == lease["submitted_ms"]
    assert back["state"] in ("queued", "admitted")
    usage = await house.services.usage.usage(await house.actor("ada"), project="vision")
    assert usage["projects"][0]["used"] == 0
    assert (await house.services.usage.verify(await house.actor("ada")))["ok"]


async def test_processes_that_vanish_are_lost_and_charged(house: Any) -> None:
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(10)
    house.engine.vanish(lease["id"])
    await house.turn(3)
    lost = await house.lease(lease["id"])
    assert (lost["state"], lost["reason"]) == ("ended", "lost")
    usage = await house.services.usage.usage(await house.actor("ada"), project="vision")
    assert usage["projects"][0]["used"] == lost["charged_microcredits"] > 0


@pytest.mark.parametrize(
    ("wanted", "error", "code"),
    [
        ({"profile": "gpu-99"}, InvalidError, "unknown_profile"),
        ({"profile": "", "flavor": "b300", "devices": 1}, InvalidError, "unknown_flavor"),
        ({"project": ""}, InvalidError, "project_missing"),
        ({"project": "nowhere"}, NotFoundError, "project_unknown"),
        ({"project": "language"}, NotFoundError, "project_unknown"),
        ({"profile": "", "devices": 5}, RefusedError, "more_devices_than_pool"),
        ({"project": "open", "profile": "", "devices": 3}, RefusedError, "more_devices_than_cap"),
        ({"project": "open", "profile": "gpu-4"}, RefusedError, "profile_not_for_tier"),
        ({"limit_ms": 49 * 3_600_000}, RefusedError, "limit_too_long"),
        ({"limit_ms": 10}, InvalidError, "limit_too_short"),
        ({"profile": "", "devices": 0}, InvalidError, "devices_too_few"),
        ({"profile": "", "flavor": "cpu", "devices": 1}, InvalidError, "cpu_has_no_devices"),
        ({"name": "x" * 81}, InvalidError, "name_unusable"),
        ({"name": "a\nb"}, InvalidError, "name_unusable"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_limit(
    house: Any, wanted: dict[str, Any], error: type[Exception], code: str
) -> None:
    with pytest.raises(error, match=code):
        await house.ask("ada", **wanted)
    assert await house.services.leases.list(await house.actor("root")) == []


async def test_a_viewer_may_look_but_not_use(house: Any) -> None:
    with pytest.raises(RefusedError, match="role_cannot_use"):
        await house.ask("vera")


async def test_foreign_leases_are_not_found(house: Any) -> None:
    lease = await house.ask("bora")
    for name in ("chan", "vera"):
        actor = await house.actor(name)
        with pytest.raises(NotFoundError):
            await house.services.leases.get(actor, lease["id"])
        with pytest.raises(NotFoundError):
            await house.services.leases.end(actor, lease["id"])
        assert await house.services.leases.list(actor) == []
    owner = await house.actor("ada")
    assert (await house.services.leases.get(owner, lease["id"]))["person"] == "bora"
    queue = await house.services.pool.queue(await house.actor("chan"))
    rows = [row for flavor in queue["flavors"] for row in [*flavor["waiting"], *flavor["running"]]]
    assert all(not (row["lease_id"] or row["person"] or row["project"]) for row in rows)


@pytest.mark.parametrize(("is_service", "reason"), [(True, "not_started"), (False, "cancelled")])
async def test_only_the_hub_says_that_a_server_could_not_be_started(
    house: Any, is_service: bool, reason: str
) -> None:
    lease = await house.ask("ada")
    await house.turn()
    actor = await house.actor("ada", is_service=is_service)
    await house.services.leases.end(actor, lease["id"], is_failed=True)
    await house.turn(3)
    ended = await house.lease(lease["id"])
    assert (ended["state"], ended["reason"]) == ("ended", reason)
    assert ended["charged_microcredits"] == 0
