"""The pages that people see: home, queue, runs, usage and the waiting page.

The service's application mounts :func:`build`; every page is rendered on the server from the same
views that the API sends, and one small script keeps it live. Pages only read: whatever changes
something is done by the browser through the API, so that rules and checks exist once.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from madang.api.pages import (
    admin,
    again,
    clusters,
    home,
    projects,
    queue,
    runs,
    schedules,
    sweep_compare,
    sweep_form,
    sweeps,
    usage,
    wait,
)
from madang.api.pages import settings as settings_page
from madang.api.pages.assets import Assets
from madang.api.pages.frame import Frame, Identity, ShowScreen
from madang.api.pages.output import OutputView
from madang.api.pages.public import Public
from madang.api.pages.render import Renderer, problem_screen
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.units import now_ms

__all__ = ["build", "error_page"]

_SCREENS: tuple[tuple[str, ShowScreen], ...] = (
    ("/", home.show),
    ("/queue", queue.show),
    ("/runs", runs.show_all),
    ("/runs/new", runs.show_form),
    ("/runs/{run_id}", runs.show_one),
    ("/sweeps", sweeps.show_all),
    ("/sweeps/new", sweep_form.show_form),
    ("/sweeps/compare", sweep_compare.show),
    ("/sweeps/{sweep_id}", sweeps.show_one),
    ("/runs/{run_id}/again", again.show_run),
    ("/sweeps/{sweep_id}/again", again.show_sweep),
    ("/sweeps/{sweep_id}/schedule", schedules.show_form),
    ("/schedules", schedules.show_all),
    ("/clusters", clusters.show_all),
    ("/clusters/{cluster_id}", clusters.show_one),
    ("/projects", projects.show_all),
    ("/projects/{project}", projects.show_one),
    ("/usage", usage.show),
    ("/admin", admin.show),
    ("/settings", settings_page.show),
    ("/wait", wait.find),
    ("/wait/{lease_id}", wait.show),
)


def build(services: object, settings: ServiceSettings, identity: Identity) -> APIRouter:
    """Return the router with every page and the static files.

    Parameters
    ----------
    services
        The use-cases; see :mod:`madang.api.pages.frame` for the methods that pages call.
    settings
        Settings of the service; the public address decides how links are written.
    identity
        Tells who is looking, in which language, and the token that guards their acts.
    """
    router = APIRouter(prefix=SERVICE_PREFIX, include_in_schema=False)
    assets = Assets()
    renderer = Renderer(settings.public_url, assets)
    frame = Frame(services, identity, renderer)
    for path, screen in _SCREENS:
        router.add_api_route(path, frame.endpoint(screen), methods=["GET"])
    view = OutputView(services, identity)
    router.add_api_route("/runs/{run_id}/view", view.show, methods=["GET"])
    public = Public(services, identity, renderer)
    router.add_api_route("/public", public.show, methods=["GET"])
    router.add_api_route("/static/{digest}/{name}", assets.send, methods=["GET"])
    return router


def error_page(request: Request, shape: Mapping[str, Any]) -> Response:
    """Return an error in the one shape as a page, for a browser that nobody is known behind.

    The application calls it for what goes wrong outside a page of ours: an address that does not
    exist, a login that is refused, a hub that does not answer. It asks nobody anything.
    """
    house = request.app.state.house
    lang = house.identity.lang(request)
    renderer = Renderer(house.settings.public_url, Assets())
    return renderer.render(problem_screen(shape, lang), lang=lang, now_ms=now_ms())
