"""Readings of this machine, each of them replaceable: a test gives what a sick machine would."""

import contextlib
import ctypes
import os
import resource
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from madang.engines.local.devices import nvml

_UNSYNCHRONISED = 5
_KERNEL_LOG_BYTES = 4 * 1024**2


_RAPIDS = ("cudf", "rmm", "cuml", "libcudf", "dask-cudf", "cupy-cuda12x", "cupy-cuda13x")


def wheels() -> dict[str, str]:
    """Return the version of each package of RAPIDS that is installed, by its name on PyPI."""
    found = {}
    for name in (*_RAPIDS, *(f"{one}-cu{cuda}" for one in _RAPIDS[:5] for cuda in (12, 13))):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def disk(path: Path) -> tuple[int, int]:
    """Return size and free bytes of the file system of a path."""
    known = os.statvfs(path)
    return known.f_blocks * known.f_frsize, known.f_bavail * known.f_frsize


def is_clock_kept() -> bool | None:
    """Tell whether the kernel's clock is synchronised; None where it cannot be asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "adjtimex"):
        return None
    # All zero asks without changing anything; the structure has 208 bytes.
    state = libc.adjtimex(ctypes.create_string_buffer(512))
    return None if state < 0 else state != _UNSYNCHRONISED


def kernel_log() -> str:
    """Return what the kernel has logged; empty where we may not read it."""
    try:
        fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    lines: list[bytes] = []
    size = 0
    try:
        while size < _KERNEL_LOG_BYTES:
            try:
                lines.append(os.read(fd, 8192))
            except BrokenPipeError:  # overwritten while we read
                continue
            size += len(lines[-1])
    except OSError:  # no more
        pass
    finally:
        os.close(fd)
    return b"\n".join(lines).decode("utf-8", "replace")


def open_files() -> tuple[int, int]:
    """Return how many files a process may open, and how far it may raise that."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the checks read.

    Attributes
    ----------
    root
        Below it ``proc``, ``sys`` and ``dev`` are read.
    nvml
        Gives the NVML module, initialised; raises ``UnavailableError``.
    wheels, disk, is_clock_kept, kernel_log, open_files
        See the functions of this module.
    """

    root: Path = Path("/")
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    nvml: Callable[[], AbstractContextManager[Any]] = nvml
    wheels: Callable[[], Mapping[str, str]] = wheels
    disk: Callable[[Path], tuple[int, int]] = disk
    is_clock_kept: Callable[[], bool | None] = is_clock_kept
    kernel_log: Callable[[], str] = kernel_log
    open_files: Callable[[], tuple[int, int]] = open_files

    def read(self, path: str) -> str:
        """Return the text of a file below the root, empty when there is none."""
        try:
            return (self.root / path).read_text("utf-8", "replace")
        except OSError:
            return ""

    def number(self, path: str) -> int | None:
        """Return the number in a file, None when there is none."""
        text = self.read(path).strip()
        return int(text) if text.isdigit() else None
