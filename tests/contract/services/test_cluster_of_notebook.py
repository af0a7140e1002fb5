"""A cluster that a notebook opened ends with that notebook's server, however it ended."""

from typing import Any

import pytest

from madang.domain.lease import EndReason
from madang.errors import NotFoundError
from madang.services import lives


async def notebook(house: Any, who: str = "ada", **wanted: Any) -> dict[str, Any]:
    lease = await house.ask(who, profile="cpu", **wanted)
    await house.turn()
    await house.launch(lease["id"])
    await house.turn()
    return await house.lease(lease["id"])


async def state(house: Any, cluster: dict[str, Any]) -> str:
    return (await house.services.clusters.get(await house.actor("ada"), cluster["id"]))["state"]


async def opened(house: Any, lease: dict[str, Any]) -> dict[str, Any]:
    made = await house.cluster("ada", workers=1, notebook_lease=lease["id"])
    await house.turn(3)
    assert await state(house, made) == "active"
    return made


async def free(house: Any) -> int:
    pool = await house.services.pool.pool(await house.actor("ada"))
    return pool["flavors"][0]["devices_free"]


@pytest.mark.parametrize("how", ["stopped", "lost"])
async def test_it_ends_with_its_notebook(house: Any, how: str) -> None:
    lease = await notebook(house)
    before = await free(house)
    cluster, other = await opened(house, lease), await house.cluster("ada", workers=1)
    await house.turn(3)
    if how == "stopped":
        await house.services.leases.end(await house.actor("ada"), lease["id"])
    else:
        core = house.services.core
        row = await core.store.read(lambda tx: tx.leases.get(lease["id"]))
        await lives.end(core, row, EndReason.LOST)
    await house.turn(5)
    assert await state(house, cluster) == "ended"
    assert await state(house, other) == "active", "nobody's notebook opened it"
    assert await free(house) == before - 1


async def test_one_that_waits_leaves_the_queue_with_its_notebook(house: Any) -> None:
    lease = await notebook(house)
    await house.cluster("ada", workers=4)
    await house.turn(3)
    waiting = await house.cluster("ada", workers=1, notebook_lease=lease["id"])
    assert await state(house, waiting) == "queued"
    await house.services.leases.end(await house.actor("ada"), lease["id"])
    await house.turn(5)
    assert await state(house, waiting) == "ended"


async def test_it_outlives_a_restart_of_the_service_with_its_notebook(house: Any) -> None:
    lease = await notebook(house)
    cluster = await opened(house, lease)
    await house.restart()
    await house.turn(5)
    assert await state(house, cluster) == "active"


async def test_nobody_hangs_a_cluster_on_a_notebook_of_others(house: Any) -> None:
    others = await notebook(house, "chan", project="language")
    for name in (others["id"], "lease-00000000000000000000000000", "x"):
        with pytest.raises(NotFoundError, match="lease_unknown"):
            await house.cluster("ada", workers=1, notebook_lease=name)
