"""What every Artifacts and every Meter promises."""

import hashlib
from pathlib import Path

import pytest
from engines_house import House

from madang.engines.hostile.memory import MemoryArtifacts
from madang.engines.local.artifacts import LocalArtifacts
from madang.engines.ports import Artifacts
from madang.engines.stored_artifacts import StoredArtifacts
from madang.errors import NotFoundError


@pytest.fixture(params=["calm", "local", "s3", "memory", "folder"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    if request.param == "calm":
        return MemoryArtifacts()
    if request.param == "local":
        return LocalArtifacts(tmp_path)
    if request.param == "s3":
        kept: Artifacts = request.getfixturevalue("stored")
        return kept
    other = {"memory": f"memory://{tmp_path.name}", "folder": f"file://{tmp_path}/kept"}
    return StoredArtifacts(other[request.param], {})


async def test_bytes_come_back_by_their_hash(artifacts: Artifacts) -> None:
    for data in (b"", b"notebook", bytes(range(256)) * 1000):
        name = await artifacts.put(data)
        assert name == hashlib.sha256(data).hexdigest()
        assert await artifacts.put(data) == name
        assert await artifacts.get(name) == data


NO_NAMES = ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "/"]


@pytest.mark.parametrize("name", NO_NAMES)
async def test_other_names_are_not_found(artifacts: Artifacts, name: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        await artifacts.get(name)
    assert caught.value.code == "artifact_missing"
    await artifacts.remove(name)
    assert await artifacts.sizes([name]) == {}


async def test_what_is_removed_is_gone_and_can_be_stored_again(artifacts: Artifacts) -> None:
    kept, gone = await artifacts.put(b"kept"), await artifacts.put(b"gone!")
    assert await artifacts.sizes([kept, gone, "0" * 64]) == {kept: 4, gone: 5}
    for _ in range(2):
        await artifacts.remove(gone)
    with pytest.raises(NotFoundError, match="artifact_missing"):
        await artifacts.get(gone)
    assert await artifacts.sizes([kept, gone]) == {kept: 4}
    assert await artifacts.put(b"gone!") == gone
    assert (await artifacts.get(gone), await artifacts.get(kept)) == (b"gone!", b"kept")


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
