"""The file that ``madang backup`` writes: a .tar.gz of known names and a manifest at its end.

The manifest is the last member, so that a file that was cut short has none. Reading trusts nothing:
only plain files of names that a backup can hold, each checked against size and hash.
"""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from madang.errors import InvalidError, LocalError

FORMAT = 1
MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 256 * 1024**2
_NAMES = re.compile(
    r"madang\.sqlite|hub\.sqlite|artifacts/[0-9a-f]{2}/[0-9a-f]{64}"
    r"|config/(?:policy|profiles|hub_config)\.(?:yaml|py)|secrets/(?:secrets\.json|hub-cookie-secret)"
)
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself.

    Attributes
    ----------
    version
        Of the program that made it.
    revision
        Of the database's schema.
    made_ms
        The moment of the copy of Madang's database.
    files
        Size and SHA-256 by name.
    """

    version: str
    revision: str
    made_ms: int
    has_secrets: bool
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(size for size, _ in self.files.values())

    def to_json(self) -> dict[str, Any]:
        """Return JSON data."""
        return {
            "format": FORMAT,
            "version": self.version,
            "revision": self.revision,
            "made_ms": self.made_ms,
            "has_secrets": self.has_secrets,
            "files": {n: {"bytes": b, "sha256": h} for n, (b, h) in self.files.items()},
        }


class _Counted:
    """A file that is read once, and hashed and counted on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self.bytes += len(data)
        return data

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class Writer:
    """Adds files to a new archive and remembers what they were."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, tuple[int, str]] = {}

    def add(self, name: str, path: Path) -> None:
        """Add a file."""
        with path.open("rb") as file:
            counted = _Counted(file)
            entry = _entry(name, os.fstat(file.fileno()).st_size)
            self._tar.addfile(entry, counted)
        self.files[name] = (counted.bytes, counted.sha256)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest; nothing may follow."""
        data = json.dumps(manifest.to_json(), indent=1).encode()
        self._tar.addfile(_entry(MANIFEST, len(data)), io.BytesIO(data))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


@contextmanager
def write_archive(target: Path) -> Iterator[Writer]:
    """Write a 0600 archive that appears whole or not at all.

    Raises
    ------
    LocalError
        ``backup_not_written``: no room, no such folder, or a file that is there already.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists():
            raise FileExistsError(17, os.strerror(17))
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces what somebody else put there meanwhile.
        os.link(aside, target)
    except OSError as error:
        raise LocalError(
            "backup_not_written", path=str(target), why=error.strerror or str(error)
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack into an empty folder and check every file; nothing outside of it is touched.

    Raises
    ------
    InvalidError
        ``file_missing``, ``backup_unreadable`` or ``backup_damaged``.
    """
    if not archive.is_file():
        raise InvalidError("file_missing", path=str(archive))
    found: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isreg() else None
                if file is None or manifest is not None:
                    raise _unreadable(archive, entry.name)
                if entry.name == MANIFEST:
                    manifest = _manifest(archive, file.read(_MAX_MANIFEST_BYTES))
                elif _NAMES.fullmatch(entry.name) and entry.name not in found:
                    found[entry.name] = _put(file, folder / entry.name)
                else:
                    raise _unreadable(archive, entry.name)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _unreadable(archive, str(error)) from error
    if manifest is None:
        raise _unreadable(archive, f"no {MANIFEST}")
    wrong = sorted(n for n in {*found, *manifest.files} if found.get(n) != manifest.files.get(n))
    if wrong or "madang.sqlite" not in found:
        name = wrong[0] if wrong else "madang.sqlite"
        raise InvalidError("backup_damaged", path=str(archive), name=name, count=len(wrong) or 1)
    return manifest


def _put(file: IO[bytes], path: Path) -> tuple[int, str]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    counted = _Counted(file)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as target:
        shutil.copyfileobj(counted, target, _CHUNK)
        target.flush()
        os.fsync(target.fileno())
    return counted.bytes, counted.sha256


def _manifest(archive: Path, data: bytes) -> Manifest:
    try:
        given = json.loads(data)
        if given["format"] != FORMAT:
            raise _unreadable(archive, f"format {given['format']}")
        return Manifest(
            version=str(given["version"]),
            revision=str(given["revision"]),
            made_ms=int(given["made_ms"]),
            has_secrets=bool(given["has_secrets"]),
            files={str(n): (int(f["bytes"]), str(f["sha256"])) for n, f in given["files"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(archive, MANIFEST) from error


def _unreadable(archive: Path, why: str) -> InvalidError:
    return InvalidError("backup_unreadable", path=str(archive), why=why[:200])
