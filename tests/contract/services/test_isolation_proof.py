"""A release says that it is not ready until its rules were proved, and again when they change."""

from typing import Any


async def is_unproved(house: Any) -> bool:
    pool = await house.services.pool.pool(await house.actor("ada"))
    return bool(pool["isolation_is_unproved"])


async def test_a_proof_is_of_these_rules_and_outlives_a_restart(house: Any) -> None:
    assert not await is_unproved(house), "there is nothing to prove on one machine"
    house.services.core.isolation_rules = "ab"
    house.services.core.changed("queue")
    assert await is_unproved(house)
    await house.services.isolation.prove("ef")
    assert await is_unproved(house), "other rules were proved"
    await house.services.isolation.prove("ab")
    assert not await is_unproved(house)
    await house.restart()
    house.services.core.isolation_rules = "ab"
    assert not await is_unproved(house)
    await house.services.isolation.doubt()
    assert await is_unproved(house), "tests that began and have not passed prove nothing"
