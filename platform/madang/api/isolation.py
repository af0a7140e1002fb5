"""Where ``helm test`` tells that it begins, and that people were found to be kept apart.

For the bearer of the service's own token alone: no person, not even an administrator, says so.
"""

import hmac
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from madang.api.house import House, house_of
from madang.errors import RefusedError
from madang.settings.config import SERVICE_PREFIX

Rules = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]

router = APIRouter(prefix=SERVICE_PREFIX, tags=["isolation"], include_in_schema=False)


@router.put("/isolation/{rules}", operation_id="isolation_prove", status_code=204)
async def isolation_prove(request: Request, rules: Rules) -> Response:
    """Keep that the tests of these rules have passed."""
    house = await _allowed(request)
    await house.services.isolation.prove(rules)
    return Response(status_code=204)


@router.delete("/isolation", operation_id="isolation_doubt", status_code=204)
async def isolation_doubt(request: Request) -> Response:
    """Take the proof back, since the tests begin anew."""
    house = await _allowed(request)
    await house.services.isolation.doubt()
    return Response(status_code=204)


async def _allowed(request: Request) -> House:
    house = house_of(request)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    token = house.settings.api_token
    is_ours = token and hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() not in ("token", "bearer") or not is_ours:
        await house.identity.actor(request)
        raise RefusedError("service_token_only")
    return house
