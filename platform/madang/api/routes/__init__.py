"""All routes of the API, a module for each noun."""

from fastapi import APIRouter

from madang.api.routes import (
    administration,
    clusters,
    environments,
    leases,
    live,
    notices,
    people,
    pool,
    projects,
    runs,
    slots,
    upkeep,
    usage,
)
from madang.settings.config import SERVICE_PREFIX

API_PREFIX = f"{SERVICE_PREFIX}/api/v1"


def api_router() -> APIRouter:
    """Return everything below ``api/v1``."""
    router = APIRouter(prefix=API_PREFIX)
    for noun in (
        pool,
        leases,
        clusters,
        runs,
        environments,
        slots,
        projects,
        people,
        administration,
        usage,
        notices,
        upkeep,
        live,
    ):
        router.include_router(noun.router)
    return router
