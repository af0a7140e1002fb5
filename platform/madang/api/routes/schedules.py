"""Schedules: add, list, look, pause, let go on, delete."""

from starlette.responses import Response

from madang.api.kept import keep
from madang.api.reading import large_body
from madang.api.routes.common import Key, ProjectQuery, Someone, TheHouse, answer, noun_router
from madang.api.run_bodies import ScheduleBody
from madang.api.shapes.schedules import Schedule

router = noun_router("schedules")


@router.post("/schedules", operation_id="schedule_create", response_model=Schedule, status_code=201)
@large_body
async def schedule_create(
    house: TheHouse, actor: Someone, body: ScheduleBody, key: Key = None
) -> Response:
    """Keep a notebook that is submitted at the times of a cron line."""
    return answer(await house.services.schedules.add(actor, body.scheduled(), key=key), 201)


@router.get("/schedules", operation_id="schedule_list", response_model=list[Schedule])
@keep
async def schedule_list(house: TheHouse, actor: Someone, project: ProjectQuery = None) -> Response:
    """List the schedules that the asker may see."""
    return answer(await house.services.schedules.list(actor, project=project))


@router.get("/schedules/{schedule_id}", operation_id="schedule_get", response_model=Schedule)
@keep
async def schedule_get(house: TheHouse, actor: Someone, schedule_id: str) -> Response:
    """Show one schedule."""
    return answer(await house.services.schedules.get(actor, schedule_id))


@router.post(
    "/schedules/{schedule_id}/pause", operation_id="schedule_pause", response_model=Schedule
)
async def schedule_pause(house: TheHouse, actor: Someone, schedule_id: str) -> Response:
    """Submit nothing more of it until its person lets it go on."""
    return answer(await house.services.schedules.pause(actor, schedule_id))


@router.post(
    "/schedules/{schedule_id}/resume", operation_id="schedule_resume", response_model=Schedule
)
async def schedule_resume(house: TheHouse, actor: Someone, schedule_id: str) -> Response:
    """Let a paused schedule go on with its next time."""
    return answer(await house.services.schedules.resume(actor, schedule_id))


@router.delete("/schedules/{schedule_id}", operation_id="schedule_delete", status_code=204)
async def schedule_delete(house: TheHouse, actor: Someone, schedule_id: str) -> Response:
    """Take a schedule away; what it submitted stays."""
    await house.services.schedules.delete(actor, schedule_id)
    return Response(status_code=204)
