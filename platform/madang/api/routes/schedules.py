"""Schedules: add, list, look, pause, let go on, delete."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from madang.api.bodies import PLAIN
from madang.api.kept import keep
from madang.api.reading import large_body
from madang.api.routes.common import Key, ProjectQuery, Someone, TheHouse, answer, noun_router
from madang.api.run_bodies import ScheduleBody, ScheduleCopyBody
from madang.api.shapes.schedules import Schedule, ScheduleTimes
from madang.domain.schedule import MAX_CRON_CHARS

Cron = Annotated[
    str,
    Query(max_length=MAX_CRON_CHARS, pattern=PLAIN, description="Five fields: `0 2 * * *`."),
]
Zone = Annotated[
    str,
    Query(max_length=64, pattern=PLAIN, description="Such as Asia/Seoul; else that of the site."),
]

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


# Not below /schedules, where it would be taken for the id of one.
@router.get("/schedule-times", operation_id="schedule_times", response_model=ScheduleTimes)
async def schedule_times(
    house: TheHouse, actor: Someone, cron: Cron = "0 2 * * *", timezone: Zone = ""
) -> Response:
    """Say what a cron line means, and its next times; nothing is kept."""
    return answer(house.services.schedules.times(actor, cron=cron, zone=timezone))


@router.post(
    "/sweeps/{sweep_id}/schedule",
    operation_id="schedule_copy",
    response_model=Schedule,
    status_code=201,
)
async def schedule_copy(
    house: TheHouse, actor: Someone, sweep_id: str, body: ScheduleCopyBody, key: Key = None
) -> Response:
    """Keep a sweep that is there to be submitted again and again, as it is."""
    found = await house.services.schedules.repeat(actor, sweep_id, body.request(), key=key)
    return answer(found, 201)


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


@router.post("/schedules/{schedule_id}/run", operation_id="schedule_run", response_model=Schedule)
async def schedule_run(
    house: TheHouse, actor: Someone, schedule_id: str, key: Key = None
) -> Response:
    """Submit it once at once, as its person; its next times stay as they are.

    Asked again within five seconds, the answer is what was just submitted.
    """
    return answer(await house.services.schedules.run(actor, schedule_id, key=key))


@router.delete("/schedules/{schedule_id}", operation_id="schedule_delete", status_code=204)
async def schedule_delete(house: TheHouse, actor: Someone, schedule_id: str) -> Response:
    """Take a schedule away; what it submitted stays."""
    await house.services.schedules.delete(actor, schedule_id)
    return Response(status_code=204)
