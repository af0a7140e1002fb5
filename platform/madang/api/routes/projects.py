"""Projects: look, make, rename, members, grants."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from madang.api.bodies import PLAIN, GrantBody, MemberBody, ProjectBody, TitleBody
from madang.api.kept import keep
from madang.api.routes.common import Key, Someone, TheHouse, answer, noun_router
from madang.api.shapes.projects import Project, ProjectRow

Reason = Annotated[
    str, Query(max_length=300, pattern=PLAIN, description="Why; administrators must say it.")
]

router = noun_router("projects")


@router.get("/projects", operation_id="project_list", response_model=list[ProjectRow])
@keep
async def project_list(house: TheHouse, actor: Someone) -> Response:
    """List the projects that the asker may see."""
    return answer(await house.services.projects.list(actor))


@router.post("/projects", operation_id="project_create", response_model=Project, status_code=201)
async def project_create(
    house: TheHouse, actor: Someone, body: ProjectBody, key: Key = None
) -> Response:
    """Make a project; administrators only."""
    return answer(await house.services.projects.create(actor, body.request(), key=key), 201)


@router.get("/projects/{project}", operation_id="project_get", response_model=Project)
async def project_get(house: TheHouse, actor: Someone, project: str) -> Response:
    """Show a project with its members and grants, by name or id."""
    return answer(await house.services.projects.get(actor, project))


@router.patch("/projects/{project}", operation_id="project_rename", response_model=Project)
async def project_rename(
    house: TheHouse, actor: Someone, project: str, body: TitleBody
) -> Response:
    """Give a project another title; its name stays."""
    projects = house.services.projects
    return answer(await projects.rename(actor, project, body.title, reason=body.reason))


@router.post("/projects/{project}/members", operation_id="member_set", response_model=Project)
async def member_set(house: TheHouse, actor: Someone, project: str, body: MemberBody) -> Response:
    """Put a person into a project, or give a member another role."""
    projects = house.services.projects
    return answer(
        await projects.set_member(actor, project, body.person, body.role, reason=body.reason)
    )


@router.delete(
    "/projects/{project}/members/{person}", operation_id="member_remove", status_code=204
)
async def member_remove(
    house: TheHouse, actor: Someone, project: str, person: str, reason: Reason = ""
) -> Response:
    """Take a person out of a project, or leave it."""
    await house.services.projects.remove_member(actor, project, person, reason=reason)
    return Response(status_code=204)


@router.post(
    "/projects/{project}/grants",
    operation_id="grant_create",
    response_model=Project,
    status_code=201,
)
async def grant_create(
    house: TheHouse, actor: Someone, project: str, body: GrantBody, key: Key = None
) -> Response:
    """Give a project a budget, or take back with a negative amount; administrators only."""
    projects = house.services.projects
    return answer(await projects.grant(actor, project, body.request(), key=key), 201)
