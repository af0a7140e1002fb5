"""Tells waiting requests that something changed; carries topics, never data.

Whoever is woken reads the store again, so a lost or doubled message does no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

TOPICS = frozenset(
    {"leases", "queue", "runs", "clusters", "usage", "notices", "projects", "environments"}
)


class ChangeBus:
    """In-process fan-out of changed topics to any number of listeners."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[frozenset[str]]] = set()
        self.changes = 0
        """Counts what was published, so that who reads for all can tell whether it is new."""

    def publish(self, *topics: str) -> None:
        """Wake every listener; a listener that does not keep up loses nothing it needs."""
        message = frozenset(topics)
        self.changes += 1
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
                message = TOPICS
            queue.put_nowait(message)

    def listen(self) -> "Listener":
        """Return a context that hears everything published while it is open."""
        return Listener(self._listeners)

    async def subscribe(self) -> AsyncIterator[set[str]]:
        """Yield sets of changed topics, merged when several arrive at once."""
        with self.listen() as listener:
            while True:
                yield await listener.next()


class Listener:
    """One listener of a :class:`ChangeBus`; open it before reading what you wait for."""

    def __init__(self, listeners: set[asyncio.Queue[frozenset[str]]]) -> None:
        self._listeners = listeners
        self._queue: asyncio.Queue[frozenset[str]] = asyncio.Queue(maxsize=64)

    def __enter__(self) -> "Listener":
        self._listeners.add(self._queue)
        return self

    def __exit__(self, *_: object) -> None:
        self._listeners.discard(self._queue)

    def poke(self) -> None:
        """Let :meth:`next` return although nothing has changed."""
        if self._queue.empty():
            self._queue.put_nowait(frozenset())

    async def next(self) -> set[str]:
        """Wait for the next change and return all topics that have changed since."""
        topics = set(await self._queue.get())
        while not self._queue.empty():
            topics |= self._queue.get_nowait()
        return topics

    async def heard(self, topics: Iterable[str], timeout_s: float) -> bool:
        """Wait until one of ``topics`` changes; False when the time is over."""
        wanted = set(topics)
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                while not wanted & await self.next():
                    pass
        except TimeoutError:
            return False
        return True
