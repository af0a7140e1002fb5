"""Troubles of an installation: its files, its lock, who else uses its folder, its kernels."""

import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from madang.settings.home import Home
from madang.stack.checks.check import Check, worth_knowing
from madang.stack.checks.machine import Machine
from madang.stack.processes import Identity
from madang.stack.state import State
from madang.stack.supervisor import leftovers


def checks(machine: Machine, home: Home, state: State, is_up: bool) -> list[Check]:
    """Return all findings about the installation, whether it is up or not."""
    return [
        *_private(home),
        _lock(home, state, is_up),
        _others(machine, home, state, is_up),
        *kernels(machine),
    ]


def _private(home: Home) -> list[Check]:
    found = []
    for path in (home.cli_token, home.secrets):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        is_private = not mode & (stat.S_IRWXG | stat.S_IRWXO)
        found.append(Check("private", is_private, {"path": str(path)}))
    return found


def _lock(home: Home, state: State, is_up: bool) -> Check:
    """Look for parts that an `up` left behind when it was killed."""
    alive = [] if is_up else sorted(state.alive())
    return worth_knowing("stale", not alive, {"parts": ", ".join(alive), "home": str(home.root)})


def _others(machine: Machine, home: Home, state: State, is_up: bool) -> Check:
    """Look for parts of this folder that its `up` did not start."""
    strangers: Sequence[Identity] = []
    if is_up:
        own = {identity.pid for identity in state.parts.values()}
        strangers = [one for one in leftovers(home, state) if not _is_below(machine, one.pid, own)]
    pids = ", ".join(str(one.pid) for one in strangers)
    return Check("others", not strangers, {"pids": pids, "home": str(home.root)})


def _is_below(machine: Machine, pid: int, own: set[int]) -> bool:
    """Tell whether a process is one of ours or was started by one."""
    for _ in range(64):
        if pid in own:
            return True
        fields = machine.read(f"proc/{pid}/stat").rpartition(")")[2].split()
        if len(fields) < 2 or int(fields[1]) <= 1:
            return False
        pid = int(fields[1])
    return False


def kernels(machine: Machine) -> list[Check]:
    """Look whether there is a kernel, and whether the program of each is there."""
    found: dict[str, Path] = {}
    for folder in _kernel_folders(machine):
        for path in sorted(folder.glob("*/kernel.json")):
            # The first one of a name is taken, as Jupyter does.
            found.setdefault(path.parent.name, path)
    broken = [
        Check("kernel", False, {"name": name, "program": program, "path": str(path)})
        for name, path in found.items()
        if not _is_there(program := _program(path), machine)
    ]
    return broken or [Check("kernels", bool(found), {"names": ", ".join(sorted(found))})]


def _kernel_folders(machine: Machine) -> list[Path]:
    env = machine.env
    given = [Path(part) for part in env.get("JUPYTER_PATH", "").split(os.pathsep) if part]
    home = Path(env.get("HOME", "~")).expanduser()
    own = Path(env.get("JUPYTER_DATA_DIR") or home / ".local/share/jupyter")
    own_system = [Path("usr/local/share/jupyter"), Path("usr/share/jupyter")]
    places = [*given, own, Path(sys.prefix) / "share/jupyter"]
    return [p / "kernels" for p in [*places, *(machine.root / part for part in own_system)]]


def _program(path: Path) -> str:
    try:
        argv = json.loads(path.read_text("utf-8"))["argv"]
        return str(argv[0])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return "?"


def _is_there(program: str, machine: Machine) -> bool:
    if os.sep in program:
        return os.access(program, os.X_OK)
    if program.startswith("python"):
        # Jupyter takes its own Python for this name.
        return True
    folders = machine.env.get("PATH", "").split(os.pathsep)
    return any(os.access(Path(folder) / program, os.X_OK) for folder in folders if folder)
