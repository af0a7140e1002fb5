"""Ports: free ones for the parts, and who holds one that is not free."""

import contextlib
import errno
import socket
from pathlib import Path

_LISTEN = "0A"


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                return False
            raise
        return True


def choose(wanted: int | None, taken: set[int]) -> int:
    """Return a free loopback port, the wanted one if possible; adds it to ``taken``.

    Servers that outlive a killed ``up`` know the addresses of hub and service, so the ports of the
    last time are taken again whenever they are free.
    """
    if wanted and wanted not in taken and is_free("127.0.0.1", wanted):
        taken.add(wanted)
        return wanted
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            taken.add(port)
            return port


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
