"""For administrators: devices and their holders, all leases, the trail of acts."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from madang.api.bodies import PLAIN
from madang.api.routes.common import Someone, TheHouse, answer, download, file_of, noun_router
from madang.api.shapes.administration import Audit, Overview
from madang.api.shapes.pool import Waits

Act = Annotated[str, Query(max_length=64, pattern=PLAIN, description="Only acts of this name.")]
Words = Annotated[
    str, Query(max_length=100, pattern=PLAIN, description="Only acts in which this text stands.")
]

router = noun_router("administration")


@router.get("/admin/overview", operation_id="admin_overview", response_model=Overview)
async def admin_overview(house: TheHouse, actor: Someone) -> Response:
    """Show every device with its holder, and every lease that has not ended."""
    return answer(await house.services.administration.overview(actor))


@router.get("/admin/audit", operation_id="audit_list", response_model=Audit)
async def audit_list(house: TheHouse, actor: Someone, act: Act = "", words: Words = "") -> Response:
    """List acts of administrators and owners, the newest first."""
    return answer(await house.services.administration.audit(actor, act=act, words=words))


@router.get(
    "/admin/audit.csv",
    operation_id="audit_csv",
    response_class=Response,
    responses=file_of("text/csv; charset=utf-8", "The acts."),
)
async def audit_csv(house: TheHouse, actor: Someone, act: Act = "", words: Words = "") -> Response:
    """Fetch the same acts as comma-separated values."""
    text = await house.services.administration.audit_csv(actor, act=act, words=words)
    return download(text.encode("utf-8"), "text/csv; charset=utf-8", "madang-audit.csv")


@router.get("/waits", operation_id="wait_list", response_model=Waits)
async def wait_list(house: TheHouse, actor: Someone) -> Response:
    """Show how long people waited on each of the last days."""
    return answer(await house.services.waits.by_day(actor))
