"""What a slot's worker asks and reports: the next run, its progress, its output, its end."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from madang.api.bodies import EndedBody, FinishBody, ProgressBody
from madang.api.problems import with_status
from madang.api.reading import large_body
from madang.api.routes.common import TheHouse, Worker, answer, noun_router
from madang.api.shapes.base import Problem
from madang.api.shapes.runs import Kept, Run, Stop, Work
from madang.api.waiting import held, unless_gone
from madang.domain.sweep import MAX_RUNS_PER_DEVICE
from madang.errors import ConflictError, InvalidError

NEXT_S = 15.0
Lane = Annotated[int, Query(ge=0, lt=MAX_RUNS_PER_DEVICE)]

NEXT: dict[int | str, dict[str, Any]] = {
    204: {"description": "There is no run now."},
    404: {"model": Problem, "description": "The run before is none of this slot."},
    410: {"model": Problem, "description": "The slot shall stop."},
}
OUTPUT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-ipynb+json": {"schema": {"type": "object"}}},
    }
}

router = noun_router("slots")


@router.post("/slots/next", operation_id="slot_next", response_model=Work, responses=NEXT)
async def slot_next(
    request: Request,
    house: TheHouse,
    actor: Worker,
    lane: Lane = 0,
    ended: EndedBody | None = None,
) -> Response:
    """Take the next run of this slot; 204 when there is none now, 410 when the slot shall stop.

    A slot that works on several runs at the same time says which of them it will be; whoever asks
    again for the same lane is given the same run. The body may say how the run before has ended,
    which is written down first: any answer but a refusal of the body says that it was.
    """
    if ended is not None:
        await house.services.slots.take_end(actor, ended.run, _end(ended))
    try:
        with held(house, actor) as may_wait:
            wait_s = NEXT_S if may_wait else 0.0
            waiting = house.services.slots.next(actor, wait_s, lane=lane)
            work = await unless_gone(house, request, waiting)
    except ConflictError as error:
        if error.code == "slot_over":
            with_status(error, 410)
        raise
    return Response(status_code=204) if work is None else answer(_as_text(work))


@router.post("/runs/{run_id}/progress", operation_id="run_report", response_model=Stop)
async def run_report(house: TheHouse, actor: Worker, run_id: str, body: ProgressBody) -> Response:
    """Report how far a run is; the answer says whether it shall stop."""
    return answer(await house.services.slots.progress(actor, run_id, body.model_dump()))


@router.put(
    "/runs/{run_id}/output",
    operation_id="run_store_output",
    response_model=Kept,
    openapi_extra=OUTPUT,
)
@large_body
async def run_store_output(
    request: Request, house: TheHouse, actor: Worker, run_id: str
) -> Response:
    """Store the executed notebook, whole or so far."""
    data = await request.body()
    if not data:
        raise InvalidError("body_empty")
    _look_at(data)
    return answer(await house.services.slots.put_output(actor, run_id, data))


@router.post("/runs/{run_id}/finish", operation_id="run_finish", response_model=Run)
async def run_finish(house: TheHouse, actor: Worker, run_id: str, body: FinishBody) -> Response:
    """Report how a run ended."""
    return answer(await house.services.slots.finish(actor, run_id, _end(body)))


def _end(body: FinishBody) -> dict[str, Any]:
    """Return how a run ended as the use-case takes it."""
    if body.output:
        _look_at(body.output.encode())
    return body.model_dump(exclude={"run"})


def _look_at(output: bytes) -> None:
    """Refuse what is no notebook at a glance.

    To parse one for every cell that ends would cost more than it tells; what shows it later trusts
    nothing in it.
    """
    if not (output.lstrip()[:1] == b"{" and output.rstrip()[-1:] == b"}"):
        raise InvalidError("output_no_notebook", given=ascii(output[:20]))


def _as_text(work: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handed-over run as JSON can carry it: the notebook as text, files as base64."""
    files = {name: base64.b64encode(data).decode() for name, data in work["files"].items()}
    return {**work, "notebook": work["notebook"].decode("utf-8", "replace"), "files": files}
