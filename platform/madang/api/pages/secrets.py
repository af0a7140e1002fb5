"""The secrets of a project, as its page and the forms that submit work show them: names only."""

from typing import Any
from urllib.parse import quote

from madang.api.pages.frame import Visit


async def secrets_of(visit: Visit, api: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return what the section of a project's page shows."""
    found = await visit.services.secrets.list(visit.actor, project["name"])
    return {
        "secrets": [
            {**secret, "api": f"{api}/secrets/{quote(secret['name'], safe='')}"} for secret in found
        ],
        "secrets_api": f"{api}/secrets",
    }


async def usable_secrets(visit: Visit, projects: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the names that may be chosen, each with its project."""
    return [
        {"name": secret["name"], "project": project["name"]}
        for project in projects
        for secret in await visit.services.secrets.list(visit.actor, project["name"])
    ]
