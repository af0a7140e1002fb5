"""Writes a forked process's own name, arguments and environment where others read them.

``/proc/<pid>/environ`` and ``cmdline`` show the memory that a program was started with, which a
fork inherits. The shim finds strays by their environment, so a forked process must show its own:
the parent is started with room for it, and each child writes there.
"""

import ctypes
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOM = "MADANG_ROOM"
ROOM_BYTES = 48 * 1024
TITLE_BYTES = 2048
"""Length of a filler argument that the parent is started with."""

_PR_SET_NAME = 15


def filled(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with room for that of a child."""
    return {**env, ROOM: "-" * ROOM_BYTES}


def replace_environment(env: Mapping[str, str], first: str = "") -> None:
    """Replace this process's whole environment, also as others see it.

    Parameters
    ----------
    first
        Variable that must be seen by others even where there is no room for all.
    """
    start, end = _areas()[1]
    # Before the old memory is overwritten nothing of the C library may point there any more.
    os.environ.clear()
    os.environ.update(env)
    names = sorted(env, key=lambda name: name != first)
    text = b""
    for name in names:
        entry = os.fsencode(f"{name}={env[name]}") + b"\0"
        if len(text) + len(entry) <= end - start:
            text += entry
    _write(start, end, text)


def replace_arguments(argv: Sequence[str], name: str) -> None:
    """Show other arguments and another name (15 bytes)."""
    start, end = _areas()[0]
    text = b"\0".join(os.fsencode(argument) for argument in argv) + b"\0"
    # The last byte stays zero: otherwise the kernel reads on into the environment.
    _write(start, end, text[: end - start - 1])
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def _write(start: int, end: int, text: bytes) -> None:
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, text, len(text))


def _areas() -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where arguments and environment lie in this process's memory."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    numbers = [int(value) for value in fields[45:49]]
    if not all(numbers):
        raise OSError("the kernel does not tell where the environment lies")
    return (numbers[0], numbers[1]), (numbers[2], numbers[3])
