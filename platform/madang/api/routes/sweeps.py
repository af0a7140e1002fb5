"""Sweeps: plan, submit, look, page through the table, cancel, pause, go on, retry."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from madang.api.kept import keep
from madang.api.reading import large_body
from madang.api.routes.common import (
    FromStart,
    Key,
    ProjectQuery,
    Seen,
    Someone,
    TheHouse,
    WaitS,
    Why,
    answer,
    get_or_wait,
    noun_router,
)
from madang.api.run_bodies import PriorityBody, SweepBody, SweepRerunBody
from madang.api.shapes.runs import Run
from madang.api.shapes.sweeps import Sweep, SweepComparison, SweepPage, SweepPlan
from madang.domain.run import RunState
from madang.domain.sweep import MAX_SWEEP_RUNS

MAX_PAGE = 1_000

Sort = Annotated[
    str,
    Query(
        max_length=200,
        description="position, state, started, ended, duration, parameter:NAME or recorded:NAME.",
    ),
]
Offset = Annotated[int, Query(ge=0, le=MAX_SWEEP_RUNS, description="Rows to pass over.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows at most.")]

router = noun_router("sweeps")


@router.post("/sweeps", operation_id="sweep_create", response_model=Sweep, status_code=201)
@large_body
async def sweep_create(
    house: TheHouse, actor: Someone, body: SweepBody, key: Key = None
) -> Response:
    """Submit one notebook with many sets of parameters: all runs or none."""
    return answer(await house.services.sweeps.submit(actor, body.request(), key=key), 201)


# Not below /sweeps, where these would be taken for the id of one.
@router.post("/sweep-plans", operation_id="sweep_plan", response_model=SweepPlan)
@large_body
async def sweep_plan(house: TheHouse, actor: Someone, body: SweepBody) -> Response:
    """Show what a sweep would be and cost at most; nothing is submitted."""
    return answer(await house.services.sweeps.plan(actor, body.request()))


@router.post("/sweep-pilots", operation_id="sweep_pilot", response_model=Run, status_code=201)
@large_body
async def sweep_pilot(
    house: TheHouse, actor: Someone, body: SweepBody, key: Key = None
) -> Response:
    """Submit the first run of a sweep alone, as a run of its own, to see how long it takes."""
    return answer(await house.services.sweeps.pilot(actor, body.request(), key=key), 201)


@router.get("/sweeps", operation_id="sweep_list", response_model=list[Sweep])
@keep
async def sweep_list(house: TheHouse, actor: Someone, project: ProjectQuery = None) -> Response:
    """List the sweeps that the asker may see."""
    return answer(await house.services.sweeps.list(actor, project=project))


@router.get("/sweeps/{sweep_id}", operation_id="sweep_get", response_model=Sweep)
@keep
async def sweep_get(
    request: Request,
    house: TheHouse,
    actor: Someone,
    sweep_id: str,
    wait_s: WaitS = 0.0,
    seen: Seen = "",
) -> Response:
    """Show one sweep; with ``wait_s`` when it has changed after ``seen``."""
    return await get_or_wait(request, house.services.sweeps, actor, sweep_id, wait_s, seen)


@router.get("/sweeps/{sweep_id}/runs", operation_id="sweep_runs", response_model=SweepPage)
@keep
async def sweep_runs(
    house: TheHouse,
    actor: Someone,
    sweep_id: str,
    state: RunState | None = None,
    sort: Sort = "position",
    descending: bool = False,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Response:
    """Show some rows of a sweep's table."""
    page = await house.services.sweeps.rows(
        actor,
        sweep_id,
        state=state,
        sort=sort,
        is_descending=descending,
        offset=offset,
        limit=limit,
    )
    return answer(page)


@router.get(
    "/sweeps/{sweep_id}/compare/{other_id}",
    operation_id="sweep_compare",
    response_model=SweepComparison,
)
@keep
async def sweep_compare(
    house: TheHouse,
    actor: Someone,
    sweep_id: str,
    other_id: str,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Response:
    """Put two sweeps side by side: medians, and some of the runs with equal parameters."""
    figures = house.services.sweep_figures
    return answer(await figures.compare(actor, sweep_id, other_id, offset=offset, limit=limit))


@router.post("/sweeps/{sweep_id}/pause", operation_id="sweep_pause", response_model=Sweep)
async def sweep_pause(house: TheHouse, actor: Someone, sweep_id: str) -> Response:
    """Let no slot take further runs of a sweep; what runs goes on."""
    return answer(await house.services.sweeps.pause(actor, sweep_id, is_paused=True))


@router.post("/sweeps/{sweep_id}/resume", operation_id="sweep_resume", response_model=Sweep)
async def sweep_resume(house: TheHouse, actor: Someone, sweep_id: str) -> Response:
    """Let a paused sweep go on."""
    return answer(await house.services.sweeps.pause(actor, sweep_id, is_paused=False))


@router.post("/sweeps/{sweep_id}/retry", operation_id="sweep_retry", response_model=Sweep)
async def sweep_retry(
    house: TheHouse,
    actor: Someone,
    sweep_id: str,
    cancelled: Annotated[bool, Query(description="Those that were cancelled too.")] = False,
    from_start: FromStart = False,
    key: Key = None,
) -> Response:
    """Submit what failed or ran out of time again, each run at its place in the table."""
    sweeps = house.services.sweeps
    view = await sweeps.retry(
        actor, sweep_id, with_cancelled=cancelled, from_start=from_start, key=key
    )
    return answer(view)


@router.post(
    "/sweeps/{sweep_id}/rerun", operation_id="sweep_rerun", response_model=Sweep, status_code=201
)
@large_body
async def sweep_rerun(
    house: TheHouse, actor: Someone, sweep_id: str, body: SweepRerunBody, key: Key = None
) -> Response:
    """Submit a new sweep like this one, from the same snapshot, with changes."""
    return answer(await house.services.sweeps.rerun(actor, sweep_id, body.request(), key=key), 201)


@router.post(
    "/sweeps/{sweep_id}/rerun-plan", operation_id="sweep_plan_rerun", response_model=SweepPlan
)
@large_body
async def sweep_plan_rerun(
    house: TheHouse, actor: Someone, sweep_id: str, body: SweepRerunBody
) -> Response:
    """Show what a new sweep like this one would be and cost at most; nothing is submitted."""
    return answer(await house.services.sweeps.plan_rerun(actor, sweep_id, body.request()))


@router.patch("/sweeps/{sweep_id}", operation_id="sweep_prioritize", response_model=Sweep)
async def sweep_prioritize(
    house: TheHouse, actor: Someone, sweep_id: str, body: PriorityBody
) -> Response:
    """Let its runs be taken before or after the asker's others in the project."""
    return answer(await house.services.sweeps.prioritize(actor, sweep_id, body.priority))


@router.delete("/sweeps/{sweep_id}", operation_id="sweep_cancel", response_model=Sweep)
async def sweep_cancel(house: TheHouse, actor: Someone, sweep_id: str, why: Why = "") -> Response:
    """Cancel a sweep: what waits at once, what runs after it has saved."""
    return answer(await house.services.sweeps.cancel(actor, sweep_id, why=why))


@router.delete(
    "/sweeps/{sweep_id}/output", operation_id="sweep_delete_output", response_model=Sweep
)
async def sweep_delete_output(
    house: TheHouse, actor: Someone, sweep_id: str, why: Why = ""
) -> Response:
    """Delete outputs and logs of all runs of an ended sweep; rows and parameters stay."""
    return answer(await house.services.outputs.delete_of_sweep(actor, sweep_id, why=why))
