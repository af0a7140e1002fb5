"""The waiting page: the hub sends people here until their server can be opened.

It says the place in the queue, why, and when it is expected to start. The script takes the turn
through the API when it comes and somebody looks, and goes on to the server once it answers.
"""

from typing import Any

from madang.api.pages.environments import ready_environments
from madang.api.pages.frame import Visit
from madang.api.pages.home import pool_pictures
from madang.api.pages.leases import card, devices_text, is_mine
from madang.api.pages.render import Screen


async def find(visit: Visit) -> Screen:
    """Find the lease of a server by its name and send the browser to its page."""
    server = visit.query.get("server", "")
    leases = [
        lease
        for lease in await visit.services.leases.list(visit.actor, mine=True)
        if is_mine(visit, lease) and lease["kind"] == "notebook" and lease["name"] == server
    ]
    if leases:
        newest = max(leases, key=lambda row: (row["state"] != "ended", row["submitted_ms"]))
        # An old end says nothing about the request that the hub is about to make.
        if newest["state"] != "ended":
            return Screen(location=visit.links.page("wait", newest["id"]))
    return Screen(
        template="wait_none.html",
        title=visit.words("wait.none_title"),
        announce=visit.words("wait.none_title"),
        values={
            "server": server,
            "spawn": visit.links.spawn(visit.person, server),
            # A request that was refused leaves no lease; the hub knows why.
            "pending": visit.links.pending(visit.person, server),
        },
    )


async def show(visit: Visit) -> Screen:
    """Show where one lease is on its way."""
    lease = await visit.services.leases.get(visit.actor, visit.path["lease_id"])
    pool = await visit.services.pool.pool(visit.actor)
    item = card(visit, lease)
    phase = item["phase"]
    return Screen(
        template="wait.html",
        title=visit.words(f"wait.{phase}.title"),
        announce=_announce(visit, lease, phase),
        values={
            "item": item,
            "lease": lease,
            "phase": phase,
            "is_mine": is_mine(visit, lease),
            "flavors": pool_pictures(pool, [lease]),
            "steps": _steps(visit, phase),
            "row": _row_of_people(lease["standing"]),
            "offers": lease["alternatives"] if phase == "waiting" and lease["can_manage"] else [],
            "before": _before(visit, lease) if phase in ("waiting", "held_back") else None,
            "environments": await _environments(visit, lease, phase),
            "check": visit.links.server(lease["person"], lease["name"], "api"),
            "spawn": visit.links.spawn(lease["person"], lease["name"]),
        },
    )


def _before(visit: Visit, lease: Any) -> dict[str, Any] | None:
    """Return what was asked for before the latest change, as an offer to ask for it again."""
    before = lease["asked_before"]
    if before is None or not lease["can_manage"]:
        return None
    title = devices_text(visit, before["flavor"], before["devices"])
    return {**before, "title": title, "expected_ms": 0}


async def _environments(visit: Visit, lease: Any, phase: str) -> list[dict[str, str]]:
    """Return the environments that a waiting notebook may begin with instead."""
    if lease["kind"] != "notebook" or phase not in ("waiting", "held_back"):
        return []
    return await ready_environments(visit, lease["project_id"]) if is_mine(visit, lease) else []


def _announce(visit: Visit, lease: Any, phase: str) -> str:
    standing = lease["standing"]
    if phase == "waiting" and standing is not None:
        return visit.words("wait.place", position=standing["position"], waiting=standing["waiting"])
    return visit.words(f"wait.{phase}.title")


def _steps(visit: Visit, phase: str) -> list[dict[str, str]]:
    """Return the four stations of the way with where the lease is."""
    names = ("asked", "turn", "start", "open")
    here = {"turn": 1, "starting": 2, "running": 3}.get(phase, 1 if phase != "ended" else -1)
    return [
        {
            "title": visit.words(f"wait.step.{name}"),
            "state": "done" if index < here else "here" if index == here else "ahead",
        }
        for index, name in enumerate(names)
    ]


_SEATS = 12


def _row_of_people(standing: Any) -> dict[str, Any] | None:
    """Return the seats of the queue to draw: those before, mine, those behind, and what is cut."""
    if standing is None:
        return None
    position = max(1, standing["position"])
    waiting = max(position, standing["waiting"])
    before = min(position - 1, _SEATS - 2)
    behind = min(waiting - position, _SEATS - before - 1)
    return {
        "seats": ["before"] * before + ["me"] + ["behind"] * behind,
        "hidden_before": position - 1 - before,
        "hidden_behind": waiting - position - behind,
    }
