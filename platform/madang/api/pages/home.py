"""Home: what I hold and wait for, what it has cost, what is free, what is left of the budget."""

from collections import Counter
from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.leases import card, is_mine
from madang.api.pages.pictures import stack, tiles
from madang.api.pages.render import Screen

_RECENT = 5


async def show(visit: Visit) -> Screen:
    """Show home."""
    leases = [
        lease
        for lease in await visit.services.leases.list(visit.actor, mine=True)
        if is_mine(visit, lease)
    ]
    pool = await visit.services.pool.pool(visit.actor)
    me = await visit.services.projects.me(visit.actor)
    ended = sorted(
        (lease for lease in leases if lease["state"] == "ended"),
        key=lambda lease: lease["ended_ms"] or 0,
        reverse=True,
    )
    cards = [card(visit, lease) for lease in leases if lease["state"] != "ended"]
    # Whoever must act comes first, then what runs, then what waits.
    order = {"turn": 0, "running": 1, "starting": 1, "waiting": 2, "requeue": 2, "held_back": 3}
    cards.sort(key=lambda item: (order.get(item["phase"], 4), item["lease"]["submitted_ms"]))
    return Screen(
        template="home.html",
        section="home",
        title=visit.words("nav.home"),
        announce=_announce(visit, cards),
        values={
            "cards": cards,
            "ended": [card(visit, lease) for lease in ended[:_RECENT]],
            "flavors": pool_pictures(pool, leases),
            "projects": [budget(project) for project in me["projects"]],
            "login_is_shared": pool["login_is_shared"],
            "isolation_is_unproved": pool["isolation_is_unproved"],
            "is_admin": visit.actor.is_admin,
        },
    )


def _announce(visit: Visit, cards: list[dict[str, Any]]) -> str:
    if any(item["phase"] == "turn" for item in cards):
        return visit.words("home.summary_turn")
    running = sum(item["phase"] in ("running", "starting") for item in cards)
    waiting = sum(item["phase"] in ("waiting", "held_back", "requeue") for item in cards)
    return visit.words("home.summary", running=running, waiting=waiting)


def pool_pictures(pool: dict[str, Any], leases: list[Any]) -> list[dict[str, Any]]:
    """Return the flavors of the pool with a drawing of their devices, mine marked."""
    mine: Counter[str] = Counter()
    for lease in leases:
        if lease["state"] in ("admitted", "active", "ending"):
            mine[lease["flavor"]] += lease["devices"]
    return [
        {
            **flavor,
            "picture": tiles(flavor["devices_total"], flavor["devices_free"], mine[flavor["name"]]),
        }
        for flavor in pool["flavors"]
    ]


def budget(project: dict[str, Any]) -> dict[str, Any]:
    """Return a project with the bar of its budget."""
    left, granted = project["left_microcredits"], project["granted_microcredits"]
    reserved = project.get("reserved_microcredits", 0)
    used = max(0, granted - left - reserved)
    return {
        **project,
        "bar": stack([("used", used), ("reserved", reserved), ("left", left)], granted),
        "is_low": left * 20 < granted or left <= 0,
    }
