"""Brings one thing after another on the cluster to what is wanted, many beside each other.

Level-triggered: a key is touched when something about it may have to change, and whoever pushes it
compares and acts. What fails because the cluster is away is tried again until it works; so nobody
who asks for something waits for the cluster, or is told about its absence.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from madang.errors import ConflictError, MadangError, UnavailableError

BESIDE = 24
"""Requests under way at once; two cores of an API server are busy with fewer."""

AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0)
REFUSED_S = 15.0
"""What the cluster refuses is asked again that late: an administrator has to mend something."""

log = logging.getLogger(__name__)


class Pusher:
    """Pushes keys; one key never twice at the same time.

    Parameters
    ----------
    push
        Compares what is wanted of a key with what is there, and acts.
    """

    def __init__(self, push: Callable[[str], Awaitable[None]]) -> None:
        self._push = push
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._dirty: set[str] = set()
        self._busy: set[str] = set()
        self._failures: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: set[asyncio.TimerHandle] = set()

    def start(self) -> None:
        """Begin to push."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._run()) for _ in range(BESIDE)]

    async def stop(self) -> None:
        """Push no more; what was under way is cut off, and found half done after the next start."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def touch(self, key: str) -> None:
        """Have a key looked at soon."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._busy:
            self._keys.put_nowait(key)

    async def _run(self) -> None:
        while True:
            key = await self._keys.get()
            self._dirty.discard(key)
            self._busy.add(key)
            try:
                await self._push(key)
                self._failures.pop(key, None)
            except (ConflictError, UnavailableError) as error:
                self._later(key, error)
            except MadangError as error:
                self._later(key, error, REFUSED_S)
            except Exception as error:
                # A loop edge: a defect in one key must not end what serves all others.
                log.exception("%s could not be pushed", key)
                self._later(key, error, REFUSED_S)
            finally:
                self._busy.discard(key)
                if key in self._dirty:
                    self._keys.put_nowait(key)
            # Tens of thousands that need no request must not hold up everybody.
            await asyncio.sleep(0)

    def _later(self, key: str, error: Exception, after_s: float | None = None) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        wait_s = after_s or AGAIN_S[min(failures, len(AGAIN_S)) - 1]
        level = logging.WARNING if failures == 1 else logging.DEBUG
        log.log(level, "%s is tried again in %s s: %s", key, wait_s, error)

        def again() -> None:
            self._timers.discard(timer)
            self.touch(key)

        timer = asyncio.get_running_loop().call_later(wait_s, again)
        self._timers.add(timer)
