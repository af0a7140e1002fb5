"""The environments of a project, as its page shows them."""

from typing import Any
from urllib.parse import quote

from madang.api.pages.frame import Visit
from madang.domain.project import MAY_USE

_CHIPS = {"queued": "wait", "building": "go", "ready": "done", "failed": "bad", "removed": "quiet"}
_MIB = 1024**2


async def ready_environments(visit: Visit, project: str | None = None) -> list[dict[str, str]]:
    """Return what work may begin with: of one project, or of all that the visitor may see."""
    return [
        {"name": item["name"], "title": item["title"] or item["name"], "project": item["project"]}
        for item in await visit.services.environments.list(visit.actor, project=project)
        if item["is_ready"]
    ]


async def environments_of(visit: Visit, project: dict[str, Any]) -> dict[str, Any]:
    """Return what the section needs: what there is, and what one may begin with."""
    found = await visit.services.environments.list(visit.actor, project=project["id"])
    examples = visit.services.environments.examples()
    return {
        "environments": [_row(visit, item) for item in found],
        "may_build": project["role"] in MAY_USE and project["is_open"],
        "environments_api": f"api/v1/environments?project={quote(project['id'], safe='')}",
        "examples": [
            {
                "label": example.name,
                "title": example.title,
                "fields": {
                    "name": example.name,
                    "title": example.name,
                    "kind": str(example.kind),
                    "spec": example.spec,
                },
            }
            for example in examples
        ],
    }


def _row(visit: Visit, item: dict[str, Any]) -> dict[str, Any]:
    latest = item["latest"] or {}
    state = item["state"]
    return {
        **item,
        "api": f"api/v1/environments/{quote(item['id'], safe='')}",
        "chip": _CHIPS.get(state, "quiet"),
        "state_text": latest.get("state_text", ""),
        "reason_text": latest.get("reason_text", ""),
        "builder": latest.get("person", ""),
        "version": latest.get("python", ""),
        "is_mine": latest.get("person") == visit.person,
        "is_building": state in ("queued", "building"),
        # A build that failed leaves the one before in use.
        "keeps_old": state in ("queued", "building", "failed") and item["is_ready"],
        "run_page": visit.links.page("runs", latest["run"]) if latest.get("run") else "",
        "size": f"{item['size_bytes'] / _MIB:,.0f}" if item["size_bytes"] else "",
    }
