"""``madang doctor``: what could stand in the way on this machine, and what to do about it.

Each check reads and changes nothing. A check that fails says the next step.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from madang.errors import LocalError
from madang.settings.home import Home
from madang.shim import warm
from madang.shim.warm.state import ENDED, ON, STARTING, UNWANTED
from madang.stack import certificate, ports, proxy_program
from madang.stack.checks import Check, Machine, gpu, house, system
from madang.stack.lock import is_held
from madang.stack.probes import Addresses, Probes
from madang.stack.secret import load_secrets
from madang.stack.state import PARTS, State

_LEAST_DAYS = 14
_OLDEST_SANE_S = 1_767_225_600  # 2026-01-01, before the first release


def doctor(home: Home, *, port: int = 8000, machine: Machine | None = None) -> list[Check]:
    """Check this machine and, when an ``up`` runs, its parts.

    Parameters
    ----------
    port
        Public port that an ``up`` would take.
    machine
        What is read of this machine; it as it is when None.
    """
    machine = machine or Machine()
    state = State.load(home)
    is_up = is_held(home)
    checks = [
        _python(),
        _folder(home),
        _port(state.ports.get("public", port) if is_up else port, is_up),
        _proxy(),
        _clock(home),
        *system.checks(machine, _existing(home.root)),
        *gpu.checks(machine),
        *house.checks(machine, home, state, is_up),
    ]
    checks += _tls(state)
    return [*checks, *([*_parts(home, state), _fast_start(home)] if is_up else [])]


def _python() -> Check:
    version = ".".join(str(n) for n in sys.version_info[:3])
    return Check("python", (3, 11) <= sys.version_info[:2] < (3, 14), {"version": version})


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _folder(home: Home) -> Check:
    place = _existing(home.root)
    return Check("folder", system.is_writable(place), {"path": str(home.root)})


def _port(port: int, is_up: bool) -> Check:
    if is_up:
        return Check("port", True, {"port": port})
    is_free = ports.is_free("127.0.0.1", port)
    holder = "" if is_free else ports.holder(port) or "?"
    return Check("port", is_free, {"port": port, "holder": holder, "other": port + 1})


def _proxy() -> Check:
    if proxy_program.installed() is not None:
        return Check("proxy", True, {"version": proxy_program.version()})
    return Check("node", proxy_program.node() is not None and proxy_program.npm() is not None)


def _clock(home: Home) -> Check:
    """Time stands on bills: it may not lie before the release, nor before what was written."""
    newest = max((p.stat().st_mtime for p in (home.state, home.lock) if p.exists()), default=0.0)
    is_ok = time.time() >= max(_OLDEST_SANE_S, newest - 60)
    return Check("clock", is_ok, {"now": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())})


def _fast_start(home: Home) -> Check:
    """Look whether servers are forked; not doing so on purpose is no trouble."""
    known = warm.read_state(home.warm)
    values = {"why": known.why, "log": str(home.logs / "fast-start.log")}
    if known.state in ("", UNWANTED, ENDED, STARTING):
        return Check("no_fast_start" if known.why else "fast_start_idle", True, values)
    return Check("fast_start", known.state == ON, values)


def _tls(state: State) -> list[Check]:
    """Look at the certificate of the last up: an expired one locks everybody out."""
    path = state.files.get("tls_cert")
    if not path:
        return []
    try:
        days = certificate.read(Path(path)).days_left
    except LocalError as error:
        return [Check("tls_file", False, error.details)]
    return [Check("tls", days >= _LEAST_DAYS, {"path": path, "days": max(days, 0)})]


def _parts(home: Home, state: State) -> list[Check]:
    addresses = Addresses.of(state.public_url, state.ports)
    probes = Probes.of_state(addresses, state)
    try:
        checks: dict[str, Callable[[], bool]] = probes.checks(load_secrets(home).proxy_token)
        return [
            Check("part", checks[name](), {"part": name, "log": str(home.logs / f"{name}.log")})
            for name in PARTS
        ]
    finally:
        probes.close()
