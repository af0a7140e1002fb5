"""Tells whether it was want of memory that ended something: of the machine's, or of a GPU's.

A process that the operating system ends for want of memory cannot say so itself. The system counts
such ends, for each group of processes (control group) and for the whole machine.
"""

import contextlib
import threading
import time
from pathlib import Path

from madang.units import GIB

_OF_DEVICE = ("cuda", "hip", "gpu", "device", "xla")
_DEVICE_ERRORS = frozenset({"OutOfMemoryError", "ResourceExhaustedError"})
"""Of PyTorch and CuPy, and of TensorFlow."""

OUT_OF_MEMORY = "out_of_memory"
OUT_OF_DEVICE_MEMORY = "out_of_device_memory"

_NO_LIMIT = 2**60

FRESH_S = 15.0
"""A run that dies later than this after something was ended died of something else."""


class OomKills:
    """Counts what the system has ended for want of memory since this was made.

    Parameters
    ----------
    root
        Where the system shows its counters; another folder in tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._before = self._count()

    def since(self) -> int:
        """Return how many there were."""
        return self._count() - self._before

    def _count(self) -> int:
        """Return the count of our own group, or of the machine where no group is counted."""
        found = [n for n in map(_counted, self._group_files()) if n is not None]
        if found:
            return max(found)
        return _counted(self._root / "proc/vmstat") or 0

    def _group_files(self) -> list[Path]:
        groups = self._root / "sys/fs/cgroup"
        # A container sees its own group as the whole tree.
        files = [groups / "memory.events", groups / "memory/memory.oom_control"]
        with contextlib.suppress(OSError):
            for line in (self._root / "proc/self/cgroup").read_text().splitlines():
                _, controllers, path = line.split(":", 2)
                if not controllers:
                    files.append(groups / path.lstrip("/") / "memory.events")
                elif "memory" in controllers.split(","):
                    files.append(groups / "memory" / path.lstrip("/") / "memory.oom_control")
        return files


def limit_bytes(root: Path = Path("/")) -> int | None:
    """Return what our own group of processes may use; None where it has no limit of its own."""
    groups = root / "sys/fs/cgroup"
    for path in (groups / "memory.max", groups / "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            # Without a limit the older interface says the largest number that it knows.
            if (found := int(path.read_text())) < _NO_LIMIT:
                return found
    return None


def with_limit(said: str, root: Path = Path("/")) -> str:
    """Return what is said of an end for want of memory, with how much there was."""
    limit = limit_bytes(root)
    return said if limit is None else f"{said} It may use {limit / GIB:.1f} GiB."


class SharedKills:
    """Tells runs that have a group in common whose end it was: each kill ended one of them.

    A run that dies may only be said to have been short of memory if the system has just ended
    something, and that was not the end of another run. What a notebook started and lost long before
    is no reason.
    """

    def __init__(self, kills: OomKills | None = None) -> None:
        self._kills = kills or OomKills()
        self._lock = threading.Lock()
        self._seen = 0
        self._at_s: list[float] = []

    def look(self) -> None:
        """Note when there were kills; to be called every few seconds."""
        with self._lock:
            self._note()

    def claim(self) -> bool:
        """Tell whether a run that has just died may have been ended for want of memory."""
        with self._lock:
            self._note()
            oldest_s = time.monotonic() - FRESH_S
            self._at_s = [at_s for at_s in self._at_s if at_s >= oldest_s]
            if self._at_s:
                self._at_s.pop(0)
                return True
            return False

    def _note(self) -> None:
        now = self._kills.since()
        self._at_s += [time.monotonic()] * (now - self._seen)
        self._seen = now


def _counted(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return None


def shortage(name: str, value: str) -> str:
    """Return which memory an exception of a cell says was short; empty for any other.

    Parameters
    ----------
    name, value
        Class of the exception and its text, as the kernel tells them.
    """
    said = value.lower()
    is_told = "out of memory" in said or "out_of_memory" in said or "resource_exhausted" in said
    if name in _DEVICE_ERRORS or (is_told and any(word in said for word in _OF_DEVICE)):
        return OUT_OF_DEVICE_MEMORY
    return OUT_OF_MEMORY if name.endswith("MemoryError") else ""
