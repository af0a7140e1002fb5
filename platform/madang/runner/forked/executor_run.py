"""A run that an executor has begun, and the kernel that was forked for it.

Made by :mod:`executors` for the slot, which waits for it, stops it, and cleans up after it.
"""

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from madang.runner.forked.parents import Parent

if TYPE_CHECKING:
    from madang.runner.forked.executors import Executor


class Kernel:
    """The kernel of one run, as far as whoever does not drive it needs it.

    Parameters
    ----------
    pid, watched
        The process, and a descriptor that becomes readable when it is gone; ours from now on.
    """

    def __init__(self, pid: int, watched: int) -> None:
        self.pid = pid
        self.watched = watched

    def end(self) -> None:
        """Kill it and what it started, when nobody drives it any more."""
        if not select.select([self.watched], [], [], 0)[0]:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):  # it leads no group yet
                signal.pidfd_send_signal(self.watched, signal.SIGKILL)

    def close(self) -> None:
        """Forget it."""
        os.close(self.watched)


class ExecutorRun:
    """A run in an executor, with the few methods of ``subprocess.Popen`` that slots use.

    Parameters
    ----------
    executor, kernel
        What executes, and the kernel it drives.
    parent
        What the kernel is a fork of; held for this run.
    ended
        Called once with whether the executor may get another run.
    """

    returncode: int | None = None
    has_lost_parent = False
    """Whether the kernel went because what it was forked from was ended by somebody."""

    def __init__(
        self, executor: "Executor", kernel: Kernel, parent: Parent, ended: Callable[[bool], None]
    ) -> None:
        self.pid = executor.pid
        self._executor = executor
        self._kernel = kernel
        self._parent = parent
        self._ended = ended
        self._is_told = False
        self._ending = threading.Lock()

    def poll(self) -> int | None:
        """Return 0 once it ended."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; no exception when ``timeout`` seconds pass first."""
        return self._wait(timeout) or 0

    def terminate(self) -> None:
        """Ask it to stop and save."""
        with self._ending:  # or the executor may have another run by now
            if self.returncode is None:
                self._is_told = True
                self._executor.stop()

    def _wait(self, limit_s: float | None) -> int | None:
        if self.returncode is None:
            said = self._executor.outcome(limit_s)
            if said is not None:
                self._end(said)
        return self.returncode

    def _end(self, said: Mapping[str, Any]) -> None:
        if not said:
            self._kernel.end()
        self._kernel.close()
        self.has_lost_parent = self._parent.is_gone
        with self._ending:
            self.returncode = 0
        # A signal that came late would stop the next run there.
        self._ended(self._executor.may_go_on(said) and not self._is_told)
        self._parent.release()
