"""Ports: free ones for the parts, and who holds one that is not free."""

import contextlib
from pathlib import Path

from madang.engines.local.free_ports import choose, is_free

__all__ = ["choose", "holder", "is_free"]

_LISTEN = "0A"


def holder(port: int) -> str:
    """Return ``name (pid n)`` of a process that listens on a port; empty when nobody can tell."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for fd in (entry / "fd").iterdir():
                if str(fd.readlink()) in inodes:
                    # Not comm: node and others name their main thread there.
                    name = (entry / "exe").readlink().name
                    return f"{name} (pid {entry.name})"
    return ""


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found
