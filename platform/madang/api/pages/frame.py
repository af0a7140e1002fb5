"""What every page shares: who looks, which words, the frame around the content, its headers.

A screen is a function that takes a :class:`Visit` and returns a :class:`Screen`; it knows nothing
of HTTP. The frame asks identity who is there, renders, and turns our errors into a page that names
the next step. It never catches the redirect with which identity sends somebody to the login.

Pages call these methods of ``services``: ``leases.list/get``, ``pool.pool/queue``,
``runs.list/get/log``, ``projects.me`` and ``usage.usage``.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from madang.api.pages import wording
from madang.api.pages.assets import Assets
from madang.api.pages.links import Links
from madang.errors import MadangError, UnauthenticatedError
from madang.i18n import catalogue, problem, text
from madang.services.requests import Actor
from madang.settings.config import ServiceSettings
from madang.units import now_ms

FRAGMENT = "X-Madang-Fragment"
"""Header by which the script asks for the content without the frame around it."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "Vary": f"{FRAGMENT}, Cookie, Accept-Language",
    "X-Content-Type-Options": "nosniff",
}


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

    @property
    def person(self) -> str:
        """Hub name of who is looking."""
        return self.actor.person.hub_name

    def words(self, key: str, **values: Any) -> str:
        """Return a text of the pages in the language of the visit."""
        return text(f"pages.{key}", self.lang, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a page shows.

    Attributes
    ----------
    section
        Entry of the navigation that is marked as present.
    title
        Also read aloud, and shown on the tab.
    announce
        One sentence on the state of things; a screen reader says it when it changes.
    is_live
        Whether the script keeps the page fresh; off for a form, which must not lose input.
    location
        Set to send the browser on instead of showing anything.
    """

    template: str = ""
    section: str = ""
    title: str = ""
    announce: str = ""
    is_live: bool = True
    status: int = 200
    location: str = ""
    values: dict[str, Any] = field(default_factory=dict)


ShowScreen = Callable[[Visit], Awaitable[Screen]]


def _script_words(lang: str) -> str:
    """Return the words that the script needs, as JSON."""
    start = "pages.js."
    shown = {key[len(start) :]: text(key, lang) for key in catalogue() if key.startswith(start)}
    for unit in ("s", "min", "h", "d"):
        shown[f"unit_{unit}"] = text(f"pages.unit.{unit}", lang)
    for form in ("in", "in_past", "left", "left_past", "ago"):
        shown[f"time_{form}"] = text(f"pages.time.{form}", lang, span="{span}")
    return json.dumps(shown, ensure_ascii=False)


class Frame:
    """Renders screens into the frame that all pages share."""

    def __init__(
        self, services: Any, settings: ServiceSettings, identity: Identity, assets: Assets
    ) -> None:
        self._services = services
        self._identity = identity
        self._assets = assets
        self._links = Links.of(settings.public_url)
        self._templates = Environment(
            loader=PackageLoader("madang.api.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            credits=wording.credits, hours=wording.hours, moment=wording.moment
        )

    def endpoint(self, screen: ShowScreen) -> Callable[[Request], Awaitable[Response]]:
        """Return the route function of a screen."""

        async def answer(request: Request) -> Response:
            visit = await self._visit(request)
            try:
                shown = await screen(visit)
            except UnauthenticatedError:
                raise
            except MadangError as error:
                shown = _problem_screen(visit, error)
            if shown.location:
                return Response(status_code=303, headers={**_HEADERS, "Location": shown.location})
            return await self._render(request, visit, shown)

        return answer

    async def _visit(self, request: Request) -> Visit:
        actor = await self._identity.page_actor(request)
        lang = self._identity.lang(request)
        return Visit(
            services=self._services,
            actor=replace(actor, lang=lang),
            lang=lang,
            links=self._links,
            now_ms=now_ms(),
            path={key: str(value) for key, value in request.path_params.items()},
            query={key: value[:200] for key, value in request.query_params.items()},
        )

    async def _render(self, request: Request, visit: Visit, screen: Screen) -> Response:
        is_fragment = request.headers.get(FRAGMENT) == "1"
        shared = {
            "layout": "fragment.html" if is_fragment else "base.html",
            "screen": screen,
            "lang": visit.lang,
            "t": visit.words,
            "links": visit.links,
            "static": lambda name: visit.links.prefix + self._assets.path(name),
            "person": visit.person,
            "now_ms": visit.now_ms,
            "csrf": "" if is_fragment else await self._identity.csrf(request),
            "script_words": "" if is_fragment else _script_words(visit.lang),
            "span": partial(wording.duration, lang=visit.lang),
            "relative": lambda at_ms, form: wording.relative(at_ms, visit.now_ms, form, visit.lang),
        }
        body = self._templates.get_template(screen.template).render({**shared, **screen.values})
        headers = {**_HEADERS, "Content-Language": visit.lang}
        if is_fragment:
            headers[FRAGMENT] = "1"
        return Response(body, screen.status, headers, media_type="text/html; charset=utf-8")


def _problem_screen(visit: Visit, error: MadangError) -> Screen:
    shown = problem(error, visit.lang)
    return Screen(
        template="problem.html",
        title=visit.words("problem.title"),
        status=error.status,
        is_live=error.status == 503,
        values={"problem": shown},
    )
