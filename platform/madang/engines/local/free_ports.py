"""Ports of loopback for what will listen a moment later: parts of the house, and clusters.

Between choosing a port and listening on it anybody could take it. So a choice comes from above the
range from which the kernel gives ports to outgoing connections and to whoever asks for any, and is
reserved under a name that all installations of the machine look at. Used by the local engine and by
``madang up``; nothing here listens.
"""

import errno
import os
import secrets
import socket
import threading
import time
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LAST = 65_535
_ENOUGH = 500
_TRIES = 200

_NOT_FREE = (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL)

_held: dict[int, tuple[int, float]] = {}
"""Reservations of this process, descriptor and end of each; they fall with the process."""

_turn = threading.Lock()


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in _NOT_FREE:
                return False
            raise
        return True


def choose(wanted: int | None, taken: set[int], *, hold_s: float = float("inf")) -> int:
    """Return a free loopback port, the wanted one if possible; adds it to ``taken``.

    Servers that outlive a killed ``up`` know the addresses of hub and service, so the ports of the
    last time are taken again whenever they are free.

    Parameters
    ----------
    hold_s
        How long the port stays reserved for this process, which must be about as long as nobody
        listens there; for ever by default, so that a part may be started again.
    """
    with _turn:
        _let_go()
        if wanted and wanted not in taken and is_free("127.0.0.1", wanted):
            is_ours = wanted in _held or _reserve(wanted, hold_s)
            port = wanted if is_ours else _choose(taken, hold_s)
        else:
            port = _choose(taken, hold_s)
    taken.add(port)
    return port


def _choose(taken: set[int], hold_s: float) -> int:
    first = _first()
    for _ in range(_TRIES if _LAST - first >= _ENOUGH else 0):
        port = first + secrets.randbelow(_LAST - first + 1)
        is_given = port in taken or port in _held
        if not is_given and is_free("127.0.0.1", port) and _reserve(port, hold_s):
            return port
    # Neither room above the kernel's own range nor a name: the kernel's choice has to do.
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def _first() -> int:
    """Return the first port above those that the kernel gives away by itself."""
    try:
        return int(_RANGE.read_text("ascii").split()[1]) + 1
    except (OSError, ValueError, IndexError):
        return _LAST


def _reserve(port: int, hold_s: float) -> bool:
    """Reserve a port by a name that only one process of this machine can have; tell whether."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # An abstract name: of the same network namespace as the port, and no file that is left.
        name.bind(f"\0madang-port-{port}")
    except OSError as error:
        name.close()
        return error.errno != errno.EADDRINUSE
    _held[port] = (name.detach(), time.monotonic() + hold_s)
    return True


def _let_go() -> None:
    now = time.monotonic()
    for port in [port for port, (_, until) in _held.items() if until <= now]:
        os.close(_held.pop(port)[0])
