"""Stored bytes between their storing and the row that names them, held against deletion.

Bytes are stored before the row that needs them. Whoever deletes bytes that no row needs could do so
just in between; so what was stored a short while ago is held, and what is being deleted is stored
only afterwards. The service is the only one that stores and deletes, so memory is enough: what a
kill forgets had no row yet, and is stored anew with the next try.

It knows too since when the storage does not answer: nothing begins meanwhile that could not be
handed its notebook, and who waits is told for what.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from madang.engines.ports import Artifacts
from madang.errors import NotFoundError, UnavailableError

Result = TypeVar("Result")

HOLD_MS = 600_000
"""Longer than any request from its first stored byte to its row."""

AWAY = "artifacts_away"
"""Code of the error of a storage that does not answer."""

_QUESTION = b"madang asks whether this storage takes and gives bytes\n"


class HeldArtifacts:
    """The port ``Artifacts`` with a deletion that is safe at any moment.

    Parameters
    ----------
    kept
        The engine's artifacts.
    changed
        Called when the storage has gone away, or come back.
    """

    def __init__(
        self, kept: Artifacts, clock: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self._kept = kept
        self._clock = clock
        self._changed = changed
        self.away_since_ms: int | None = None
        self._stored_ms: dict[str, int] = {}
        self._going: dict[str, asyncio.Event] = {}

    async def put(self, data: bytes) -> str:
        """Store bytes and return their SHA-256; nobody deletes them for a while."""
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        while (going := self._going.get(sha256)) is not None:
            await going.wait()
        self._stored_ms[sha256] = self._clock()
        try:
            return await self._noted(self._kept.put(data))
        finally:
            self._stored_ms[sha256] = self._clock()

    async def get(self, sha256: str) -> bytes:
        """Return stored bytes."""
        return await self._noted(self._kept.get(sha256))

    async def remove(self, sha256: str) -> None:
        """Delete stored bytes whoever needs them; see :meth:`release`."""
        await self._noted(self._kept.remove(sha256))

    async def sizes(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the bytes of each that is stored."""
        return await self._noted(self._kept.sizes(names))

    async def ask(self) -> None:
        """Find out whether a storage that was away is back: it must take bytes and give them."""
        with contextlib.suppress(UnavailableError):
            await self._noted(self._answer())

    async def _answer(self) -> None:
        name = await self._kept.put(_QUESTION)
        await self._kept.get(name)
        await self._kept.remove(name)

    async def _noted(self, work: Awaitable[Result]) -> Result:
        """Do something with the storage, and note whether it answers."""
        try:
            result = await work
        except UnavailableError as error:
            if error.code == AWAY and self.away_since_ms is None:
                self.away_since_ms = self._clock()
                self._changed()
            raise
        except NotFoundError:
            self._is_back()
            raise
        self._is_back()
        return result

    def _is_back(self) -> None:
        if self.away_since_ms is not None:
            self.away_since_ms = None
            self._changed()

    async def release(
        self, names: Collection[str], needed: Callable[[Collection[str]], Awaitable[set[str]]]
    ) -> set[str]:
        """Delete those that no row needs; returns all that are done with.

        Parameters
        ----------
        needed
            Tells which ones rows need. Asked after new ones have to wait: whoever stored one of
            them before is held, whoever does it now finds them gone.
        """
        since_ms = self._clock() - HOLD_MS
        self._stored_ms = {n: at for n, at in self._stored_ms.items() if at > since_ms}
        going = {n for n in names if n not in self._stored_ms and n not in self._going}
        if not going:
            return going
        gone = asyncio.Event()
        self._going |= dict.fromkeys(going, gone)
        try:
            for name in going - await needed(going):
                await self._noted(self._kept.remove(name))
        finally:
            for name in going:
                del self._going[name]
            gone.set()
        return going
