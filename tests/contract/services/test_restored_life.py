"""What a restored copy says of leases that ran when it was made: lost, and charged at most once."""

from pathlib import Path
from typing import Any

import pytest

from madang.engines.hostile import HostileEngine
from madang.settings.home import Home
from madang.stack import backup, restore

HOUR_MS = 3_600_000


async def test_what_ran_at_the_copy_is_lost_and_refunded_and_the_ledger_adds_up(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("madang.stack.backing_up.now_ms", house.engine.clock)
    monkeypatch.setattr("madang.stack.restoring.now_ms", house.engine.clock)
    done = await house.ask("bora", profile="gpu-1")
    await house.turn()
    await house.launch(done["id"])
    await house.turn(400)
    house.engine.finish(done["id"], 0)
    await house.turn(3)
    runs = await house.ask("ada", profile="gpu-2")
    await house.turn()
    await house.launch(runs["id"])
    await house.turn(700)
    waits = await house.ask("chan", project="language", profile="gpu-4")
    await house.turn()
    copied_ms = house.engine.clock()
    made = backup(Home(tmp_path), tmp_path / "copy.tar.gz")
    charged = (await house.lease(runs["id"]))["charged_microcredits"]
    assert charged > 0
    # The house goes on and charges more; nothing of this is in the copy.
    await house.turn(400)
    paid = (await _usage(house, "vision"))["used"]

    house.services.core.store.close()
    house.folder = tmp_path / "again"
    house.folder.mkdir()
    restored = restore(Home(house.folder), made.path)
    assert restored.put_aside == ""
    (house.folder / "policy.yaml").write_text((tmp_path / "policy.yaml").read_text())
    # A week later, on another machine: no process is left of anything.
    later = HostileEngine(2, {"sim-h200": 4})
    later.advance(house.engine.clock() + 7 * 24 * HOUR_MS - later.clock())
    house.engine = later
    house.services = house._build()
    await house.open()
    await house.turn(5)

    lost = await house.lease(runs["id"])
    assert (lost["state"], lost["reason"]) == ("ended", "lost")
    assert (await house.lease(done["id"]))["state"] == "ended"
    vision = await _usage(house, "vision")
    of_done = [e for e in await _entries(house) if e["lease"] == done["id"]]
    assert vision["used"] == -sum(entry["amount_microcredits"] for entry in of_done) < paid
    assert vision["reserved"] == 0
    # Nobody knows what was held after the copy, so nothing is shown as held.
    held = [e for e in await _entries(house) if e["lease"] == runs["id"]]
    assert max(entry["to_ms"] for entry in held) <= copied_ms
    assert sum(entry["amount_microcredits"] for entry in held) == 0
    verified = await house.services.usage.verify(await house.actor("root"))
    assert verified["ok"], verified
    # Who waited has kept the place, and it is their turn now.
    assert (await house.lease(waits["id"]))["state"] == "admitted"


async def _usage(house: Any, project: str) -> dict[str, Any]:
    actor = await house.actor("root")
    found = await house.services.usage.usage(actor, project=project, from_ms=0)
    return dict(found["projects"][0])


async def _entries(house: Any) -> list[dict[str, Any]]:
    actor = await house.actor("root")
    found = await house.services.usage.entries(actor, project=None, after_seq=0, limit=1000)
    return list(found["entries"] if isinstance(found, dict) else found)
