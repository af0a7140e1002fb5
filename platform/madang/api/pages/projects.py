"""Projects: the list, and one with its people, grants and terms."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from madang.api.pages.environments import environments_of
from madang.api.pages.frame import Visit
from madang.api.pages.home import budget
from madang.api.pages.pictures import stack
from madang.api.pages.render import Screen
from madang.api.pages.secrets import secrets_of
from madang.domain.project import Role

_MANAGERS = ("owner", "manager")


async def show_all(visit: Visit) -> Screen:
    """Show the projects that the person may see."""
    found = await visit.services.projects.list(visit.actor)
    tiers = await visit.services.projects.tiers(visit.actor) if visit.actor.is_admin else []
    return Screen(
        template="projects.html",
        section="projects",
        title=visit.words("nav.projects"),
        announce=visit.words("projects.summary", count=len(found)),
        values={
            "projects": [budget(project) for project in found],
            "is_admin": visit.actor.is_admin,
            "tiers": tiers,
        },
    )


async def show_one(visit: Visit) -> Screen:
    """Show one project."""
    project = await visit.services.projects.get(visit.actor, visit.path["project"])
    environments = await environments_of(visit, project)
    api = f"api/v1/projects/{quote(project['id'], safe='')}"
    zone = _zone(project["zone"])
    shown = {
        **project,
        "bar": _bar(project),
        "members": [
            {**member, "api": f"{api}/members/{quote(member['person'], safe='')}"}
            for member in project["members"]
        ],
        "grants": [
            {
                **grant,
                "first_day": _day(grant["from_ms"], zone),
                "last_day": _day(grant["until_ms"] - 1, zone),
            }
            for grant in project["grants"]
        ],
    }
    return Screen(
        template="project.html",
        section="projects",
        title=project["title"] or project["name"],
        values={
            "project": shown,
            "api": api,
            "roles": [str(role) for role in Role],
            "needs_reason": project["role"] not in _MANAGERS,
            **environments,
            **await secrets_of(visit, api, project),
        },
    )


def _bar(project: dict[str, Any]) -> list[dict[str, Any]]:
    overrun = project["overrun_microcredits"]
    parts = [
        ("used", max(0, project["used_microcredits"] - overrun)),
        ("overrun", overrun),
        ("reserved", project["reserved_microcredits"]),
        ("left", project["left_microcredits"]),
    ]
    return stack(parts, project["granted_microcredits"])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return ZoneInfo("UTC")


def _day(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d")
