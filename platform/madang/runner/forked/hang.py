"""Notices a kernel that hangs because it is a fork: every thread waits for a lock, without end.

Asked once a second by :mod:`manager`. A lock that another thread held at the fork is held for ever;
the process uses no time, and each thread of the notebook sleeps in an untimed futex wait. Cells
that sleep, read, or wait with a time limit look different. Where ``/proc`` is not readable nothing
is noticed.
"""

import contextlib
import os
import platform
import time
from pathlib import Path

HANG_S = 20.0
_FUTEX = {"x86_64": "202", "aarch64": "98"}.get(platform.machine(), "")
_WAKING = ("IOPub",)


class HangWatch:
    """One kernel as seen from outside.

    Parameters
    ----------
    pid
        The kernel.
    """

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._used = ""
        self._since = time.monotonic()

    def look(self) -> bool:
        """Return whether all of it has waited for a lock for ``HANG_S`` seconds."""
        used = self._time_used()
        now = time.monotonic()
        if used != self._used or not self._waits():
            self._used, self._since = used, now
            return False
        return now - self._since >= HANG_S

    def _time_used(self) -> str:
        """Return user, system and children's time; the kernel counts them in hundredths."""
        with contextlib.suppress(OSError):
            fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
            return " ".join(fields[11:15])
        return ""

    def _waits(self) -> bool:
        """Tell whether the main thread waits for a lock without end, and nothing else goes on."""
        with contextlib.suppress(OSError):
            for task in os.listdir(self._folder / "task"):  # noqa: PTH208 - names only
                where = (self._folder / "task" / task / "syscall").read_text().split()
                is_main = task == self._folder.name
                is_futex = bool(_FUTEX) and where[0] == _FUTEX and int(where[4], 16) == 0
                if is_main and not is_futex:
                    return False
                if where[0] == "running":
                    return False
            children = self._folder / "task" / self._folder.name / "children"
            return not children.read_text().strip()
        return False
