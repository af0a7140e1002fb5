"""Lets one thread end what another waits for: a process that is only getting ready.

Used by :mod:`madang.runner.forked.parents` while a warm process starts or runs shared cells. Only
that process is ended; those that others have runs in stay.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Abandon:
    """Ends a process that gets ready, now or as soon as there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched = -1
        self.is_set = False

    def __call__(self) -> None:
        """Give up what is being waited for; harmless when it is ready."""
        with self._lock:
            self.is_set = True
            self._end()

    @contextmanager
    def covering(self, watched: int) -> Iterator[None]:
        """Have the process of this descriptor ended when it is given up; closes the descriptor."""
        with self._lock:
            self._watched = watched
            if self.is_set:
                self._end()
        try:
            yield
        finally:
            with self._lock:
                self._watched = -1
                os.close(watched)

    def _end(self) -> None:
        if self._watched >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._watched, signal.SIGKILL)
