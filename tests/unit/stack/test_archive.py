import contextlib
import gzip
import io
import json
import sqlite3
import tarfile

import pytest

from madang.errors import InvalidError, LocalError
from madang.stack.archive import MANIFEST, Manifest, unpack, write_archive


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "source.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE a (b)")
    return path


@pytest.fixture
def archive(tmp_path, database):
    target = tmp_path / "a.tar.gz"
    digest = "ab" + "0" * 62
    bytes_ = tmp_path / "bytes"
    bytes_.write_bytes(b"x" * 3_000_000)
    with write_archive(target) as writer:
        writer.add("madang.sqlite", database)
        writer.add(f"artifacts/ab/{digest}", bytes_)
        writer.finish(
            Manifest(version="1", revision="0001", made_ms=5, has_secrets=False, files=writer.files)
        )
    return target


def members(archive):
    with tarfile.open(archive) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def rewritten(archive, kept, extra=()):
    with tarfile.open(archive, "w:gz") as tar:
        for name, data in [*kept.items(), *extra]:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return archive


def test_what_was_packed_comes_out_whole_and_private(archive, tmp_path):
    assert archive.stat().st_mode & 0o777 == 0o600
    out = tmp_path / "out"
    manifest = unpack(archive, out)
    assert (manifest.made_ms, manifest.revision, len(manifest.files)) == (5, "0001", 2)
    assert {p.stat().st_mode & 0o777 for p in out.rglob("*") if p.is_file()} == {0o600}
    assert list(members(archive))[-1] == MANIFEST


def test_a_file_that_is_there_is_never_replaced(archive, database):
    before = archive.read_bytes()
    with pytest.raises(LocalError, match="backup_not_written"), write_archive(archive) as writer:
        writer.add("madang.sqlite", database)
    assert archive.read_bytes() == before
    assert [p for p in archive.parent.iterdir() if p.name.startswith(".a.tar")] == []


def test_one_that_fails_half_way_leaves_nothing(tmp_path, database):
    target = tmp_path / "b.tar.gz"

    def write():
        with write_archive(target) as writer:
            writer.add("madang.sqlite", database)
            writer.add("hub.sqlite", tmp_path / "gone")

    with pytest.raises(LocalError, match="backup_not_written"):
        write()
    assert not any("b.tar.gz" in p.name for p in tmp_path.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_cut_short_is_refused(archive, tmp_path, share):
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InvalidError, match="backup_unreadable"):
        unpack(archive, tmp_path / "out")


def test_changed_bytes_are_named(archive, tmp_path):
    found = members(archive)
    found["madang.sqlite"] = found["madang.sqlite"][:-1] + b"\x01"
    with pytest.raises(InvalidError, match="backup_damaged") as caught:
        unpack(rewritten(archive, found), tmp_path / "out")
    assert caught.value.details["name"] == "madang.sqlite"


def test_a_missing_file_is_named(archive, tmp_path):
    found = members(archive)
    gone = next(name for name in found if name.startswith("artifacts"))
    del found[gone]
    with pytest.raises(InvalidError, match="backup_damaged") as caught:
        unpack(rewritten(archive, found), tmp_path / "out")
    assert caught.value.details["name"] == gone


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "artifacts/../../evil", "config/../evil.py", "attempts/x/spec.json"],
)
def test_no_name_leads_outside(archive, tmp_path, name):
    found = members(archive)
    manifest = found.pop(MANIFEST)
    rewritten(archive, found, [(name, b"x"), (MANIFEST, manifest)])
    with pytest.raises(InvalidError, match="backup_unreadable"):
        unpack(archive, tmp_path / "deep" / "out")
    assert not any(p.name.startswith("evil") for p in tmp_path.rglob("*"))


def test_links_are_refused(archive, tmp_path):
    found = members(archive)
    link = tarfile.TarInfo("hub.sqlite")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    manifest = found.pop(MANIFEST)
    rewritten(archive, found, [(link, b""), (MANIFEST, manifest)])
    with pytest.raises(InvalidError, match="backup_unreadable"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"format": 2}', b'{"format": 1}'])
def test_a_manifest_of_another_kind_is_refused(archive, tmp_path, manifest):
    found = {**members(archive), MANIFEST: manifest}
    with pytest.raises(InvalidError, match="backup_unreadable"):
        unpack(rewritten(archive, found), tmp_path / "out")


def test_no_archive_at_all(tmp_path):
    other = tmp_path / "x.tar.gz"
    with pytest.raises(InvalidError, match="file_missing"):
        unpack(other, tmp_path / "out")
    other.write_bytes(gzip.compress(json.dumps({}).encode()))
    with pytest.raises(InvalidError, match="backup_unreadable"):
        unpack(other, tmp_path / "out")
