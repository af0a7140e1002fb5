"""What every Artifacts and every Meter promises."""

import hashlib

import pytest
from engines_house import House

from madang.errors import NotFoundError


async def test_bytes_come_back_by_their_hash(house: House) -> None:
    artifacts = house.engine.artifacts
    for data in (b"", b"notebook", bytes(range(256)) * 1000):
        name = await artifacts.put(data)
        assert name == hashlib.sha256(data).hexdigest()
        assert await artifacts.put(data) == name
        assert await artifacts.get(name) == data


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "/"])
async def test_other_names_are_not_found(house: House, name: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        await house.engine.artifacts.get(name)
    assert caught.value.code == "artifact_missing"


async def test_a_reading_that_nobody_has_is_none(house: House) -> None:
    holders = {f"sim-h200-{n}": (name, 1) for n, name in enumerate(("busy", "idle", "quiet"))}
    samples = await house.engine.meter.read(holders, {"busy": True, "idle": False}, house.now())
    read = {sample.lease_id: sample.utilisation_percent for sample in samples}
    assert read["busy"] is not None
    assert 80 <= read["busy"] <= 100
    assert (read["idle"], read["quiet"]) == (0, None)
    assert {(s.device_id, s.attempt, s.at_ms) for s in samples} == {
        (device, 1, house.now()) for device in holders
    }
