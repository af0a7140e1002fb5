"""What the engine was never told, or was told in vain, is told again: rows decide."""

from typing import Any

import pytest

from madang.errors import UnavailableError
from madang.units import MS_PER_HOUR

ROWS_AGREE_S = 12


@pytest.fixture
def deaf(house: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what lets one call of the engine's admission fail."""

    def make(method: str) -> None:
        admission = house.services.core.engine.admission
        real = getattr(admission, method)

        async def fails(*args: Any) -> None:
            monkeypatch.setattr(admission, method, real)
            raise UnavailableError("database_unavailable", reason="lost")

        monkeypatch.setattr(admission, method, fails)

    return make


async def test_a_request_that_never_reached_the_engine_gets_its_turn(house: Any, deaf: Any) -> None:
    deaf("enqueue")
    with pytest.raises(UnavailableError):
        await house.ask("ada", name="a")
    # Nobody asks again.
    await house.turn(ROWS_AGREE_S)
    leases = await house.services.leases.list(await house.actor("ada"))
    assert [lease["state"] for lease in leases] == ["admitted"]


async def test_a_clock_that_was_set_back_lets_nobody_wait_until_it_has_caught_up(
    house: Any, deaf: Any
) -> None:
    await house.turn()
    house.engine.advance(-24 * MS_PER_HOUR)
    deaf("enqueue")
    with pytest.raises(UnavailableError):
        await house.ask("ada", name="a")
    await house.turn(ROWS_AGREE_S)
    leases = await house.services.leases.list(await house.actor("ada"))
    assert [lease["state"] for lease in leases] == ["admitted"]


async def test_a_request_that_is_repeated_is_told_the_engine_at_once(house: Any, deaf: Any) -> None:
    deaf("enqueue")
    with pytest.raises(UnavailableError):
        await house.ask("ada", name="a", key="k")
    lease = await house.ask("ada", name="a", key="k")
    await house.turn()
    assert (await house.lease(lease["id"]))["state"] == "admitted"


async def test_a_pause_that_never_reached_the_engine_holds_and_ends(house: Any, deaf: Any) -> None:
    await house.ask("bora", profile="gpu-4", name="big")
    await house.turn()
    lease = await house.ask("ada", name="a")
    ada = await house.actor("ada")
    await house.services.leases.hold(ada, lease["id"], True)
    deaf("enqueue")
    with pytest.raises(UnavailableError):
        await house.services.leases.hold(ada, lease["id"], False)
    await house.turn(ROWS_AGREE_S)
    waiting = await house.engine.admission.waiting()
    assert not waiting[lease["id"]].is_held_back


async def test_a_withdrawal_that_never_reached_the_engine_gives_the_place_free(
    house: Any, deaf: Any
) -> None:
    await house.ask("bora", profile="gpu-4", name="big")
    await house.turn()
    lease = await house.ask("ada", name="a")
    deaf("withdraw")
    with pytest.raises(UnavailableError):
        await house.services.leases.end(await house.actor("ada"), lease["id"])
    assert lease["id"] in await house.engine.admission.waiting()
    await house.turn(ROWS_AGREE_S)
    assert lease["id"] not in await house.engine.admission.waiting()


async def test_devices_whose_release_failed_are_free_again_soon(house: Any, deaf: Any) -> None:
    lease = await house.ask("ada", name="a")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(2)
    house.engine.finish(lease["id"])
    # Seen again and again by the engine's own repeats, unless these are silenced.
    house.engine._world.faults = type(house.engine._world.faults)(resend_ms=3_600_000)
    house.engine.admission._again_ms.clear()
    deaf("release")
    await house.turn(3)
    assert (await house.lease(lease["id"]))["state"] == "ended"
    assert await house.engine.admission.holding() != []
    await house.turn(ROWS_AGREE_S)
    assert await house.engine.admission.holding() == []


async def test_who_asks_for_an_end_twice_has_ended_it_once(house: Any) -> None:
    lease = await house.ask("ada", name="a")
    await house.turn()
    root = await house.actor("root")
    for _ in range(2):
        await house.services.leases.end(root, lease["id"], why="over")
    trail = await house.services.core.store.read(lambda tx: tx.audit.find(target=lease["id"]))
    assert [entry["act"] for entry in trail] == ["lease.end"]
