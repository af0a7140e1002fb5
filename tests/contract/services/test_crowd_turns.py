"""Many turns come at once: they are written together, and one that fails stops no other."""

from typing import Any

import pytest

from madang.domain.lease import LeaseState
from madang.engines.ports import Admitted
from madang.services import admitting


async def test_many_are_admitted_in_one_transaction(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = [await house.ask(name, project="open") for name in ("p1", "p2", "p3")]
    writes, write = [0], house.services.core.store.write

    async def counted(work: Any) -> Any:
        writes[0] += 1
        return await write(work)

    monkeypatch.setattr(house.services.core.store, "write", counted)
    await house.services.reconciler._take_decisions(house.engine.clock())
    assert writes[0] == 1
    for lease in leases:
        assert (await house.lease(lease["id"]))["state"] == LeaseState.ADMITTED


async def test_one_that_cannot_be_admitted_holds_up_no_other(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = [await house.ask(name, project="open") for name in ("p1", "p2", "p3")]
    broken, open_attempt = leases[1]["id"], admitting._open_attempt

    def fails(core: Any, tx: Any, lease: Any, *rest: Any) -> Any:
        if lease.id == broken:
            raise OSError("the disk of just this row")
        return open_attempt(core, tx, lease, *rest)

    monkeypatch.setattr(admitting, "_open_attempt", fails)
    reconciler = house.services.reconciler
    await reconciler._take_decisions(house.engine.clock())
    states = [(await house.lease(lease["id"]))["state"] for lease in leases]
    assert states == ["admitted", "queued", "admitted"]
    monkeypatch.setattr(admitting, "_open_attempt", open_attempt)
    await reconciler._take_decisions(house.engine.clock())
    assert (await house.lease(broken))["state"] == "admitted"


async def test_an_admission_that_is_told_again_is_news_to_nobody(house: Any) -> None:
    made = await house.ask("p1", project="open")
    await house.turn()
    lease = await house.lease(made["id"])
    event = Admitted(
        lease_id=lease["id"], attempt=lease["attempt"], device_ids=tuple(lease["device_ids"])
    )
    before = house.services.core.bus.changes
    await admitting.on_admitted(house.services.core, [event])
    assert house.services.core.bus.changes == before
