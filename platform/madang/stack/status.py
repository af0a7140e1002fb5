"""``madang status``: what runs, as plain data."""

from typing import Any

from madang.settings.home import Home
from madang.shim import warm
from madang.shim.record import read, read_json
from madang.shim.warm.forked import FORKED
from madang.shim.warm.state import KERNELS_NOTE, ON
from madang.stack.lock import is_held
from madang.stack.probes import Addresses, Probes
from madang.stack.state import PARTS, SUPERVISOR, State


def status(home: Home) -> dict[str, Any]:
    """Return what is known of an installation on this machine.

    Returns
    -------
    dict
        ``home``, ``is_up`` (an ``up`` holds the lock), ``address``, ``parts`` (list of ``name``,
        ``pid``, ``is_alive``, ``since_ms``, ``log``), ``fast_start`` (``is_on``, and ``why`` not)
        and ``service`` (its own health answer, empty when it does not answer).
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
        "fast_start": fast_start(home),
        "service": health,
    }


def fast_start(home: Home) -> dict[str, Any]:
    """Return whether notebook servers are forked from a warm parent, and why not."""
    known = warm.read_state(home.warm)
    is_on = known.is_alive and known.state == ON
    why = known.why or ("not used yet" if not known.state else known.state)
    return {"is_on": is_on, "why": "" if is_on else why, "kernels": _kernels(home)}


def _kernels(home: Home) -> dict[str, Any]:
    """Return how many of the servers that live forked their latest kernel, and why others not."""
    forked, fresh = 0, dict[str, int]()
    for path in home.attempts.glob(f"*/server/{KERNELS_NOTE}"):
        known = read(path.parent)
        note = read_json(path)
        if known is None or not known.is_alive or note is None:
            continue
        if note.get("start") == FORKED:
            forked += 1
        else:
            why = str(note.get("why", ""))[:200]
            fresh[why] = fresh.get(why, 0) + 1
    return {"forked": forked, "fresh": sum(fresh.values()), "why": "; ".join(sorted(fresh)[:3])}
