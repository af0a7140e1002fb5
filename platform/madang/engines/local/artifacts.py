"""Bytes by their hash in a folder: snapshots and outputs of runs on one machine.

A file appears whole or not at all and is never changed, so a crash at any moment leaves either the
stored bytes or nothing. A name is checked before it becomes a path: it comes from people.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path

from madang.errors import NotFoundError, UnavailableError

_SHA256 = re.compile(r"[0-9a-f]{64}")


class LocalArtifacts:
    """The port ``Artifacts`` over a folder.

    Parameters
    ----------
    folder
        Made when missing (0700); one sub-folder for each first two digits.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        """Store bytes durably and return their SHA-256; storing them again changes nothing.

        Raises
        ------
        UnavailableError
            ``storage_full`` when the disk has no room; nothing is left behind.
        """
        return await asyncio.to_thread(self._put, data)

    async def get(self, sha256: str) -> bytes:
        """Return stored bytes.

        Raises
        ------
        NotFoundError
            ``artifact_missing``: no such name, nothing stored, or bytes that do not match it.
        """
        return await asyncio.to_thread(self._get, sha256)

    async def remove(self, sha256: str) -> None:
        """Delete stored bytes; harmless when they are gone, or when it is no name of ours."""
        if _SHA256.fullmatch(sha256):
            await asyncio.to_thread(self._path(sha256).unlink, missing_ok=True)

    async def sizes(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the bytes of each that is stored."""
        return await asyncio.to_thread(self._sizes, [n for n in names if _SHA256.fullmatch(n)])

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _sizes(self, names: Collection[str]) -> dict[str, int]:
        found = {}
        for name in names:
            with contextlib.suppress(OSError):
                found[name] = self._path(name).stat().st_size
        return found

    def _put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        with contextlib.suppress(NotFoundError):
            self._get(sha256)
            return sha256
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(temporary, data)
            temporary.replace(path)
            self._sync(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise UnavailableError(
                "storage_full", bytes=len(data), why=error.strerror or str(error)
            ) from error
        return sha256

    def _write(self, path: Path, data: bytes) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def _sync(folder: Path) -> None:
        for path in (folder, folder.parent):
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def _get(self, sha256: str) -> bytes:
        if not _SHA256.fullmatch(sha256):
            raise NotFoundError("artifact_missing", sha256=sha256[:80])
        try:
            data = self._path(sha256).read_bytes()
        except OSError as error:
            raise NotFoundError("artifact_missing", sha256=sha256) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            # Damaged on disk: handing it out would break the promise that a run is reproducible.
            raise NotFoundError("artifact_missing", sha256=sha256)
        return data
