"""A service whose term may be over: its loops do nothing, its writes fail, and then it goes on."""

from typing import Any

import pytest

from madang.errors import UnavailableError
from madang.services.leading import Leading


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_no_look_begins_until_the_term_was_renewed(house: Any) -> None:
    clock = Clock()
    leading = Leading(house.services.core.store, "a", "a:1", clock)
    assert leading.take(lambda: None)
    house.services.core.leading = leading
    lease = await house.cluster("ada")
    clock.now_s += 60
    await house.turn(5)
    assert (await house.lease(lease["lease"]["id"]))["state"] == "queued"
    assert leading.renew()
    await house.turn(5)
    assert (await house.lease(lease["lease"]["id"]))["state"] != "queued"


async def test_what_people_ask_of_an_old_leader_fails_as_a_whole(house: Any) -> None:
    lost: list[str] = []
    leading = Leading(house.services.core.store, "a", "a:1")
    leading.take(lambda: lost.append("lost"))
    before = await house.services.core.store.read(lambda tx: tx.leases.count())
    house.services.core.store._term = None
    Leading(house.services.core.store, "a", "a:2").take(lambda: None)
    house.services.core.store.fence(leading.term, leading._lose)
    with pytest.raises(UnavailableError, match="leadership_lost"):
        await house.cluster("ada")
    assert lost == ["lost"]
    house.services.core.store._term = None
    assert await house.services.core.store.read(lambda tx: tx.leases.count()) == before
