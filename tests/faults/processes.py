"""What runs of an installation, read from /proc and from nothing that Madang itself says.

Every process of a lease carries its record folder in its environment; whoever forks inherits it.
"""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from madang import shim
from madang.stack.demo.look import processes_of
from madang.stack.plan import MARKER as PART

_DEVICES = "MADANG_SIMULATED_GPUS"
_RUN = "MADANG_RUN"


@dataclass(frozen=True, slots=True)
class Seen:
    """One living process of a lease."""

    pid: int
    ticks: int
    parent: int
    lease: str
    attempt: int
    role: str
    argv: tuple[str, ...] = field(repr=False)
    devices: tuple[str, ...] = ()
    run: str = ""

    def is_a(self, program):
        """Tell whether one of its arguments names a program."""
        return any(word.endswith(program) for word in self.argv)


def look(home):
    """Return every living process of a lease below a data folder."""
    root = str(home.attempts) + "/"
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                seen = _read(folder, root)
                if seen is not None:
                    found.append(seen)
    return found


def _read(folder, root):
    environ = (folder / "environ").read_bytes()
    marker = f"{shim.MARKER}={root}".encode()
    if marker not in environ:
        return None
    values = dict(
        entry.decode(errors="replace").split("=", 1)
        for entry in environ.split(b"\0")
        if b"=" in entry
    )
    place = values.get(shim.MARKER, "")
    if not place.startswith(root):
        return None
    stat = (folder / "stat").read_bytes().rpartition(b")")[2].split()
    if stat[0] in (b"Z", b"X"):
        return None
    attempt, role = Path(place).parts[-2:]
    lease, _, number = attempt.rpartition(".")
    argv = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    return Seen(
        pid=int(folder.name),
        ticks=int(stat[19]),
        parent=int(stat[1]),
        lease=lease,
        attempt=int(number),
        role=role,
        argv=tuple(argv),
        devices=tuple(filter(None, values.get(_DEVICES, "").split(","))),
        run=values.get(_RUN, ""),
    )


def all_of(home):
    """Return (pid, command line) of all processes of an installation: parts, keepers, strays."""
    part = f"{PART}={home.root}".encode()
    found = {*processes_of(home), *(seen.pid for seen in look(home))}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if part in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(int(folder.name))
    return [(pid, _command(pid)) for pid in sorted(found)]


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:300]
    except OSError:
        return ""
