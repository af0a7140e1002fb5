"""The hub is asked for servers beside the look: one that is busy with a crowd holds up nobody."""

import asyncio
from typing import Any

import pytest

from madang.services import launching


class BusyHub:
    """A hub that does not come to answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()

    async def ask_spawn(self, person: str, server: str, options: Any) -> None:
        self.asked.append(person)
        await self.may_answer.wait()


async def test_a_hub_that_is_busy_holds_up_no_look(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "ASKED_AT_ONCE", 2)
    hub = BusyHub()
    house.services.attach_hub(hub)
    for name in ("p1", "p2", "p3"):
        await house.ask(name, project="open")
    await asyncio.wait_for(house.turn(6), 10)
    await asyncio.sleep(0.05)
    assert len(hub.asked) == len(set(hub.asked)) == 2
    hub.may_answer.set()
    await asyncio.sleep(0.05)
    await house.turn(1)
    await asyncio.sleep(0.05)
    # Who was asked for long ago is asked for again, and takes nobody's place.
    assert set(hub.asked) == {"p1", "p2", "p3"}
