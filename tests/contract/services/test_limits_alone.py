"""A limit holds while the service is down: the keepers end what is overdue, and it is told so."""

from typing import Any

from madang.domain.lease import DEADLINE_MARGIN_MS
from madang.services.requests import ExtendRequest

GRACE_MS = 5_000
HOUR_MS = 3_600_000


async def away(house: Any, ms: int) -> None:
    """Let time pass while no service looks, and start it again."""
    house.engine.advance(ms)
    await house.restart()
    await house.turn(3)


async def running(house: Any, **wanted: Any) -> str:
    lease = await house.ask("ada", **wanted)
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(2)
    return str(lease["id"])


async def test_a_notebook_that_nobody_ended_is_expired_and_charged_to_its_true_end(
    house: Any,
) -> None:
    lease_id = await running(house, limit_ms=HOUR_MS)
    await away(house, 5 * HOUR_MS)
    ended = await house.lease(lease_id)
    assert (ended["state"], ended["reason"]) == ("ended", "expired")
    assert ended["held_device_ms"] == HOUR_MS + GRACE_MS + DEADLINE_MARGIN_MS
    verified = await house.services.usage.verify(await house.actor("root"))
    assert verified["ok"], verified


async def test_an_extension_that_was_written_moves_the_deadline_also_after_a_kill(
    house: Any,
) -> None:
    lease_id = await running(house, limit_ms=HOUR_MS)
    actor = await house.actor("ada")
    await house.services.changes.extend(actor, lease_id, ExtendRequest(by_ms=HOUR_MS))
    # Killed before any look could tell the keeper.
    await house.restart()
    await house.turn()
    await away(house, HOUR_MS + HOUR_MS // 2)
    assert (await house.lease(lease_id))["state"] == "active"
    await away(house, HOUR_MS)
    assert (await house.lease(lease_id))["reason"] == "expired"


async def test_the_service_is_first_while_it_lives(house: Any) -> None:
    lease_id = await running(house, limit_ms=HOUR_MS)
    house.engine.advance(HOUR_MS)
    await house.turn(10)
    ended = await house.lease(lease_id)
    assert (ended["state"], ended["reason"]) == ("ended", "expired")
    assert ended["held_device_ms"] <= HOUR_MS + GRACE_MS + 3_000


async def test_a_slot_and_its_run_expire_with_nobody_there(house: Any) -> None:
    run = await house.submit("ada", limit_ms=600_000)
    await house.turn(2)
    view = await house.services.runs.get(await house.actor("ada"), run["id"])
    worker = await house.slot_worker(view["lease"])
    await house.services.slots.next(worker, 0)
    await away(house, 5 * HOUR_MS)
    slot = await house.lease(view["lease"])
    assert (slot["state"], slot["reason"]) == ("ended", "expired")
    run = await house.services.runs.get(await house.actor("ada"), run["id"])
    assert run["state"] == "expired"
