"""Builds the application: identity, routes, pages, errors, headers, and the life around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from madang import __version__
from madang.api import isolation, login, metrics, pages, problems
from madang.api.dashboards import Listener, opening
from madang.api.headers import Guard
from madang.api.house import House
from madang.api.hub_client import HubClient
from madang.api.identity import Identity
from madang.api.kept import KeptReads
from madang.api.route_index import RouteIndex
from madang.api.routes import api_routes
from madang.api.routes.live import health_router
from madang.settings.config import SERVICE_PREFIX, ServiceSettings

if TYPE_CHECKING:
    from madang.services import Services

OPENAPI_URL = f"{SERVICE_PREFIX}/api/openapi.json"


def create_app(
    services: "Services", settings: ServiceSettings, hub: HubClient | None = None
) -> FastAPI:
    """Return the application, mounted at the service's prefix.

    Parameters
    ----------
    services
        The use-cases. Started when the application starts, stopped when it stops.
    settings
        Addresses and the service's own token.
    hub
        Whom to ask about tokens; made from the settings when None.
    """
    hub = hub or HubClient(settings.hub_api_url, settings.api_token)
    services.attach_hub(hub)
    identity = Identity(services, settings, hub)
    dashboards = Listener(services, hub, settings)
    house = House(services=services, settings=settings, identity=identity, dashboards=dashboards)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.start()
        await dashboards.start()
        try:
            yield
        finally:
            house.closing.set()
            await dashboards.stop()
            await services.stop()
            await hub.aclose()

    # The interactive documentation loads scripts from elsewhere, which our headers forbid.
    app = FastAPI(
        title="Madang",
        version=__version__,
        openapi_url=OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.house = house
    app.add_middleware(metrics.Counting, counts=house.requests)
    app.add_middleware(Guard)
    # The outermost, so that what it keeps carries all headers.
    app.add_middleware(KeptReads, identity=identity, mark=services.core.mark, counts=house.requests)
    problems.install(app)
    # Registered one by one: a router inside another is searched several times for each request.
    for routes in (
        api_routes(),
        health_router.routes,
        metrics.router.routes,
        isolation.router.routes,
        login.router.routes,
        opening.router.routes,
        pages.build(services, settings, identity).routes,
    ):
        app.router.routes.extend(routes)
    app.router.routes.insert(0, RouteIndex(app.router.routes))
    return app
