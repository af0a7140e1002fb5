"""Two doors, one actor: a token in a header, or a browser session opened through the hub's login.

Routes and pages ask :class:`Identity` who is asking. What that person may do is decided by the
use-cases; here it is only settled who it is and how far the credential reaches.
"""

import hmac
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request

from madang.api.hub_client import HubClient, HubUser
from madang.api.sessions import BrowserSessions
from madang.domain.project import Person
from madang.errors import RefusedError, UnauthenticatedError
from madang.i18n import Language, choose_language
from madang.services.requests import Actor
from madang.settings.config import SERVICE_PREFIX, ServiceSettings

if TYPE_CHECKING:
    from madang.services import Services

PERSON_HEADER = "x-madang-person"
LANG_COOKIE = "madang-lang"
ATTEMPT_PREFIX = "mat_"
MAX_TOKEN_CHARS = 512
MAX_NAME_CHARS = 255


def lang_of(request: Request) -> Language:
    """Return the language of the answer: the cookie's choice, else the browser's."""
    return choose_language(
        request.cookies.get(LANG_COOKIE) or request.headers.get("accept-language")
    )


class Identity:
    """Finds out who asks.

    Parameters
    ----------
    services, settings
        As for :func:`madang.api.app.create_app`.
    hub
        Asked whose a hub token is.
    """

    def __init__(self, services: "Services", settings: ServiceSettings, hub: HubClient) -> None:
        self._services = services
        self._api_token = settings.api_token
        self.hub = hub
        self.sessions = BrowserSessions(services, settings, hub)

    async def actor(self, request: Request) -> Actor:
        """Return who asks, through either door.

        Raises
        ------
        UnauthenticatedError
            Nobody is logged in, or the token is not known.
        """
        header = request.headers.get("authorization")
        if header is not None:
            actor = await self._by_token(request, _token(header))
        else:
            actor = await self._by_session(request)
        request.state.actor = actor
        return actor

    def known_actor(self, request: Request) -> Actor | None:
        """Return who asks by a person's token, as :meth:`actor` would, if nobody must be asked.

        None says nothing: it may be anybody, or nobody.
        """
        header = request.headers.get("authorization")
        if header is None:
            return None
        try:
            user = self.hub.known_user(_token(header))
        except UnauthenticatedError:
            return None
        if user is None or not user.has_access:
            return None
        person = self._services.people.known(user.name, is_admin=user.is_admin)
        return None if person is None else _acting(user, person, lang_of(request))

    async def page_actor(self, request: Request) -> Actor:
        """Return who asks for a page; a browser that nobody is logged in with goes to the login.

        Pages are for people: what the token of a slot or run may read, it reads through the API.

        Use it as a dependency of pages: ``actor: Annotated[Actor, Depends(identity.page_actor)]``.
        """
        try:
            actor = await self.actor(request)
        except UnauthenticatedError as error:
            wants_page = "text/html" in request.headers.get("accept", "")
            if request.method not in ("GET", "HEAD") or not wants_page:
                raise
            query = f"?{request.url.query}" if request.url.query else ""
            target = quote(f"{request.url.path}{query}", safe="/")
            location = f"{SERVICE_PREFIX}/login?next={target}"
            raise HTTPException(303, headers={"Location": location}) from error
        if actor.token_lease or actor.token_run:
            raise RefusedError("token_too_narrow")
        return actor

    async def csrf(self, request: Request) -> str:
        """Return the token that scripts of this page send as ``X-Madang-CSRF``.

        Call it after :meth:`page_actor`; empty for a request that came with a token.
        """
        value: str = getattr(request.state, "csrf", "")
        return value

    def lang(self, request: Request) -> Language:
        """Return the language of the answer."""
        return lang_of(request)

    async def _by_session(self, request: Request) -> Actor:
        visit = await self.sessions.visit(request)
        if visit is None:
            raise UnauthenticatedError("not_logged_in")
        request.state.csrf = visit.csrf
        return await self._person(visit.user, lang_of(request))

    async def _by_token(self, request: Request, token: str) -> Actor:
        lang = lang_of(request)
        named = _named_person(request)
        if self._api_token and hmac.compare_digest(token.encode(), self._api_token.encode()):
            if not named:
                raise UnauthenticatedError("person_not_named")
            person = await self._services.people.resolve(named, is_admin=False)
            return Actor(person=person, is_admin=person.is_admin, is_service=True, lang=lang)
        if token.startswith(ATTEMPT_PREFIX):
            attempt: Actor = await self._services.people.attempt_actor(token, lang)
            return attempt
        user = await self.hub.user_for_token(token)
        if user is None:
            raise UnauthenticatedError("token_unknown")
        if not user.has_access:
            raise RefusedError("service_access_missing", person=user.name)
        if named and named != user.name:
            raise RefusedError("person_mismatch", given=named[:60], person=user.name)
        return await self._person(user, lang)

    async def _person(self, user: HubUser, lang: Language) -> Actor:
        person = await self._services.people.resolve(user.name, is_admin=user.is_admin)
        return _acting(user, person, lang)


def _acting(user: HubUser, person: Person, lang: Language) -> Actor:
    if user.is_of_server:
        # A notebook runs what others wrote: it acts for its person, never as administrator.
        return Actor(person=replace(person, is_admin=False), lang=lang)
    return Actor(person=person, is_admin=person.is_admin or user.is_admin, lang=lang)


def _token(header: str) -> str:
    scheme, _, token = header.partition(" ")
    token = token.strip()
    is_readable = token.isascii() and token.isprintable() and 0 < len(token) <= MAX_TOKEN_CHARS
    if scheme.lower() not in ("token", "bearer") or not is_readable:
        raise UnauthenticatedError("token_unreadable", given=scheme[:20])
    return token


def _named_person(request: Request) -> str:
    """Return the name in the header; header bytes are read as UTF-8, as the hub writes names."""
    raw = request.headers.get(PERSON_HEADER, "")
    try:
        name = raw.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        name = raw
    if len(name) > MAX_NAME_CHARS or not (name == "" or name.isprintable()):
        raise UnauthenticatedError("person_not_named")
    return name
