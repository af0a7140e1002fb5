"""Tells at once when a keeper has ended, so that the devices it held do not wait for the next look.

Used by the local launcher, on the event loop. A hint only: what has ended is read from the records,
and an end that is missed here is found by the loop's ordinary look a second later.
"""

import asyncio
import os
from collections.abc import Callable, Iterable

MAX_FOLLOWED = 256
"""Each costs a descriptor, of which a process has 1,024 on most machines."""


class Ends:
    """Keepers that are followed, each until it ends."""

    def __init__(self) -> None:
        self._wake: Callable[[], None] | None = None
        self._fds: dict[int, int] = {}

    def tell(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` from now on, None to follow nobody any more."""
        self._wake = wake
        if wake is None:
            for pid in list(self._fds):
                self._forget(pid)

    def follow(self, pids: Iterable[int]) -> None:
        """Follow keepers that were just seen alive; those that are followed already stay so."""
        if self._wake is None:
            return
        for pid in pids:
            if pid in self._fds or len(self._fds) >= MAX_FOLLOWED:
                continue
            try:
                fd = os.pidfd_open(pid)
            except OSError:
                # It has ended since, or there is no descriptor left for it.
                self._wake()
                continue
            self._fds[pid] = fd
            asyncio.get_running_loop().add_reader(fd, self._ended, pid)

    def _ended(self, pid: int) -> None:
        self._forget(pid)
        if self._wake is not None:
            self._wake()

    def _forget(self, pid: int) -> None:
        fd = self._fds.pop(pid)
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
