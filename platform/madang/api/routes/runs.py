"""Runs: submit, look, wait, fetch what came out, cancel."""

from starlette.requests import Request
from starlette.responses import Response

from madang.api.kept import keep
from madang.api.reading import large_body
from madang.api.routes.common import (
    Anybody,
    FromStart,
    Key,
    ProjectQuery,
    Seen,
    Someone,
    TheHouse,
    WaitS,
    Why,
    answer,
    download,
    file_of,
    get_or_wait,
    noun_router,
)
from madang.api.run_bodies import PriorityBody, RunBody, RunRerunBody
from madang.api.shapes.runs import Run, RunPlan
from madang.domain.run import RunState
from madang.units import is_id

NOTEBOOK_TYPE = "application/x-ipynb+json"
NOTEBOOK = file_of(NOTEBOOK_TYPE, "The notebook.")

router = noun_router("runs")


@router.post("/runs", operation_id="run_create", response_model=Run, status_code=201)
@large_body
async def run_create(house: TheHouse, actor: Someone, body: RunBody, key: Key = None) -> Response:
    """Submit one notebook with one set of parameters."""
    return answer(await house.services.runs.submit(actor, body.request(), key=key), 201)


@router.get("/runs", operation_id="run_list", response_model=list[Run])
@keep
async def run_list(
    house: TheHouse, actor: Someone, project: ProjectQuery = None, state: RunState | None = None
) -> Response:
    """List the runs that the asker may see."""
    return answer(await house.services.runs.list(actor, project=project, state=state))


@router.get("/runs/{run_id}", operation_id="run_get", response_model=Run)
@keep
async def run_get(
    request: Request,
    house: TheHouse,
    actor: Anybody,
    run_id: str,
    wait_s: WaitS = 0.0,
    seen: Seen = "",
) -> Response:
    """Show one run; with ``wait_s`` when it has changed after ``seen``."""
    return await get_or_wait(request, house.services.runs, actor, run_id, wait_s, seen)


@router.get(
    "/runs/{run_id}/output", operation_id="run_output", response_class=Response, responses=NOTEBOOK
)
async def run_output(house: TheHouse, actor: Someone, run_id: str) -> Response:
    """Fetch the executed notebook, also a partial one."""
    data = await house.services.runs.output(actor, run_id)
    return download(data, NOTEBOOK_TYPE, f"{_safe(run_id)}-output.ipynb")


@router.get(
    "/runs/{run_id}/notebook",
    operation_id="run_notebook",
    response_class=Response,
    responses=NOTEBOOK,
)
async def run_notebook(house: TheHouse, actor: Someone, run_id: str) -> Response:
    """Fetch the notebook as it was submitted."""
    data = await house.services.runs.notebook(actor, run_id)
    return download(data, NOTEBOOK_TYPE, f"{_safe(run_id)}.ipynb")


@router.get(
    "/runs/{run_id}/log",
    operation_id="run_log",
    response_class=Response,
    responses=file_of("text/plain; charset=utf-8", "The log."),
)
async def run_log(house: TheHouse, actor: Someone, run_id: str) -> Response:
    """Fetch what the run has printed."""
    log = await house.services.runs.log(actor, run_id)
    data = log.encode("utf-8", "replace")
    return download(data, "text/plain; charset=utf-8", f"{_safe(run_id)}.log")


@router.post("/runs/{run_id}/retry", operation_id="run_retry", response_model=Run, status_code=201)
async def run_retry(
    house: TheHouse, actor: Someone, run_id: str, from_start: FromStart = False, key: Key = None
) -> Response:
    """Submit an ended run again, from the same snapshot; a failed one goes on where it was kept."""
    runs = house.services.runs
    return answer(await runs.retry(actor, run_id, from_start=from_start, key=key), 201)


@router.post("/runs/{run_id}/rerun", operation_id="run_rerun", response_model=Run, status_code=201)
async def run_rerun(
    house: TheHouse, actor: Someone, run_id: str, body: RunRerunBody, key: Key = None
) -> Response:
    """Submit a run like this one, from the same snapshot, with changes."""
    return answer(await house.services.runs.rerun(actor, run_id, body.request(), key=key), 201)


@router.post("/runs/{run_id}/rerun-plan", operation_id="run_plan_rerun", response_model=RunPlan)
async def run_plan_rerun(
    house: TheHouse, actor: Someone, run_id: str, body: RunRerunBody
) -> Response:
    """Show what a new run like this one would be and cost at most; nothing is submitted."""
    return answer(await house.services.runs.plan_rerun(actor, run_id, body.request()))


@router.patch("/runs/{run_id}", operation_id="run_prioritize", response_model=Run)
async def run_prioritize(
    house: TheHouse, actor: Someone, run_id: str, body: PriorityBody
) -> Response:
    """Let a waiting run be taken before or after the asker's others in the project."""
    return answer(await house.services.runs.prioritize(actor, run_id, body.priority))


@router.delete("/runs/{run_id}", operation_id="run_cancel", response_model=Run)
async def run_cancel(house: TheHouse, actor: Someone, run_id: str, why: Why = "") -> Response:
    """Cancel a run; what it has written so far is kept."""
    return answer(await house.services.runs.cancel(actor, run_id, why=why))


@router.delete("/runs/{run_id}/output", operation_id="run_delete_output", response_model=Run)
async def run_delete_output(
    house: TheHouse, actor: Someone, run_id: str, why: Why = ""
) -> Response:
    """Delete output and log of an ended run; its row stays."""
    return answer(await house.services.outputs.delete(actor, run_id, why=why))


def _safe(run_id: str) -> str:
    """Return the id for a file name; an address may hold anything, an id only letters."""
    return run_id if is_id(run_id, "run") else "run"
