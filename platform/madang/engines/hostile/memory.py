"""Meter and artifacts in memory: exact and quick, with knobs for what a test wants to see."""

import hashlib
from collections.abc import Collection, Mapping, Sequence

from madang.engines.ports import Sample
from madang.errors import NotFoundError, UnavailableError


class MemoryMeter:
    """The port ``Meter``: 90 for a busy kernel, 0 for an idle one, None where nobody knows.

    Attributes
    ----------
    readings
        Percent by device id that a test wants to be read instead.
    """

    def __init__(self) -> None:
        self.readings: dict[str, int | None] = {}

    async def read(
        self, holders: Mapping[str, tuple[str, int]], busy: Mapping[str, bool], now_ms: int
    ) -> Sequence[Sample]:
        """Read each held device."""
        return [
            Sample(
                lease_id=lease_id,
                attempt=attempt,
                device_id=device_id,
                at_ms=now_ms,
                utilisation_percent=self.readings.get(device_id, _percent(busy.get(lease_id))),
            )
            for device_id, (lease_id, attempt) in holders.items()
        ]


def _percent(is_busy: bool | None) -> int | None:
    return None if is_busy is None else 90 * is_busy


class MemoryArtifacts:
    """The port ``Artifacts`` as a table.

    Attributes
    ----------
    is_full
        Whether storing fails as on a full disk.
    """

    def __init__(self) -> None:
        self._stored: dict[str, bytes] = {}
        self.is_full = False

    async def put(self, data: bytes) -> str:
        """Store bytes and return their SHA-256."""
        if self.is_full:
            raise UnavailableError("storage_full", bytes=len(data), why="no space left")
        sha256 = hashlib.sha256(data).hexdigest()
        self._stored[sha256] = bytes(data)
        return sha256

    async def get(self, sha256: str) -> bytes:
        """Return stored bytes."""
        if sha256 not in self._stored:
            raise NotFoundError("artifact_missing", sha256=sha256[:80])
        return self._stored[sha256]

    async def remove(self, sha256: str) -> None:
        """Delete stored bytes."""
        self._stored.pop(sha256, None)

    async def sizes(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the bytes of each that is stored."""
        return {name: len(self._stored[name]) for name in names if name in self._stored}
