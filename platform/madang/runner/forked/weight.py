"""Tells when a warm process has grown since it was ready.

Used where warm processes are kept. It executes nothing between two forks, so one that grows with
them leaks: a library's or a shared cell's hook of forks keeps something each time. Every run would
inherit that, and the machine would run short of memory.
"""

import contextlib
import os
from pathlib import Path

ENV = "MADANG_WARM_GROWTH_MIB"
DEFAULT_MIB = 256
"""A warm process that leaks nothing grows by a few MiB in a thousand forks."""

_MIB = 1024**2
_COUNTED = ("RssAnon:", "VmSwap:")
"""What is its own; pages of files are anybody's, and what was swapped out is not gone."""


def limit_bytes() -> int:
    """Return by how much a warm process may grow; a setting that is no number sets nothing."""
    given = os.environ.get(ENV, "")
    is_number = given.isascii() and given.isdigit() and int(given) > 0
    return (int(given) if is_number else DEFAULT_MIB) * _MIB


def own_bytes(pid: int) -> int | None:
    """Return the memory that a process has for itself; None where the system does not say."""
    found = None
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(_COUNTED):
                found = (found or 0) + int(line.split()[1]) * 1024
    return found


class Weight:
    """How much more a process has for itself since this was made."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._first = own_bytes(pid)

    @property
    def is_too_much(self) -> bool:
        """Whether it is beyond the limit."""
        now = own_bytes(self._pid)
        if now is None or self._first is None:
            return False
        return now - self._first > limit_bytes()
