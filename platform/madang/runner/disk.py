"""Tells whether it was a full disk that ended something, and keeps room for one last save.

The room is the slot's, beside the folders of its runs: taking it anew for each run would cost
milliseconds. Used by the lanes of a slot, and by the processes that execute their runs.
"""

import contextlib
import errno
import os
from pathlib import Path

DISK_FULL = "disk_full"
RESERVE = ".madang-reserve"
RESERVE_BYTES = 1024**2
"""Room for the last save of most notebooks; a larger one stays as it was saved before."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SAID = (
    *(f"[errno {number}]" for number in sorted(_FULL)),
    *("no space left on device", "disk quota exceeded", "database or disk is full"),
)


def is_full(error: OSError) -> bool:
    """Tell whether something could not be written for want of room."""
    return error.errno in _FULL


def says_full(value: str) -> bool:
    """Tell whether an exception of a cell says so, by its text: libraries have own classes."""
    said = value.lower()
    return any(words in said for words in _SAID)


def reserve(folder: Path) -> None:
    """Take room in a slot's folder, unless it is taken.

    Raises
    ------
    OSError
        There is none. Where a file system cannot set room aside, none is.
    """
    try:
        descriptor = os.open(folder / RESERVE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    try:
        os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
    except OSError as error:
        if is_full(error):
            release(folder)
            raise
    finally:
        os.close(descriptor)


def release(folder: Path) -> bool:
    """Give the room up, for a last save; return whether there was any."""
    with contextlib.suppress(OSError):
        (folder / RESERVE).unlink()
        return True
    return False
