"""``madang status``: what runs, as plain data."""

from typing import Any

from madang.settings.home import Home
from madang.stack.lock import is_held
from madang.stack.probes import Addresses, Probes
from madang.stack.state import PARTS, SUPERVISOR, State


def status(home: Home) -> dict[str, Any]:
    """Return what is known of an installation on this machine.

    Returns
    -------
    dict
        ``home``, ``is_up`` (an ``up`` holds the lock), ``address``, ``parts`` (list of ``name``,
        ``pid``, ``is_alive``, ``since_ms``, ``log``) and ``service`` (its own health answer, empty
        when it does not answer).
    """
    state = State.load(home)
    parts = []
    for name in (SUPERVISOR, *PARTS):
        part = state.parts.get(name)
        log = "up.log" if name == SUPERVISOR else f"{name}.log"
        parts.append(
            {
                "name": name,
                "pid": part.pid if part else None,
                "is_alive": bool(part and part.is_alive),
                "since_ms": state.since_ms.get(name),
                "log": str(home.logs / log),
            }
        )
    health: dict[str, Any] = {}
    if "service" in state.alive():
        addresses = Addresses.of(state.public_url, state.ports)
        probes = Probes.of_state(addresses, state)
        health = probes.health_of_service()
        probes.close()
    return {
        "home": str(home.root),
        "is_up": is_held(home),
        "address": state.public_url,
        "parts": parts,
        "service": health,
    }
