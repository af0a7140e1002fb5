"""Leases: ask, look, wait, claim, hold back, change, extend, end; and the agent's reports."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from madang.api.bodies import ActivityBody, ChangeBody, ExtendBody, HoldBody, LeaseBody
from madang.api.kept import keep
from madang.api.routes.common import (
    Anybody,
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
from madang.api.shapes.leases import ChangedLease, Lease, Preview
from madang.domain.lease import LeaseKind, LeaseState

router = noun_router("leases")


@router.post("/leases", operation_id="lease_create", response_model=Lease, status_code=201)
async def lease_create(
    house: TheHouse, actor: Someone, body: LeaseBody, key: Key = None
) -> Response:
    """Ask for a notebook lease."""
    return answer(await house.services.leases.request(actor, body.request(), key=key), 201)


@router.get("/leases", operation_id="lease_list", response_model=list[Lease])
@keep
async def lease_list(
    house: TheHouse,
    actor: Someone,
    state: LeaseState | None = None,
    kind: LeaseKind | None = None,
    mine: bool = False,
    project: ProjectQuery = None,
) -> Response:
    """List the leases that the asker may see."""
    leases = house.services.leases
    return answer(await leases.list(actor, state=state, kind=kind, mine=mine, project=project))


@router.get("/leases/{lease_id}", operation_id="lease_get", response_model=Lease)
@keep
async def lease_get(
    request: Request,
    house: TheHouse,
    actor: Anybody,
    lease_id: str,
    wait_s: WaitS = 0.0,
    seen: Seen = "",
) -> Response:
    """Show one lease; with ``wait_s`` when it has changed after ``seen``."""
    return await get_or_wait(request, house.services.leases, actor, lease_id, wait_s, seen)


@router.post("/leases/{lease_id}/claim", operation_id="lease_claim", response_model=Lease)
async def lease_claim(house: TheHouse, actor: Someone, lease_id: str) -> Response:
    """Take a notebook whose turn has come."""
    return answer(await house.services.leases.claim(actor, lease_id))


@router.post("/leases/{lease_id}/hold", operation_id="lease_hold", response_model=Lease)
async def lease_hold(house: TheHouse, actor: Someone, lease_id: str, body: HoldBody) -> Response:
    """Hold a waiting lease back, or let it go on; its place is kept."""
    return answer(await house.services.leases.hold(actor, lease_id, body.held_back))


@router.post(
    "/leases/{lease_id}/change", operation_id="lease_change", response_model=ChangedLease | Preview
)
async def lease_change(
    house: TheHouse, actor: Someone, lease_id: str, body: ChangeBody, key: Key = None
) -> Response:
    """Let a waiting notebook ask for something else, or with ``dry_run`` tell what it means."""
    changes = house.services.changes
    if body.dry_run:
        return answer(await changes.preview(actor, lease_id, body.request()))
    return answer(await changes.change(actor, lease_id, body.request(), key=key))


@router.post("/leases/{lease_id}/extend", operation_id="lease_extend", response_model=Lease)
async def lease_extend(
    house: TheHouse, actor: Someone, lease_id: str, body: ExtendBody, key: Key = None
) -> Response:
    """Give a running lease more time, up to what its project's tier allows in total."""
    return answer(await house.services.changes.extend(actor, lease_id, body.request(), key=key))


@router.post("/leases/{lease_id}/activity", operation_id="lease_report", status_code=204)
async def lease_report(
    house: TheHouse, actor: Someone, lease_id: str, body: ActivityBody
) -> Response:
    """Report whether the kernels of a notebook server are busy."""
    await house.services.leases.activity(actor, lease_id, body.model_dump())
    return Response(status_code=204)


@router.delete("/leases/{lease_id}", operation_id="lease_end", response_model=Lease)
async def lease_end(
    house: TheHouse,
    actor: Someone,
    lease_id: str,
    why: Why = "",
    failed: Annotated[
        bool, Query(description="Its server did not start; the hub's to say.")
    ] = False,
) -> Response:
    """Withdraw a waiting lease, or end a running one."""
    leases = house.services.leases
    return answer(await leases.end(actor, lease_id, why=why, is_failed=failed))
