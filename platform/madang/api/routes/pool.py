"""What there is, what one may pick, and who waits."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from madang.api.kept import keep, keep_for_all
from madang.api.routes.common import Anybody, ProjectQuery, TheHouse, answer, noun_router
from madang.api.shapes.pool import Pool, Profiles, Queue
from madang.services.board import LINES
from madang.services.pool import MAX_LINES

LinesQuery = Annotated[
    int,
    Query(ge=1, le=MAX_LINES, description="Lines of each list; your own are always there."),
]

router = noun_router("pool")


@router.get("/pool", operation_id="pool_get", response_model=Pool)
@keep_for_all
async def pool_get(house: TheHouse, actor: Anybody) -> Response:
    """Show the devices of the pool and how many are free."""
    return answer(await house.services.pool.pool(actor))


@router.get("/profiles", operation_id="profiles_list", response_model=Profiles)
@keep
async def profiles_list(house: TheHouse, actor: Anybody, project: ProjectQuery = None) -> Response:
    """List what one may pick, with waiting time, price and what is left of the budget."""
    return answer(await house.services.pool.profiles(actor, project))


@router.get("/queue", operation_id="queue_get", response_model=Queue)
@keep
async def queue_get(house: TheHouse, actor: Anybody, limit: LinesQuery = LINES) -> Response:
    """Show who waits and who runs, as far as the asker may see it."""
    text = await house.services.pool.queue_json(actor, limit)
    return Response(text.encode("utf-8", "replace"), media_type="application/json")
