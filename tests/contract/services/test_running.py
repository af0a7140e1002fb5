"""Leases that run cost nothing while nothing of them is due, and are charged many at a time."""

from typing import Any

import pytest

from madang.domain.lease import Lease
from madang.services import charging
from madang.units import SEGMENT_MS

MANY = 4


@pytest.fixture
async def running(house: Any) -> list[str]:
    """Return leases of people that run."""
    names = ("ada", "bora")
    asked = [await house.ask(names[n % 2], name=f"n{n}") for n in range(MANY)]
    await house.turn(3)
    for lease in asked:
        await house.launch(lease["id"])
    await house.turn(3)
    found = [await house.lease(lease["id"]) for lease in asked]
    return [lease["id"] for lease in found if lease["state"] == "active"]


async def to_mark(house: Any) -> None:
    """Let time pass to just before the next charge."""
    house.engine.advance(SEGMENT_MS - house.engine.clock() % SEGMENT_MS - 500)


async def test_a_look_at_which_nothing_is_due_writes_nothing(house: Any, running: Any) -> None:
    await to_mark(house)
    await house.turn(2, step_ms=1)
    before = house.services.core.store.writes
    await house.turn(20, step_ms=1)
    assert len(running) > 1
    assert house.services.core.store.writes == before


async def test_all_are_charged_in_one_transaction(house: Any, running: Any) -> None:
    await to_mark(house)
    await house.turn(2, step_ms=1)
    house.engine.advance(1_000)
    before = house.services.core.store.writes
    await house.turn(1)
    assert house.services.core.store.writes == before + 1
    ledger = await house.services.core.store.read(lambda tx: tx.ledger.entries())
    charged = {entry.lease for entry in ledger if entry.kind == "charge"}
    assert set(running) <= charged


async def test_one_that_cannot_be_charged_holds_up_no_other(
    house: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, poor = charging._charges, running[0]

    def fails(core: Any, lease: Lease, *rest: Any) -> Any:
        if lease.id == poor:
            raise RuntimeError("a defect")
        return real(core, lease, *rest)

    monkeypatch.setattr(charging, "_charges", fails)
    await to_mark(house)
    house.engine.advance(1_000)
    await house.turn(2)
    leases = {lease_id: await house.lease(lease_id) for lease_id in running}

    async def charged() -> set[str]:
        ledger = await house.services.core.store.read(lambda tx: tx.ledger.entries())
        return {entry.lease for entry in ledger if entry.kind == "charge"}

    assert {lease["state"] for lease in leases.values()} == {"active"}
    assert set(running) - await charged() == {poor}
    assert house.services.core.measures.failures > 0
    monkeypatch.setattr(charging, "_charges", real)
    await house.turn(1)
    assert poor in await charged()
