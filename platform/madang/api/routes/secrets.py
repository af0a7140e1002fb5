"""Secrets of a project: their names, a value in, a name away; never a value out."""

from starlette.responses import Response

from madang.api.bodies import SecretBody
from madang.api.routes.common import Someone, TheHouse, answer, noun_router
from madang.api.routes.projects import Reason
from madang.api.shapes.projects import SecretRow

router = noun_router("secrets")


@router.get(
    "/projects/{project}/secrets", operation_id="secret_list", response_model=list[SecretRow]
)
async def secret_list(house: TheHouse, actor: Someone, project: str) -> Response:
    """List the names of a project's secrets."""
    return answer(await house.services.secrets.list(actor, project))


@router.put(
    "/projects/{project}/secrets/{secret}", operation_id="secret_set", response_model=SecretRow
)
async def secret_set(
    house: TheHouse, actor: Someone, project: str, secret: str, body: SecretBody
) -> Response:
    """Give a secret a value, in place of the one before; owners and managers only."""
    secrets = house.services.secrets
    return answer(await secrets.set(actor, project, secret, body.value, reason=body.reason))


@router.delete(
    "/projects/{project}/secrets/{secret}", operation_id="secret_remove", status_code=204
)
async def secret_remove(
    house: TheHouse, actor: Someone, project: str, secret: str, reason: Reason = ""
) -> Response:
    """Forget a secret; owners and managers only."""
    await house.services.secrets.remove(actor, project, secret, reason=reason)
    return Response(status_code=204)
