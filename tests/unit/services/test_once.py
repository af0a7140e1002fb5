"""What is shown while the next is made, also where it takes long to make."""

import asyncio

import pytest

from madang.services import once
from madang.services.once import Lately


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


async def test_what_takes_longer_than_it_may_be_shown_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, made = Clock(), [0]
    monkeypatch.setattr(once, "time", clock)

    async def make() -> int:
        made[0] += 1
        # Four times this is longer than anything may be shown.
        clock.now_s += once.LATEST_S / 2
        return made[0]

    lately = Lately(make)
    assert await lately.get() == 1
    assert await lately.get() == 1
    clock.now_s += once.LATEST_S / 2 + 1
    assert await lately.get() == 2


async def test_who_is_shown_the_last_does_not_wait_for_the_next() -> None:
    may_make, made = asyncio.Event(), [0]
    may_make.set()

    async def make() -> int:
        await may_make.wait()
        made[0] += 1
        return made[0]

    lately = Lately(make)
    assert await lately.get() == 1
    may_make.clear()
    lately._began_s -= once.FRESH_S + 1
    assert await asyncio.wait_for(lately.get(), 5) == 1
    making = lately._making
    assert making is not None
    may_make.set()
    assert await asyncio.wait_for(making, 5) == 2
    assert await lately.get() == 2
