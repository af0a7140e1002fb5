"""Records of attempts are deleted long after their lease has ended, and no others."""

from typing import Any

DAY_MS = 86_400_000


async def test_only_what_ended_long_ago_is_deleted(house: Any) -> None:
    old = await house.ask("ada")
    await house.turn()
    await house.launch(old["id"])
    await house.turn(3)
    house.engine.finish(old["id"], 0)
    await house.turn(3)
    running = await house.ask("bora")
    await house.turn()
    await house.launch(running["id"])
    await house.turn(3)
    launcher = house.engine.launcher
    # As long as the clock below is turned, or its keeper would end it.
    await launcher.set_deadline(running["id"], 1, 100 * DAY_MS)
    await house.services.reconciler.tidy()
    assert await _kept(launcher) == {old["id"]}
    house.engine.advance(31 * DAY_MS)
    # A record that no row knows, as after a restore, is not ours to delete.
    house.engine.launch_notebook("lease-unknown", 1)
    house.engine.finish("lease-unknown", 0)
    house.engine.advance(31 * DAY_MS)
    await house.services.reconciler.tidy()
    assert await _kept(launcher) == {"lease-unknown"}
    assert (await launcher.observe(running["id"], 1)).is_alive


async def _kept(launcher: Any) -> set[str]:
    return {lease_id for lease_id, _ in await launcher.ended_before(10**15)}
