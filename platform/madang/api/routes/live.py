"""The event stream of a browser, and whether the service is well."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from madang.api.events import open_stream
from madang.api.house import house_of
from madang.api.routes.common import Someone, TheHouse, answer, file_of, noun_router
from madang.api.shapes.administration import Health
from madang.api.shapes.base import Problem
from madang.api.shapes.pool import NoticeWords
from madang.i18n import LANGUAGES
from madang.settings.config import SERVICE_PREFIX

STREAM = file_of("text/event-stream", "Lines of events; it does not end by itself.")

router = noun_router("events")
health_router = APIRouter(prefix=SERVICE_PREFIX, tags=["health"])


@router.get(
    "/events", operation_id="event_stream", response_class=StreamingResponse, responses=STREAM
)
async def event_stream(request: Request, house: TheHouse, actor: Someone) -> Response:
    """Stream which topics change: ``event: change``, data ``{"topics": [...]}``."""
    return open_stream(house, request, actor)


@health_router.get(
    "/healthz",
    operation_id="health_get",
    response_model=Health,
    responses={503: {"model": Problem}},
)
async def health_get(request: Request) -> Response:
    """Say whether the service can work; needs no login."""
    health = await house_of(request).services.health()
    return answer(health, 200 if health.get("ok", True) else 503)


@health_router.get("/notice", operation_id="notice_get", response_model=NoticeWords | None)
async def notice_get(request: Request) -> Response:
    """Say what everybody is told now, by language, null for nothing; needs no login."""
    upkeep = house_of(request).services.upkeep
    told = {lang: upkeep.notice(lang) for lang in LANGUAGES}
    words = {lang: notice["text"] for lang, notice in told.items() if notice}
    return answer(words or None)
