"""Files of a warm parent: what it is for, whether it is on, and why not. Starts nothing."""

import fcntl
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from madang.shim.record import read_json, write_json

KERNELS_NOTE = "kernels.json"
"""In a server's record folder: how its latest kernel was started, and why it was not forked."""

PLAN = "plan.json"
STATE = "state.json"
LOCK = "lock"
SOCKET = "socket"

STARTING, ON = "starting", "on"
ENDED = "ended"
"""It served, and then had a reason to end; the next one may start."""
OFF = "off"
"""It refused to serve at all."""
UNWANTED = "unwanted"
"""None is to be started here; the reason says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a warm parent stands for.

    Attributes
    ----------
    command
        Beginning of the command lines that it can replace.
    preload, entry
        ``module:function``: imports everything; runs the server with the rest of the arguments.
    same
        Beginnings of names of variables that act while modules are imported: a server that has
        other values is started the ordinary way.
    """

    command: Sequence[str]
    preload: str
    entry: str
    same: Sequence[str] = ("PYTHON", "LD_", "LANG", "LC_")

    def to_json(self) -> dict[str, Any]:
        """Return JSON data."""
        return {
            "command": list(self.command),
            "preload": self.preload,
            "entry": self.entry,
            "same": list(self.same),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """Read what :meth:`to_json` wrote."""
        return cls(
            command=tuple(data["command"]),
            preload=data["preload"],
            entry=data["entry"],
            same=tuple(data["same"]),
        )

    def seen(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of an environment that must be the same."""
        return {k: v for k, v in env.items() if k.startswith(tuple(self.same))}

    def misfit(self, argv: Sequence[str], env: Mapping[str, str], mine: Mapping[str, str]) -> str:
        """Return why a command cannot be replaced by a fork, empty when it can."""
        if list(argv[: len(self.command)]) != list(self.command):
            return "another command"
        wanted = self.seen(env)
        for name in sorted(set(wanted) | set(mine)):
            if wanted.get(name) != mine.get(name):
                return f"another {name}"
        return ""


@dataclass(frozen=True, slots=True)
class WarmState:
    """What a warm parent says of itself.

    Attributes
    ----------
    state
        ``starting``, ``on``, ``ended``, ``off``, ``unwanted``, or empty when none was
        ever started.
    why
        The reason where it is not on, in English, for logs and ``status``.
    is_alive
        Whether the process lives.
    """

    state: str = ""
    why: str = ""
    pid: int = 0
    at_ms: int = 0
    is_alive: bool = False
    seen: dict[str, str] = field(default_factory=dict)


def read_state(folder: Path) -> WarmState:
    """Return the state of the parent of a folder; waits for nothing."""
    data = read_json(folder / STATE) or {}
    return WarmState(
        state=str(data.get("state") or ""),
        why=str(data.get("why") or ""),
        pid=int(data.get("pid") or 0),
        at_ms=int(data.get("at_ms") or 0),
        is_alive=is_held(folder),
        seen=dict(data.get("seen") or {}),
    )


def note_unwanted(folder: Path, why: str) -> None:
    """Say for ``status`` why no parent is started here."""
    if read_state(folder).why != why:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(folder / STATE, {"state": UNWANTED, "why": why})


def is_held(folder: Path) -> bool:
    """Tell whether a parent holds the lock of its folder."""
    try:
        fd = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def stamp() -> str:
    """Return what changes when packages are installed, upgraded or removed."""
    times = []
    for name in sys.path:
        try:
            times.append(f"{name}={Path(name).stat().st_mtime_ns}")
        except OSError:
            continue
    return f"{sys.version} {sys.executable} {' '.join(times)}"
