"""What every page shares: who looks, in which language, and what happens when it goes wrong.

A screen is a function that takes a :class:`Visit` and returns a :class:`Screen`; it knows nothing
of HTTP. The frame asks identity who is there, renders, and turns our errors into a page that names
the next step. It never catches the redirect with which identity sends somebody to the login.

Pages call these methods of ``services``: ``leases.list/get``, ``pool.pool/queue``,
``runs.list/get/log``, ``sweeps.list/get/rows/offered``, ``sweep_figures.points/compare``,
``schedules.list/times``, ``projects.me``, ``usage.usage`` and, for the notice above all of them,
``upkeep.notice``.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fastapi import Request, Response

from madang.api.pages.links import Links
from madang.api.pages.plots import PlotShelf
from madang.api.pages.render import FRAGMENT, Renderer, Screen, problem_screen
from madang.errors import MadangError, UnauthenticatedError
from madang.i18n import problem, text
from madang.services.requests import Actor
from madang.units import now_ms

_MAX_QUERY_CHARS = 255


class Identity(Protocol):
    """The part of the API's identity that pages need."""

    async def page_actor(self, request: Request) -> Actor:
        """Return who is looking; send to the login, by raising, when nobody is logged in."""

    async def csrf(self, request: Request) -> str:
        """Return the token that the browser repeats with each act."""

    def lang(self, request: Request) -> str:
        """Return ``ko`` or ``en``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One person looking at one page."""

    services: Any
    actor: Actor
    lang: str
    links: Links
    now_ms: int
    path: dict[str, str]
    query: dict[str, str]
    plots: PlotShelf

    @property
    def person(self) -> str:
        """Hub name of who is looking."""
        return self.actor.person.hub_name

    def words(self, key: str, **values: Any) -> str:
        """Return a text of the pages in the language of the visit."""
        return text(f"pages.{key}", self.lang, **values)


ShowScreen = Callable[[Visit], Awaitable[Screen]]


class Frame:
    """Answers requests for pages."""

    def __init__(self, services: Any, identity: Identity, renderer: Renderer) -> None:
        self._services = services
        self._identity = identity
        self._renderer = renderer
        self._plots = PlotShelf()

    def endpoint(self, screen: ShowScreen) -> Callable[[Request], Awaitable[Response]]:
        """Return the route function of a screen."""

        async def answer(request: Request) -> Response:
            visit = await self._visit(request)
            try:
                shown = await screen(visit)
            except UnauthenticatedError:
                raise
            except MadangError as error:
                shown = problem_screen(problem(error, visit.lang), visit.lang)
            return self._renderer.render(
                shown,
                lang=visit.lang,
                now_ms=visit.now_ms,
                person=visit.person,
                is_admin=visit.actor.is_admin,
                csrf=await self._identity.csrf(request),
                is_fragment=request.headers.get(FRAGMENT) == "1",
                notice=self._services.upkeep.notice(visit.lang),
            )

        return answer

    async def _visit(self, request: Request) -> Visit:
        actor = await self._identity.page_actor(request)
        lang = self._identity.lang(request)
        return Visit(
            services=self._services,
            actor=replace(actor, lang=lang),
            lang=lang,
            links=self._renderer.links,
            now_ms=now_ms(),
            path={key: str(value) for key, value in request.path_params.items()},
            query={key: _plain(value) for key, value in request.query_params.items()},
            plots=self._plots,
        )


def _plain(value: str) -> str:
    """Return what an address says, short and without anything that cannot be seen."""
    return "".join(filter(str.isprintable, value[:_MAX_QUERY_CHARS]))
