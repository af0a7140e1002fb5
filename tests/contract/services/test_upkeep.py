"""Maintenance and devices that are out: who may, what people are told, what a restart keeps."""

from typing import Any

import pytest

from madang.errors import InvalidError, NotFoundError, RefusedError

HOUR_MS = 3_600_000


async def test_a_pause_keeps_places_and_what_runs(house: Any) -> None:
    root, ada = await house.actor("root"), await house.actor("ada")
    upkeep = house.services.upkeep
    runs = await house.ask("ada", profile="gpu-2")
    await house.turn()
    await house.launch(runs["id"])
    until = house.engine.clock() + HOUR_MS
    with pytest.raises(RefusedError, match="admin_only"):
        await upkeep.begin_maintenance(ada, reason="mine", until_ms=None)
    with pytest.raises(InvalidError, match="reason_missing"):
        await upkeep.begin_maintenance(root, reason=" ", until_ms=None)
    with pytest.raises(InvalidError, match="until_passed"):
        await upkeep.begin_maintenance(root, reason="x", until_ms=1)
    notice = await upkeep.begin_maintenance(root, reason="a new fan {x}", until_ms=until)
    first = await house.ask("chan", project="language", profile="gpu-1")
    second = await house.ask("dana", project="language", profile="cpu")
    await house.turn(60)
    waiting = await house.lease(first["id"])
    assert waiting["state"] == (await house.lease(second["id"]))["state"] == "queued"
    standing = waiting["standing"]
    assert standing["reason"] == "maintenance"
    assert "a new fan {x}" in standing["reason_text"]
    assert "KST" in standing["reason_text"]
    assert (await house.lease(runs["id"]))["state"] == "active"
    pool = await house.services.pool.pool(ada)
    assert pool["maintenance"] == notice
    queue = await house.services.pool.queue(ada)
    assert queue["flavors"][0]["waiting"][0]["reason"] == "maintenance"
    # A restart changes nothing.
    await house.restart()
    await house.turn(20)
    assert (await house.lease(first["id"]))["state"] == "queued"
    assert house.services.upkeep.notice("ko")["text"].startswith("20")
    assert house.services.upkeep.notice("en")["since_ms"] == notice["since_ms"]
    # The end that was named passes: nothing is promised any more, and nothing starts by itself.
    await house.turn(1, step_ms=2 * HOUR_MS)
    standing = (await house.lease(first["id"]))["standing"]
    assert standing["expected_ms"] is None
    assert "KST" not in standing["reason_text"]
    await house.services.upkeep.end_maintenance(root)
    assert house.services.upkeep.notice("en") is None
    await house.turn(2)
    assert (await house.lease(first["id"]))["state"] == "admitted"
    acts = await _acts(house, "maintenance")
    assert [act["act"] for act in acts] == ["maintenance.end", "maintenance.begin"]
    assert acts[1]["reason"] == "a new fan {x}"


async def test_a_drained_device_is_left_by_its_lease_and_given_to_nobody(house: Any) -> None:
    root = await house.actor("root")
    runs = await house.ask("ada", profile="gpu-2")
    await house.turn()
    await house.launch(runs["id"])
    await house.turn()
    bad = (await house.lease(runs["id"]))["device_ids"][0]
    row = await house.services.upkeep.drain(root, bad, reason="ECC errors")
    assert (row["state"], row["lease"], row["person"]) == ("out", runs["id"], "ada")
    assert (row["reason"], row["by"]) == ("ECC errors", "root")
    await house.turn(5)
    assert (await house.lease(runs["id"]))["state"] == "active"
    await house.restart()
    house.engine.finish(runs["id"], 0)
    await house.turn(3)
    given = []
    for name in ("ada", "bora", "chan"):
        project = "language" if name == "chan" else "vision"
        given.append(await house.ask(name, project=project, profile="gpu-1"))
    await house.turn(3)
    held = [(await house.lease(lease["id"]))["device_ids"] for lease in given]
    assert len({ids[0] for ids in held}) == 3
    assert all(bad not in ids for ids in held)
    last = await house.ask("dana", project="language", profile="gpu-1")
    await house.turn(3)
    assert (await house.lease(last["id"]))["state"] == "queued"
    await house.services.upkeep.put_back(root, bad)
    await house.turn(3)
    assert (await house.lease(last["id"]))["device_ids"] == [bad]
    acts = await _acts(house, bad)
    assert [act["act"] for act in acts] == ["device.return", "device.drain"]


async def test_who_and_what_is_checked(house: Any) -> None:
    root, ada = await house.actor("root"), await house.actor("ada")
    upkeep = house.services.upkeep
    for act in (
        upkeep.devices(ada),
        upkeep.drain(ada, "sim-h200-0", reason="x"),
        upkeep.put_back(ada, "sim-h200-0"),
        upkeep.end_maintenance(ada),
    ):
        with pytest.raises(RefusedError, match="admin_only"):
            await act
    with pytest.raises(NotFoundError, match="device_unknown"):
        await upkeep.drain(root, "sim-h200-9", reason="x")
    with pytest.raises(NotFoundError, match="device_not_out"):
        await upkeep.put_back(root, "sim-h200-0")
    with pytest.raises(InvalidError, match="reason_missing"):
        await upkeep.drain(root, "sim-h200-0", reason="")
    states = [row["state"] for row in await upkeep.devices(root)]
    assert states == ["free"] * 4


async def _acts(house: Any, target: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await house.services.core.store.read(
        lambda tx: tx.audit.find(target)
    )
    return found
