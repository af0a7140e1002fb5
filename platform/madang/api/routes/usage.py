"""Who one is, what one's projects have left, and where it went."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from madang.api.kept import keep
from madang.api.routes.common import (
    ProjectQuery,
    Someone,
    TheHouse,
    TimeQuery,
    answer,
    download,
    file_of,
    noun_router,
)
from madang.api.shapes.projects import Me
from madang.api.shapes.usage import Entry, Usage, Verified

MAX_ENTRIES = 1000

router = noun_router("usage")


@router.get("/me", operation_id="me_get", response_model=Me)
@keep
async def me_get(house: TheHouse, actor: Someone) -> Response:
    """Show who the credential belongs to, and their projects."""
    return answer(await house.services.projects.me(actor))


@router.get("/usage", operation_id="usage_get", response_model=Usage)
@keep
async def usage_get(
    house: TheHouse,
    actor: Someone,
    project: ProjectQuery = None,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
) -> Response:
    """Show what was held, used and charged, by project, person, kind and day."""
    usage = house.services.usage
    return answer(await usage.usage(actor, project=project, from_ms=from_ms, to_ms=to_ms))


@router.get(
    "/usage.csv",
    operation_id="usage_csv",
    response_class=Response,
    responses=file_of("text/csv; charset=utf-8", "The use."),
)
async def usage_csv(
    house: TheHouse,
    actor: Someone,
    project: ProjectQuery = None,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
) -> Response:
    """Fetch the same by day, person and kind, as comma-separated values."""
    usage = house.services.usage
    text = await usage.csv(actor, project=project, from_ms=from_ms, to_ms=to_ms)
    return download(text.encode("utf-8"), "text/csv; charset=utf-8", "madang-usage.csv")


@router.get("/ledger", operation_id="ledger_list", response_model=list[Entry])
async def ledger_list(
    house: TheHouse,
    actor: Someone,
    project: ProjectQuery = None,
    after_seq: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES)] = 100,
) -> Response:
    """List entries of the ledger in their order, after a sequence number."""
    usage = house.services.usage
    found = await usage.entries(actor, project=project, after_seq=after_seq, limit=limit)
    return answer(found)


@router.get("/ledger/verify", operation_id="ledger_verify", response_model=Verified)
async def ledger_verify(house: TheHouse, actor: Someone) -> Response:
    """Recompute chain, sums and balances of the ledger."""
    return answer(await house.services.usage.verify(actor))
