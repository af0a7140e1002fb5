"""What a slot's worker asks and reports: the next run, its progress, its output, its end."""

from starlette.requests import Request
from starlette.responses import Response

from madang.api.bodies import FinishBody, ProgressBody
from madang.api.problems import with_status
from madang.api.reading import large_body
from madang.api.routes.common import TheHouse, Worker, answer, noun_router
from madang.api.waiting import unless_gone
from madang.errors import ConflictError, InvalidError

NEXT_S = 15.0

router = noun_router("slots")


@router.post("/slots/next", operation_id="slot_next")
async def slot_next(request: Request, house: TheHouse, actor: Worker) -> Response:
    """Take the next run of this slot; 204 when there is none now, 410 when the slot shall stop."""
    waiting = house.services.runs.next(actor, NEXT_S)
    try:
        work = await unless_gone(house, request, waiting)
    except ConflictError as error:
        if error.code == "slot_over":
            with_status(error, 410)
        raise
    return Response(status_code=204) if work is None else answer(work)


@router.post("/runs/{run_id}/progress", operation_id="run_report")
async def run_report(house: TheHouse, actor: Worker, run_id: str, body: ProgressBody) -> Response:
    """Report how far a run is; the answer says whether it shall stop."""
    return answer(await house.services.runs.progress(actor, run_id, body.model_dump()))


@router.put("/runs/{run_id}/output", operation_id="run_store_output")
@large_body
async def run_store_output(
    request: Request, house: TheHouse, actor: Worker, run_id: str
) -> Response:
    """Store the executed notebook, whole or so far."""
    data = await request.body()
    if not data:
        raise InvalidError("body_empty")
    return answer(await house.services.runs.put_output(actor, run_id, data))


@router.post("/runs/{run_id}/finish", operation_id="run_finish")
async def run_finish(house: TheHouse, actor: Worker, run_id: str, body: FinishBody) -> Response:
    """Report how a run ended."""
    return answer(await house.services.runs.finish(actor, run_id, body.model_dump()))
