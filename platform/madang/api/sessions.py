"""Browser sessions: our cookie, what it hangs on at the hub, and what protects writes.

The cookie holds an opaque id; the hub's token stays on the server. A session lives as long as the
hub's session that it was opened in: without the hub's session cookie, or once the hub has revoked
the token, it is dropped.
"""

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from madang.api.hub_client import HubClient, HubUser
from madang.errors import RefusedError, UnauthenticatedError
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.units import now_ms

if TYPE_CHECKING:
    from madang.services import Services

SESSION_COOKIE = "madang-session"
HUB_SESSION_COOKIE = "jupyterhub-session-id"
CSRF_HEADER = "x-madang-csrf"
COOKIE_PATH = f"{SERVICE_PREFIX}/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_MS = 60_000


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose session is good."""

    user: HubUser
    csrf: str


class BrowserSessions:
    """Opens, checks and drops sessions."""

    def __init__(self, services: "Services", settings: ServiceSettings, hub: HubClient) -> None:
        self._services = services
        self._hub = hub
        self._is_secure = settings.public_url.startswith("https:")

    async def open(self, request: Request, response: Response, user: HubUser, token: str) -> None:
        """Open a session for a person who has just logged in, and set its cookie."""
        await self.drop(request)
        tied_to = request.cookies.get(HUB_SESSION_COOKIE, "")
        if user.session_id and tied_to and user.session_id != tied_to:
            # The token belongs to another login than the one this browser has.
            raise UnauthenticatedError("login_state")
        session_id, _ = await self._services.sessions.create(user.name, token, tied_to)
        self.set_cookie(response, SESSION_COOKIE, session_id)

    async def visit(self, request: Request) -> Visit | None:
        """Return the visit when the request's session is good; None when there is none.

        Raises
        ------
        RefusedError
            ``cross_site`` or ``csrf_missing`` when another site may have sent the request.
        """
        session_id = request.cookies.get(SESSION_COOKIE, "")
        session = await self._services.sessions.get(session_id) if session_id else None
        if session is None:
            return None
        user = await self._checked(request, session_id, session)
        if user is None:
            await self._services.sessions.drop(session_id)
            return None
        refuse_foreign(request, session.csrf)
        return Visit(user, session.csrf)

    async def drop(self, request: Request) -> None:
        """Forget the session of this request, if it has one."""
        session_id = request.cookies.get(SESSION_COOKIE, "")
        if session_id:
            await self._services.sessions.drop(session_id)

    def set_cookie(
        self, response: Response, name: str, value: str, max_age_s: int | None = None
    ) -> None:
        """Set a cookie that scripts and other paths never see."""
        response.set_cookie(
            name,
            value,
            max_age=max_age_s,
            path=COOKIE_PATH,
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    async def _checked(self, request: Request, session_id: str, session: Any) -> HubUser | None:
        tied_to: str = session.hub_session_id
        if tied_to and not _equal(tied_to, request.cookies.get(HUB_SESSION_COOKIE, "")):
            return None
        # The hub client remembers an answer for a minute at most; this is the re-check.
        user = await self._hub.user_for_token(session.hub_token)
        if user is None or not user.has_access or user.name != session.person_name:
            return None
        if now_ms() - session.checked_ms > TOUCH_MS:
            await self._services.sessions.touch(session_id, now_ms())
        return user


def refuse_foreign(request: Request, csrf: str) -> None:
    """Refuse a request by cookie that a page of another site may have caused."""
    is_safe = request.method in SAFE_METHODS
    site = request.headers.get("sec-fetch-site", "")
    mode = request.headers.get("sec-fetch-mode", "")
    is_api = request.url.path.startswith(f"{SERVICE_PREFIX}/api/")
    # Opening a page from a link in a mail is fine; reading data or acting from elsewhere is not.
    if site not in ("", "same-origin", "none") and (is_api or not is_safe):
        raise RefusedError("cross_site", given=site[:20])
    if mode == "no-cors" and is_api:
        raise RefusedError("cross_site", given=mode)
    origin = request.headers.get("origin", "")
    if origin and (is_api or not is_safe) and not is_ours(request, origin):
        raise RefusedError("cross_site", given=ascii(origin[:60])[1:-1])
    if not is_safe and not _equal(csrf, request.headers.get(CSRF_HEADER, "")):
        raise RefusedError("csrf_missing")


def is_ours(request: Request, origin: str) -> bool:
    """Tell whether a page of this installation sent the request, by what its browser says.

    People may reach the proxy under several names, and what stands before it may rename the host:
    ours is the host that was asked for, that a proxy says was asked for, or the public one.
    """
    public = urlsplit(request.app.state.house.settings.public_url).netloc
    asked = (request.headers.get("host", ""), request.headers.get("x-forwarded-host", ""))
    known = {host.strip().lower() for name in (*asked, public) for host in name.split(",")}
    # "null" and whatever is no address have no host.
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and host.lower() in known - {""}


def _equal(wanted: str, given: str) -> bool:
    return bool(wanted) and hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
