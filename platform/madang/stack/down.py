"""``madang down``: end an installation and everything it started. Harmless when nothing runs."""

import signal
import time

from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import ending
from madang.stack.lock import HomeLock, is_held
from madang.stack.probes import Addresses
from madang.stack.processes import Identity, end
from madang.stack.secret import load_secrets
from madang.stack.state import SUPERVISOR, State
from madang.stack.supervisor import leftovers
from madang.stack.up import KEEP_LEASES
from madang.stack.words import Tell, say_short

_PATIENCE_S = 180.0
_GRACE_MS = 20_000


def down(home: Home, *, keep_leases: bool = False, tell: Tell = print) -> bool:
    """End everything and return when it is gone.

    Parameters
    ----------
    keep_leases
        End proxy, hub and service only, for an upgrade; servers, clusters and runs go on, and the
        next ``up`` takes them over.

    Returns
    -------
    bool
        Whether anything was running.

    Raises
    ------
    LocalError
        ``still_up`` when the running ``up`` does not end in time.
    """
    if not home.root.is_dir():
        return False
    was_up = is_held(home)
    if was_up:
        _ask_supervisor(home, tell, KEEP_LEASES if keep_leases else signal.SIGTERM)
    with HomeLock(home):
        was_left = _end_parts(home) if keep_leases else _end_what_is_left(home, tell)
    if was_up or was_left:
        say_short(tell, "stack.left" if keep_leases else "stack.closed")
    return was_up or was_left


def _ask_supervisor(home: Home, tell: Tell, number: signal.Signals) -> None:
    say_short(tell, "stack.stopping")
    deadline = time.monotonic() + _PATIENCE_S
    asked: Identity | None = None
    while is_held(home):
        supervisor = State.load(home).parts.get(SUPERVISOR)
        # One that has only just taken the lock has not written its name yet.
        if supervisor is not None and supervisor != asked and supervisor.is_alive:
            supervisor.send(number)
            asked = supervisor
        if time.monotonic() > deadline:
            raise LocalError("still_up", home=str(home.root), seconds=int(_PATIENCE_S))
        time.sleep(0.1)


def _end_parts(home: Home) -> bool:
    state = State.load(home)
    parts = leftovers(home, state)
    end(parts)
    _forget(home, state)
    return bool(parts)


def _end_what_is_left(home: Home, tell: Tell) -> bool:
    """After a killed supervisor: the parts may run, and the leases' processes do."""
    state = State.load(home)
    parts = leftovers(home, state)
    if not parts and not ending.live_records(home):
        _forget(home, state)
        return bool(ending.end_attempts(home, _GRACE_MS))
    say_short(tell, "stack.closing")
    address = Addresses.of(state.public_url, state.ports).service_url
    service = (address, load_secrets(home).service_token, state.admin or "admin")
    ending.end_leases(*service)
    ending.end_attempts(home, _GRACE_MS)
    ending.wait_settled(*service)
    end(parts)
    ending.end_attempts(home, _GRACE_MS)
    _forget(home, state)
    return True


def _forget(home: Home, state: State) -> None:
    if state.parts:
        state.parts, state.since_ms = {}, {}
        state.note(home)
