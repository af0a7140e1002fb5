"""All routes of the API, a module for each noun."""

from fastapi import APIRouter

from madang.api.routes import clusters, leases, live, pool, runs, slots, upkeep, usage
from madang.settings.config import SERVICE_PREFIX

API_PREFIX = f"{SERVICE_PREFIX}/api/v1"


def api_router() -> APIRouter:
    """Return everything below ``api/v1``."""
    router = APIRouter(prefix=API_PREFIX)
    for noun in (pool, leases, clusters, runs, slots, usage, upkeep, live):
        router.include_router(noun.router)
    return router
