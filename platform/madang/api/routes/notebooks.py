"""Notebooks that are not submitted yet: what they declare."""

from starlette.responses import Response

from madang.api.reading import large_body
from madang.api.routes.common import Someone, TheHouse, answer, noun_router
from madang.api.run_bodies import NotebookBody
from madang.api.shapes.notebooks import NotebookParameters

router = noun_router("notebooks")


@router.post(
    "/notebooks/parameters",
    operation_id="notebook_parameters",
    response_model=NotebookParameters,
)
@large_body
async def notebook_parameters(house: TheHouse, actor: Someone, body: NotebookBody) -> Response:
    """Read a notebook's parameters, without running or keeping any of it."""
    found = await house.services.notebooks.parameters(actor, body.notebook.encode("utf-8"))
    return answer(found)
