"""Environments: ask for one, look, read how it was built, build it again, delete it."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from madang.api.bodies import EnvironmentBody, RebuildBody
from madang.api.routes.common import (
    Key,
    ProjectQuery,
    Seen,
    Someone,
    TheHouse,
    WaitS,
    answer,
    download,
    file_of,
    get_or_wait,
    noun_router,
)
from madang.api.shapes.environments import Environment

Place = Annotated[
    str, Query(alias="project", max_length=64, description="With it, a name will do for an id.")
]

router = noun_router("environments")


@router.post(
    "/environments", operation_id="environment_create", response_model=Environment, status_code=201
)
async def environment_create(
    house: TheHouse, actor: Someone, body: EnvironmentBody, project: Place = "", key: Key = None
) -> Response:
    """Ask for an environment; it is built by a run of the asker."""
    wanted = body.request(project)
    return answer(await house.services.environments.create(actor, wanted, key=key), 201)


@router.get("/environments", operation_id="environment_list", response_model=list[Environment])
async def environment_list(
    house: TheHouse, actor: Someone, project: ProjectQuery = None
) -> Response:
    """List the environments of the asker's projects."""
    return answer(await house.services.environments.list(actor, project=project))


@router.get(
    "/environments/{environment_id}", operation_id="environment_get", response_model=Environment
)
async def environment_get(
    request: Request,
    house: TheHouse,
    actor: Someone,
    environment_id: str,
    project: Place = "",
    wait_s: WaitS = 0.0,
    seen: Seen = "",
) -> Response:
    """Show one environment with its latest builds; with ``wait_s`` when it has changed."""
    environments = house.services.environments
    if project:
        found = await environments.get(actor, environment_id, project=project)
        environment_id = found["id"]
    return await get_or_wait(request, environments, actor, environment_id, wait_s, seen)


@router.post(
    "/environments/{environment_id}/rebuild",
    operation_id="environment_rebuild",
    response_model=Environment,
)
async def environment_rebuild(
    house: TheHouse,
    actor: Someone,
    environment_id: str,
    body: RebuildBody,
    project: Place = "",
    key: Key = None,
) -> Response:
    """Build a new revision; what runs keeps the one that it has."""
    environments = house.services.environments
    return answer(
        await environments.rebuild(
            actor, environment_id, project=project, spec=body.spec, python=body.python, key=key
        )
    )


@router.get(
    "/environments/{environment_id}/log",
    operation_id="environment_log",
    response_class=Response,
    responses=file_of("text/plain; charset=utf-8", "The log."),
)
async def environment_log(
    house: TheHouse, actor: Someone, environment_id: str, project: Place = ""
) -> Response:
    """Fetch what the latest build has printed."""
    log = await house.services.environments.log(actor, environment_id, project=project)
    data = log.encode("utf-8", "replace")
    return download(data, "text/plain; charset=utf-8", "environment.log")


@router.get(
    "/environments/{environment_id}/report",
    operation_id="environment_report",
    response_class=Response,
    responses=file_of("application/json", "The report."),
)
async def environment_report(
    house: TheHouse, actor: Someone, environment_id: str, project: Place = ""
) -> Response:
    """Fetch the report of what is used now: packages, versions, hashes."""
    data = await house.services.environments.report(actor, environment_id, project=project)
    return download(data, "application/json", "environment.json")


@router.delete(
    "/environments/{environment_id}", operation_id="environment_delete", response_model=Environment
)
async def environment_delete(
    house: TheHouse, actor: Someone, environment_id: str, project: Place = ""
) -> Response:
    """Delete an environment; what runs with it goes on."""
    return answer(await house.services.environments.delete(actor, environment_id, project=project))
