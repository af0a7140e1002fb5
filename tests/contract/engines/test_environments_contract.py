"""What every ``Environments`` promises, and what the local one does with hostile builds."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from engines_house import House
from jupyter_client.kernelspec import KernelSpecManager

from madang.domain.environment import MAX_REPORT_BYTES, EnvironmentRef
from madang.engines.local.environments import LocalEnvironments
from madang.engines.ports import Kernel
from madang.errors import LocalError, RefusedError
from madang.settings.environment_folders import RECORD, EnvironmentFolders

REF = EnvironmentRef(project="project-a", environment="environment-b", revision=1)
OTHER = EnvironmentRef(project="project-c", environment="environment-d", revision=1)
GOOD = {"run": "run-1", "python": "3.12.1", "size_bytes": 1, "packages": []}


async def test_a_folder_is_an_environment_once_its_build_has_ended(house: House) -> None:
    environments = house.engine.environments
    assert await environments.inspect(REF) is None
    await environments.prepare(REF, "ada")
    assert await environments.inspect(REF) is None
    assert await environments.kept() == [REF]
    await house.build(REF, "run-1")
    built = await environments.inspect(REF)
    assert built is not None
    assert (built.run, built.packages) == ("run-1", {"numpy": "2.4.0"})
    # Another life of the build begins with nothing.
    await environments.prepare(REF, "ada")
    assert await environments.inspect(REF) is None
    for _ in range(2):
        await environments.remove(REF)
    assert await environments.kept() == []


@pytest.fixture
def folders(tmp_path: Path) -> EnvironmentFolders:
    return EnvironmentFolders(tmp_path / "environments")


@pytest.fixture
def local(folders: EnvironmentFolders) -> LocalEnvironments:
    return LocalEnvironments(folders.root)


async def finished(local: LocalEnvironments, record: object = GOOD) -> Path:
    """Make a folder with an interpreter and a record; returns the record's path."""
    folder = Path(await local.prepare(REF, "ada"))
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / RECORD).write_text(json.dumps(record))
    return folder / RECORD


async def test_a_record_is_read_as_a_strangers_file(local: LocalEnvironments) -> None:
    record = await finished(local)
    assert await local.inspect(REF) is not None
    secret = record.parent.parent / "secret.json"
    secret.write_text(json.dumps(GOOD))
    record.unlink()
    record.symlink_to(secret)
    assert await local.inspect(REF) is None
    record.unlink()
    os.link(secret, record)
    assert await local.inspect(REF) is None
    record.unlink()
    os.mkfifo(record)
    assert await local.inspect(REF) is None
    record.unlink()
    record.write_text(" " * (MAX_REPORT_BYTES + 1))
    assert await local.inspect(REF) is None
    for text in ("", "[", "[]", "null", "[" * 100_000):
        record.write_text(text)
        assert await local.inspect(REF) is None
    record.write_text(json.dumps(GOOD))
    (record.parent / "bin" / "python").unlink()
    assert await local.inspect(REF) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_record_of_another_owner_is_none(local: LocalEnvironments) -> None:
    record = await finished(local)
    os.chown(record, 65534, 65534)
    assert await local.inspect(REF) is None


def owner_and_mode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, stat.S_IMODE(found.st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root prepares folders for others")
async def test_builders_own_their_folder_and_nothing_above(folders: EnvironmentFolders) -> None:
    local = LocalEnvironments(folders.root, system_users=True)
    path = Path(await local.prepare(REF, "nobody"))
    owner, mode = owner_and_mode(path)
    assert (owner != 0, mode) == (True, 0o755)
    for above in (path.parent, path.parent.parent, folders.root):
        # To be passed through by whoever knows a name; not to be listed, nor written.
        assert owner_and_mode(above) == (0, 0o711)
    with pytest.raises(RefusedError):
        await local.prepare(REF, "root")


async def test_removing_follows_no_link(local: LocalEnvironments, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("mine")
    record = await finished(local)
    (record.parent / "link").symlink_to(kept)
    await local.remove(REF)
    assert not record.parent.exists()
    assert (kept / "file").read_text() == "mine"


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError) as caught:
        await LocalEnvironments(tmp_path / "file" / "environments").prepare(REF, "ada")
    assert caught.value.code == "environment_folder"


async def test_jupyter_offers_the_kernels_of_one_project_only(
    local: LocalEnvironments, folders: EnvironmentFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(name="madang-torch", title="PyTorch (a)", environment="torch", ref=REF)
    other = Kernel(name="madang-else", title="Else (c)", environment="else", ref=OTHER)
    await local.publish("project-a", [kernel])
    await local.publish("project-c", [other])
    monkeypatch.setenv("JUPYTER_PATH", str(folders.jupyter("project-a")))
    manager = KernelSpecManager()
    ours = {name for name in manager.find_kernel_specs() if name.startswith("madang-")}
    assert ours == {"madang-torch"}
    spec = manager.get_kernel_spec("madang-torch")
    assert spec.argv[0] == str(folders.python(REF))
    assert spec.display_name == "PyTorch (a)"
    assert spec.env["PYTHONNOUSERSITE"] == "1"
    # Found at the next look, without a restart of the server.
    newer = Kernel(
        name="madang-torch",
        title="PyTorch (a)",
        environment="torch",
        ref=EnvironmentRef(project="project-a", environment="environment-b", revision=2),
    )
    await local.publish("project-a", [newer])
    assert manager.get_kernel_spec("madang-torch").argv[0] == str(folders.python(newer.ref))
    await local.publish("project-a", [])
    assert not [name for name in manager.find_kernel_specs() if name.startswith("madang-")]
