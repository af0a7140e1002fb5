"""Notebooks that leave devices unused: told twice, ended with their reason; whoever works stays."""

from typing import Any

import pytest

from madang.engines.ports import Sample

MIN = 60_000
IDLE_MS = 40 * MIN


@pytest.fixture
async def idle_house(house: Any) -> Any:
    """Return a house whose tier ends notebooks after forty idle minutes."""
    for tier in house.services.core.policy.tiers.values():
        object.__setattr__(tier, "idle_ms", IDLE_MS)
    return house


async def running(house: Any, who: str, **wanted: Any) -> dict[str, Any]:
    lease = await house.ask(who, limit_ms=8 * 60 * MIN, **wanted)
    await house.turn()
    await house.launch(lease["id"])
    await house.turn()
    return await house.lease(lease["id"])


async def says(house: Any, who: str, lease: dict[str, Any], **body: Any) -> None:
    actor = await house.actor(who)
    at = {"last_input_ms": lease["started_ms"], "last_cell_ms": 0, "kernel_busy": False}
    await house.services.leases.activity(actor, lease["id"], {**at, **body})


async def told(house: Any, who: str) -> list[str]:
    listed = await house.services.notices.get(await house.actor(who))
    return [one["kind"] for one in listed["recent"]]


async def test_who_leaves_devices_unused_is_told_twice_and_then_ended(idle_house: Any) -> None:
    house = idle_house
    lease = await running(house, "ada")
    await says(house, "ada", lease)
    kinds, states = [], []
    for _ in range(45):
        await house.turn(1, step_ms=MIN)
        kinds.append((await told(house, "ada")).count("idle"))
        states.append((await house.lease(lease["id"]))["state"])
    assert kinds.index(1) in (18, 19, 20)
    assert kinds.index(2) in (28, 29, 30)
    assert states.index("ended") in range(38, 44)
    ended = await house.lease(lease["id"])
    assert ended["reason"] == "reclaimed"
    assert ended["reason_hint"]


@pytest.mark.parametrize("how", ["busy", "input", "device"])
async def test_who_works_keeps_them(idle_house: Any, how: str) -> None:
    house = idle_house
    lease = await running(house, "ada")
    core = house.services.core
    for _ in range(60):
        now = house.engine.clock()
        await says(
            house,
            "ada",
            lease,
            kernel_busy=how == "busy",
            last_input_ms=now if how == "input" else lease["started_ms"],
        )
        if how == "device":
            sample = Sample(
                lease_id=lease["id"],
                attempt=1,
                device_id=lease["device_ids"][0],
                at_ms=now,
                utilisation_percent=60,
            )
            core.live.samples[lease["id"]] = [sample]
        await house.turn(1, step_ms=MIN)
    assert (await house.lease(lease["id"]))["state"] == "active"
    assert "idle" not in await told(house, "ada")


async def test_a_restart_ends_nobody_without_notice(idle_house: Any) -> None:
    house = idle_house
    lease = await running(house, "ada")
    house.engine.advance(3 * IDLE_MS)
    await house.restart()
    for tier in house.services.core.policy.tiers.values():
        object.__setattr__(tier, "idle_ms", IDLE_MS)
    await says(house, "ada", lease)
    await house.turn(9, step_ms=MIN)
    assert (await house.lease(lease["id"]))["state"] == "active"
    assert (await told(house, "ada")).count("idle") == 1


async def test_what_holds_no_device_is_left_alone(idle_house: Any) -> None:
    house = idle_house
    lease = await running(house, "ada", profile="cpu")
    await says(house, "ada", lease)
    await house.turn(60, step_ms=MIN)
    assert (await house.lease(lease["id"]))["state"] == "active"
