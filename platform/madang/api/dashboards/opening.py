"""The way from the clusters page to a dashboard: one address of the service that gives a ticket."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.api.dashboards.tickets import Visitor
from madang.api.house import house_of
from madang.api.sessions import SESSION_COOKIE
from madang.errors import RefusedError
from madang.settings.config import SERVICE_PREFIX

router = APIRouter(prefix=SERVICE_PREFIX, include_in_schema=False)


@router.get("/clusters/{cluster_id}/dashboard")
async def dashboard_open(request: Request, cluster_id: str) -> Response:
    """Send a browser that is logged in to the dashboard of a cluster, with a ticket for it."""
    house = house_of(request)
    actor = await house.identity.page_actor(request)
    session_id = request.cookies.get(SESSION_COOKIE, "")
    if not session_id or "authorization" in request.headers:
        # A pass lives as long as a browser's session; a token has none.
        raise RefusedError("dashboard_needs_browser")
    await house.services.dashboards.upstream(actor, cluster_id)
    visitor = Visitor(
        cluster=cluster_id,
        person_name=actor.person.hub_name,
        session_id=session_id,
        lang=house.identity.lang(request),
    )
    target = house.dashboards.open(visitor, request.headers.get("host", ""))
    return RedirectResponse(target, 303, {"Referrer-Policy": "no-referrer"})
