"""Bytes by their hash in a storage of the site, by fsspec: S3-compatible ones first of all.

An object appears whole or not at all: one request puts it, and where a storage knows no such
request, bytes go to another name and are moved. What comes back is held against its name. A storage
that is away is asked again for some seconds; then the caller is told to come back, which slots do
for ten minutes.
"""

import asyncio
import contextlib
import hashlib
import logging
import random
import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import yaml

from madang.engines.ports import Artifacts
from madang.errors import InvalidError, NotFoundError, UnavailableError
from madang.settings.files import ArtifactPolicy

log = logging.getLogger(__name__)

Result = TypeVar("Result")

RETRY_S = 6.0
"""A call is tried again for so long; whoever asks over HTTP waits thirty seconds at most."""

_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.2, 2.0
_CALLS = 16
"""Requests to the storage at once."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PUTS_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az"})
_S3 = {
    "use_listings_cache": False,
    "default_cache_type": "none",
    "config_kwargs": {
        "connect_timeout": 3,
        "read_timeout": 20,
        "retries": {"max_attempts": 1},
    },
}


class StoredArtifacts:
    """The port ``Artifacts`` over a file system of fsspec.

    Parameters
    ----------
    url
        Such as ``s3://bucket/prefix``; the bucket must be there.
    options
        What the file system is opened with, credentials among it; never logged.
    """

    def __init__(self, url: str, options: Mapping[str, Any], *, retry_s: float = RETRY_S) -> None:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        try:
            # An instance of our own: fsspec would keep one with its credentials for everybody.
            self._files, root = url_to_fs(url, skip_instance_cache=True, **options)
        except (ImportError, ValueError, TypeError) as error:
            raise InvalidError("artifacts_url", given=url[:200]) from error
        self._root = root.rstrip("/")
        self._retry_s = retry_s
        # Of its own: a storage that hangs must not take the threads of everybody else.
        self._threads = ThreadPoolExecutor(_CALLS, thread_name_prefix="artifacts")

    async def put(self, data: bytes) -> str:
        """Store bytes and return their SHA-256; storing them again repairs what was damaged.

        Raises
        ------
        UnavailableError
            ``artifacts_away`` while the storage does not take them; nothing is left behind.
        """
        return await self._call(self._put, data)

    async def get(self, sha256: str) -> bytes:
        """Return stored bytes.

        Raises
        ------
        NotFoundError
            ``artifact_missing``: no such name, nothing stored, or bytes that do not match it.
        UnavailableError
            ``artifacts_away`` while the storage does not answer.
        """
        if not _SHA256.fullmatch(sha256):
            raise NotFoundError("artifact_missing", sha256=sha256[:80])
        try:
            return await self._call(self._get, sha256)
        except FileNotFoundError as error:
            raise NotFoundError("artifact_missing", sha256=sha256) from error

    async def remove(self, sha256: str) -> None:
        """Delete stored bytes; harmless when they are gone, or when it is no name of ours."""
        if _SHA256.fullmatch(sha256):
            await self._call(self._remove, sha256)

    async def sizes(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the bytes of each that is stored."""
        wanted = [name for name in names if _SHA256.fullmatch(name)]
        sizes = await asyncio.gather(*(self._call(self._size, name) for name in wanted))
        return {name: n for name, n in zip(wanted, sizes, strict=True) if n is not None}

    async def _call(self, work: Callable[[Any], Result], given: Any) -> Result:
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + self._retry_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await loop.run_in_executor(self._threads, work, given)
            except (FileNotFoundError, NotFoundError) as error:
                if work != self._put:
                    raise
                fault: Exception = error  # the bucket itself
            except Exception as error:  # each file system has errors of its own
                fault = error
            sleep_s = pause_s * random.uniform(0.7, 1.0)  # noqa: S311 - spreads tries, no secret
            if time.monotonic() + sleep_s > deadline:
                # Words of others may quote addresses with keys in them: only the kind is told.
                why = type(fault).__name__
                log.error("the storage of artifacts does not answer: %s", why)
                raise UnavailableError("artifacts_away", why=why) from None
            await asyncio.sleep(sleep_s)
            pause_s = min(_MAX_PAUSE_S, pause_s * 1.7)

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def _put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        protocol = self._files.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        if names & _PUTS_WHOLE:
            self._files.pipe_file(path, data)
            return sha256
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        temporary = f"{self._root}/{sha256[:2]}/.{secrets.token_hex(8)}"
        try:
            self._files.pipe_file(temporary, data)
            self._files.mv(temporary, path)
        except Exception:
            with contextlib.suppress(Exception):
                self._files.rm_file(temporary)
            raise
        return sha256

    def _get(self, sha256: str) -> bytes:
        data: bytes = self._files.cat_file(self._path(sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            # Damaged there: handing it out would break the promise that a run is reproducible.
            raise NotFoundError("artifact_missing", sha256=sha256)
        return data

    def _remove(self, sha256: str) -> None:
        try:
            self._files.rm_file(self._path(sha256))
        except FileNotFoundError:
            return

    def _size(self, sha256: str) -> int | None:
        try:
            return int(self._files.info(self._path(sha256))["size"])
        except FileNotFoundError:
            return None


def build(policy: ArtifactPolicy, folder: Callable[[], Artifacts]) -> Artifacts:
    """Return the storage that the policy names; ``folder`` where it names none.

    Raises
    ------
    InvalidError
        ``artifacts_url`` for an address that is not understood, or whose library is missing;
        ``credentials_missing`` when their file cannot be read.
    """
    if not policy.url:
        return folder()
    options: dict[str, Any] = {}
    if policy.url.startswith(("s3://", "s3a://")):
        options = {**_S3, **({"endpoint_url": policy.endpoint} if policy.endpoint else {})}
    return StoredArtifacts(policy.url, options | _credentials(policy.credentials_file))


def _credentials(path: str) -> dict[str, Any]:
    """Read the options that are secret; an error says which file, never what stands in it."""
    if not path:
        return {}
    try:
        found = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        found = None
    if not isinstance(found, dict):
        raise InvalidError("credentials_missing", path=path) from None
    return {str(key): value for key, value in found.items()}
