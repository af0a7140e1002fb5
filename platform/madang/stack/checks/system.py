"""Troubles of the machine below Madang: limits, memory, disks, clock, proxies of a company."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from madang.stack.checks.check import Check, worth_knowing
from madang.stack.checks.machine import Machine

_MIB, _GIB = 1024**2, 1024**3
LEAST_FILES = 4096
LEAST_WATCHES, LEAST_INSTANCES = 65_536, 128
LEAST_SHM_BYTES = 1 * _GIB
LEAST_MEMORY_BYTES, FEW_MEMORY_BYTES = 1 * _GIB, 4 * _GIB
LEAST_FREE_BYTES, FEW_FREE_BYTES = 2 * _GIB, 10 * _GIB

_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "lustre", "gluster", "fuse.gluster", "ceph")
"""File systems on which SQLite's locks cannot be trusted."""


def checks(machine: Machine, home: Path) -> list[Check]:
    """Return all findings about the machine.

    Parameters
    ----------
    home
        The data folder, or the nearest folder above it that there is.
    """
    return [
        _disk(machine, home),
        _network_disk(machine, home),
        _memory(machine),
        _shm(machine),
        _files(machine),
        _watches(machine),
        _clock_kept(machine),
        _proxies(machine),
    ]


def _disk(machine: Machine, home: Path) -> Check:
    free = machine.disk(home)[1]
    values = {"path": str(home), "free": f"{free / _GIB:.1f}", "least": 2}
    return Check("disk", free >= FEW_FREE_BYTES, values, is_serious=free < LEAST_FREE_BYTES)


def _network_disk(machine: Machine, home: Path) -> Check:
    kind = mount_kind(machine.read("proc/self/mountinfo"), home)
    values = {"path": str(home), "kind": kind}
    return Check("network_disk", not kind.startswith(_NETWORK), values)


def mount_kind(mountinfo: str, path: Path) -> str:
    """Return the type of the file system that a path lies on, empty when it is not listed."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        place = Path(fields[4].encode().decode("unicode_escape"))
        # Of two on one place the later one is on top.
        if (path == place or place in path.parents) and len(place.parts) >= best:
            best, kind = len(place.parts), after.split()[0]
    return kind


def _memory(machine: Machine) -> Check:
    for line in machine.read("proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
            values = {"free": f"{free / _GIB:.1f}"}
            is_serious = free < LEAST_MEMORY_BYTES
            return Check("memory", free >= FEW_MEMORY_BYTES, values, is_serious=is_serious)
    return Check("memory", True, {"free": "?"})


def _shm(machine: Machine) -> Check:
    place = machine.root / "dev/shm"
    size = machine.disk(place)[0] if place.is_dir() else 0
    return worth_knowing("shm", size >= LEAST_SHM_BYTES, {"size": size // _MIB})


def _files(machine: Machine) -> Check:
    soft, hard = machine.open_files()
    is_enough = soft < 0 or soft >= LEAST_FILES
    values = {"soft": soft, "hard": hard, "least": LEAST_FILES}
    return Check("files", is_enough, values, is_serious=soft < LEAST_FILES // 4)


def _watches(machine: Machine) -> Check:
    watches = machine.number("proc/sys/fs/inotify/max_user_watches")
    instances = machine.number("proc/sys/fs/inotify/max_user_instances")
    values = {"watches": watches, "instances": instances}
    is_enough = (watches is None or watches >= LEAST_WATCHES) and (
        instances is None or instances >= LEAST_INSTANCES
    )
    return worth_knowing("watches", is_enough, values)


def _clock_kept(machine: Machine) -> Check:
    return worth_knowing("clock_kept", machine.is_clock_kept() is not False, {})


def _proxies(machine: Machine) -> Check:
    """Look whether programs would ask a company's proxy for our own loopback."""
    env = {key.lower(): value for key, value in machine.env.items() if value}
    name = next((n for n in ("http_proxy", "all_proxy") if n in env), "")
    if not name:
        return Check("http_proxy", True)
    spared = {part.strip() for part in env.get("no_proxy", "").split(",")}
    is_ok = "*" in spared or {"127.0.0.1", "localhost"} <= spared
    # The address may hold a password.
    values = {"name": name.upper(), "host": urlsplit(env[name]).hostname or "?"}
    return Check("http_proxy", is_ok, values)


def is_writable(path: Path) -> bool:
    """Tell whether we may make files in a folder."""
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)
