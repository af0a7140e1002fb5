"""Looking after the house: a pause of new starts, and devices taken out of the pool."""

from starlette.responses import Response

from madang.api.bodies import DeviceBody, DrainBody, MaintenanceBody
from madang.api.routes.common import Someone, TheHouse, answer, noun_router
from madang.api.shapes.administration import Device, Retention
from madang.api.shapes.pool import Maintenance

router = noun_router("upkeep")


@router.get("/maintenance", operation_id="maintenance_get", response_model=Maintenance | None)
async def maintenance_get(house: TheHouse, actor: Someone) -> Response:
    """Show whether new starts are paused, why, and until when; null when they are not."""
    return answer(house.services.upkeep.notice(actor.lang))


@router.post("/maintenance", operation_id="maintenance_begin", response_model=Maintenance)
async def maintenance_begin(house: TheHouse, actor: Someone, body: MaintenanceBody) -> Response:
    """Let nothing new start; what waits keeps its place, what runs goes on."""
    upkeep = house.services.upkeep
    return answer(await upkeep.begin_maintenance(actor, reason=body.reason, until_ms=body.until_ms))


@router.delete("/maintenance", operation_id="maintenance_end", status_code=204)
async def maintenance_end(house: TheHouse, actor: Someone) -> Response:
    """Let everything start again."""
    await house.services.upkeep.end_maintenance(actor)
    return Response(status_code=204)


@router.get("/devices", operation_id="device_list", response_model=list[Device])
async def device_list(house: TheHouse, actor: Someone) -> Response:
    """List every device, who holds it, and whether it is out of the pool."""
    return answer(await house.services.upkeep.devices(actor))


@router.post("/devices/drain", operation_id="device_drain", response_model=Device)
async def device_drain(house: TheHouse, actor: Someone, body: DrainBody) -> Response:
    """Give a device to nobody any more; a lease that holds it keeps it."""
    return answer(await house.services.upkeep.drain(actor, body.device, reason=body.reason))


@router.post("/devices/return", operation_id="device_return", response_model=Device)
async def device_return(house: TheHouse, actor: Someone, body: DeviceBody) -> Response:
    """Give a device out again."""
    return answer(await house.services.upkeep.put_back(actor, body.device))


@router.get("/upkeep/artifacts", operation_id="artifacts_plan", response_model=Retention)
async def artifacts_plan(house: TheHouse, actor: Someone) -> Response:
    """Show which outputs are older than they are kept, and how many bytes that is."""
    return answer(await house.services.outputs.plan(actor))


@router.post("/upkeep/artifacts", operation_id="artifacts_expire", response_model=Retention)
async def artifacts_expire(house: TheHouse, actor: Someone) -> Response:
    """Delete outputs that are older than they are kept now, not within the hour."""
    return answer(await house.services.outputs.enforce(actor))
