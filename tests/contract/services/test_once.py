"""What all ask for is made once, also when somebody goes away or it fails."""

import asyncio
import contextlib
from typing import Any

import pytest

from madang.services.once import Once


async def test_all_who_ask_for_the_same_wait_for_one() -> None:
    once: Once[int] = Once()
    made: list[asyncio.Future[int]] = []

    def make() -> "asyncio.Future[int]":
        made.append(asyncio.get_running_loop().create_future())
        return made[-1]

    asking = [asyncio.create_task(once.get("a", make)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking[0]
    made[0].set_result(7)
    assert await asyncio.gather(*asking[1:]) == [7] * 4
    assert await once.get("a", make) == 7
    assert len(made) == 1
    later = asyncio.create_task(once.get("b", make))
    await asyncio.sleep(0)
    made[1].set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await later
    again = asyncio.create_task(once.get("b", make))
    await asyncio.sleep(0)
    made[2].set_result(8)
    assert await again == 8


async def test_the_queue_is_read_once_after_a_change(house: Any) -> None:
    for name in ("ada", "bora"):
        await house.ask(name, profile="gpu-4")
    people = [await house.actor(name) for name in ("ada", "bora", "root")]
    core, pool = house.services.core, house.services.pool
    reads = [0]
    standing = type(core.store.read_now(lambda tx: tx.leases)).standing

    def counted(leases: Any) -> Any:
        reads[0] += 1
        return standing(leases)

    type_of_leases = type(core.store.read_now(lambda tx: tx.leases))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type_of_leases, "standing", counted)
        core.changed("queue")
        seen = await asyncio.gather(*(pool.queue(one) for one in people * 5))
        assert reads == [1]
        assert all(len(one["flavors"]) == len(seen[0]["flavors"]) for one in seen)
        core.changed("queue")
        await pool.queue(people[0])
        assert reads == [2]
