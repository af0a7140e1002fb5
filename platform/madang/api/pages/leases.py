"""How one lease is shown on a card: its phase, its bar of time and what may be done with it.

Home and the waiting page both build on it; a lease is judged in one place only.
"""

from collections.abc import Mapping
from typing import Any

from madang.api.pages.charts import sparkline
from madang.api.pages.frame import Visit
from madang.api.pages.pictures import span, stack

View = Mapping[str, Any]

TONES = {
    "waiting": "wait",
    "held_back": "quiet",
    "turn": "call",
    "starting": "go",
    "running": "go",
    "ending": "quiet",
    "requeue": "wait",
    "ended": "quiet",
}
"""Colour family of each phase."""


def is_mine(visit: Visit, lease: View) -> bool:
    """Tell whether the lease belongs to who is looking."""
    return bool(lease["person"] == visit.person)


def phase(lease: View) -> str:
    """Return the one word that tells a person where the lease is."""
    state = lease["state"]
    if state == "queued":
        return "held_back" if lease["held_back"] else "waiting"
    if state == "admitted":
        needs_claim = lease["kind"] == "notebook" and not lease["claimed"]
        return "turn" if needs_claim else "starting"
    if state == "active":
        return "running" if lease["started_ms"] is not None else "starting"
    if state == "ending":
        return "requeue" if lease["target"] == "requeue" else "ending"
    return "ended"


def title(visit: Visit, lease: View) -> str:
    """Return the name of a lease, or what a nameless one is called."""
    return str(lease["name"]) or visit.words(f"kind.{lease['kind']}.unnamed")


def devices_text(visit: Visit, flavor: str, devices: int) -> str:
    """Return ``2 × h200``, or that it has no device."""
    return f"{devices} × {flavor}" if devices else visit.words("devices.none")


def expected_picture(standing: View | None, now_ms: int) -> dict[str, Any] | None:
    """Return the band from the earliest to the latest start, on an axis from now."""
    if standing is None or standing["expected_ms"] is None:
        return None
    earliest = standing["earliest_ms"] or standing["expected_ms"]
    latest = max(standing["latest_ms"] or 0, standing["expected_ms"])
    until = now_ms + max(60_000, int((latest - now_ms) * 1.1))
    return span(now_ms, until, earliest, latest, standing["expected_ms"])


def card(visit: Visit, lease: View) -> dict[str, Any]:
    """Return everything that the card of a lease shows."""
    now, state = visit.now_ms, phase(lease)
    life = None
    if state == "running" and lease["expires_ms"]:
        whole = max(1, lease["expires_ms"] - lease["started_ms"])
        life = stack([("spent", min(whole, max(0, now - lease["started_ms"])))], whole)
    may_act = lease["can_manage"] or is_mine(visit, lease)
    return {
        "lease": lease,
        "phase": state,
        "tone": TONES[state],
        "title": title(visit, lease),
        "devices": devices_text(visit, lease["flavor"], lease["devices"]),
        "life": life,
        "is_last_stretch": bool(life) and lease["expires_ms"] - now < 15 * 60_000,
        "expected": expected_picture(lease["standing"], now),
        "use": sparkline(lease["samples"]) if state in ("running", "ending") else None,
        "may_extend": may_act and state == "running" and lease["kind"] != "slot",
        "may_end": may_act and state not in ("ending", "ended"),
        "server": visit.links.server(lease["person"], lease["name"])
        if lease["kind"] == "notebook"
        else "",
    }
