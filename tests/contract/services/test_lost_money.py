"""What a tenant could do to records of processes must never pay: loss, tampering, refunds."""

from dataclasses import replace
from typing import Any

import pytest

from madang.domain.lease import LeaseState

RATE = 1_000_000


async def running(house: Any, seconds: int, **wanted: Any) -> str:
    lease = await house.ask("ada", **wanted)
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(seconds)
    return str(lease["id"])


async def used(house: Any) -> int:
    usage = await house.services.usage.usage(await house.actor("ada"), project="vision")
    return int(usage["projects"][0]["used"])


async def test_a_keeper_that_its_tenant_kills_is_charged_and_not_refunded(house: Any) -> None:
    lease_id = await running(house, 700)
    house.engine.vanish(lease_id)
    await house.turn(3)
    ended = await house.lease(lease_id)
    assert (ended["state"], ended["reason"]) == ("ended", "lost")
    assert ended["held_device_ms"] >= 699_000
    assert await used(house) == ended["held_device_ms"] * RATE // 3_600_000
    assert ended["charged_microcredits"] == await used(house)


async def test_records_that_a_tenant_deletes_are_charged_up_to_when_they_were_seen(
    house: Any,
) -> None:
    lease_id = await running(house, 130)
    house.engine.forget_record(lease_id)
    await house.turn(3)
    ended = await house.lease(lease_id)
    assert (ended["state"], ended["reason"]) == ("ended", "lost")
    assert await used(house) >= 128_000 * RATE // 3_600_000


async def test_an_end_that_is_dated_back_is_charged_up_to_when_it_was_seen(house: Any) -> None:
    lease_id = await running(house, 130)
    house.engine.finish(lease_id, 0, at_ms=house.engine.clock() - 125_000)
    await house.turn(3)
    assert (await house.lease(lease_id))["reason"] == "completed"
    assert await used(house) >= 128_000 * RATE // 3_600_000


async def test_an_end_that_was_being_written_while_it_was_seen_alive_counts_as_it_is(
    house: Any,
) -> None:
    lease_id = await running(house, 130)
    seen_ms = house.services.core.live.seen_alive_ms[lease_id]
    house.engine.finish(lease_id, 0, at_ms=seen_ms - 2)
    await house.turn(3)
    ended = await house.lease(lease_id)
    assert ended["ended_ms"] >= seen_ms - 2
    assert ended["held_device_ms"] == seen_ms - 2 - ended["started_ms"]


async def test_a_start_that_is_dated_ahead_is_charged_from_when_it_was_seen(house: Any) -> None:
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    house.engine.date_start(lease["id"], house.engine.clock() + 3_600_000)
    await house.turn(120)
    house.engine.finish(lease["id"], 0)
    await house.turn(3)
    ended = await house.lease(lease["id"])
    assert ended["held_device_ms"] >= 118_000
    assert await used(house) >= 118_000 * RATE // 3_600_000


async def test_what_a_crash_of_the_machine_ended_is_refunded(house: Any) -> None:
    lease_id = await running(house, 700)
    house.engine.crash_machine()
    await house.restart()
    await house.turn(3)
    ended = await house.lease(lease_id)
    assert (ended["state"], ended["reason"]) == ("ended", "lost")
    assert await used(house) == 0
    assert ended["charged_microcredits"] == 0
    assert (await house.services.usage.verify(await house.actor("ada")))["ok"]


@pytest.mark.parametrize("late_ms", [1, 2_000, 4_999])
async def test_an_estimated_end_before_the_last_charge_traps_no_lease(
    house: Any, late_ms: int
) -> None:
    """A keeper says that it lives every five seconds; a mark may lie between its last two."""
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(2)
    read = house.services.core.store.read
    while (mark_ms := (await read(lambda tx: tx.leases.get(lease["id"]))).charged_to_ms) is None:
        await house.turn(10)
    house.engine.vanish(lease["id"], at_ms=mark_ms - late_ms)
    await house.restart()
    await house.turn(5)
    ended = await house.lease(lease["id"])
    assert (ended["state"], ended["reason"]) == ("ended", "lost")
    assert house.engine.admission.held() == {}
    leases = await house.services.core.store.read(
        lambda tx: tx.leases.find(state=LeaseState.ENDING)
    )
    assert leases == []


async def test_the_next_attempt_reserves_at_its_own_rate(house: Any) -> None:
    lease_id = await running(house, 5)
    core = house.services.core
    core.policy = replace(core.policy, rates={**core.policy.rates, "sim-h200": 3_000_000})
    before = (await house.lease(lease_id))["reserved_microcredits"]
    house.engine.ask_back(lease_id)
    await house.turn(6)
    again = await house.lease(lease_id)
    assert again["attempt"] == 2
    assert again["rate_microcredits"] == 3_000_000
    assert again["reserved_microcredits"] >= 3 * before - 10
