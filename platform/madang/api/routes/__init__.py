"""All routes of the API, a module for each noun."""

from itertools import chain

from starlette.routing import BaseRoute

from madang.api.routes import (
    administration,
    clusters,
    environments,
    leases,
    live,
    notebooks,
    notices,
    people,
    pool,
    projects,
    runs,
    schedules,
    secrets,
    slots,
    sweeps,
    upkeep,
    usage,
)

_NOUNS = (
    pool,
    leases,
    clusters,
    runs,
    schedules,
    sweeps,
    notebooks,
    environments,
    slots,
    projects,
    secrets,
    people,
    administration,
    usage,
    notices,
    upkeep,
    live,
)


def api_routes() -> list[BaseRoute]:
    """Return everything below ``api/v1``, what is read most first."""
    return list(chain.from_iterable(noun.router.routes for noun in _NOUNS))
