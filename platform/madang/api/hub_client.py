"""What the service asks of the hub: whose token this is, and a token for a login code.

Answers are remembered for at most a minute, so a token that the hub has revoked (also by logging
out there) is refused within that time. Tokens are kept as hashes in the memory of answers and are
never written to a log or an address.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from madang.errors import RefusedError, UnauthenticatedError, UnavailableError
from madang.settings.config import SERVICE_NAME

CACHE_S = 60.0
CACHE_SIZE = 4096
TIMEOUT_S = 5.0
SERVER_SCOPE = "access:servers!server="
"""What the hub gives to the token of one server, and to no token of a person."""

ACCESS_SCOPES = frozenset({"access:services", f"access:services!service={SERVICE_NAME}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubUser:
    """Whose token it is, as the hub says.

    Attributes
    ----------
    session_id
        The hub's browser session that the token hangs on; empty for other tokens.
    has_access
        Whether the token carries the scope to use this service.
    is_of_server
        Whether it is the token that a notebook server was given: everything that runs in the
        notebook can read it.
    """

    name: str
    is_admin: bool = False
    session_id: str = ""
    has_access: bool = False
    is_of_server: bool = False


class HubClient:
    """Asks the hub over HTTP; safe to share between requests.

    Parameters
    ----------
    api_url
        Address of the hub's API without a slash at its end.
    client_secret
        The service's own token at the hub, the secret of its OAuth client.
    http
        Connection to use; one of its own when None.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        api_url: str,
        client_secret: str,
        *,
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._secret = client_secret
        # Proxies named in the environment must never see a token.
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, HubUser]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[HubUser | None]] = {}

    async def aclose(self) -> None:
        """Close the connections to the hub."""
        await self._http.aclose()

    async def user_for_token(self, token: str, max_age_s: float = CACHE_S) -> HubUser | None:
        """Return whose token it is, or None when the hub does not know it.

        Parameters
        ----------
        max_age_s
            How old a remembered answer may be.

        Raises
        ------
        UnavailableError
            ``hub_unreachable`` when the hub does not answer.
        """
        known = self.known_user(token, max_age_s=max_age_s)
        if known is not None:
            return known
        key = _digest(token)
        task = self._asking.get(key)
        if task is None:
            # One question for all requests of a page that arrive together.
            task = asyncio.ensure_future(self._ask_user(key, token))
            self._asking[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)

    def known_user(self, token: str, *, max_age_s: float = CACHE_S) -> HubUser | None:
        """Return whose token it is if the hub has said so within the last minute, or less."""
        key = _digest(token)
        known = self._known.get(key)
        if known is None or self._clock() >= known[0] - CACHE_S + max_age_s:
            return None
        self._known.move_to_end(key)
        return known[1]

    async def token_for_code(self, code: str, redirect_uri: str, verifier: str) -> str:
        """Exchange the code of a finished login for the person's token.

        Raises
        ------
        UnauthenticatedError
            ``login_refused`` when the hub does not take the code.
        """
        form = {
            "client_id": f"service-{SERVICE_NAME}",
            "client_secret": self._secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._send("POST", "/oauth2/token", data=form)
        token = _json(answer).get("access_token") if answer.status_code == 200 else None
        if not isinstance(token, str) or not token:
            raise UnauthenticatedError("login_refused")
        return token

    async def ask_spawn(self, person: str, server: str, options: Mapping[str, Any]) -> None:
        """Ask for a person's server, as the use-cases do when its turn was taken.

        Raises
        ------
        UnavailableError
            ``hub_unreachable`` when the hub does not answer.
        RefusedError
            ``hub_refused`` when the hub does not start it; one that starts already is fine.
        """
        named = f"servers/{quote(server, safe='')}" if server else "server"
        path = f"/users/{quote(person, safe='')}/{named}"
        answer = await self._send(
            "POST", path, headers={"Authorization": f"token {self._secret}"}, json=dict(options)
        )
        # 400 is the hub's answer for a server that runs or is about to.
        if answer.status_code not in (200, 201, 202, 400):
            raise RefusedError("hub_refused", given=answer.status_code)

    def _answered(self, key: str, task: "asyncio.Task[HubUser | None]") -> None:
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()  # Read it, since the one who asked may have left.

    async def _ask_user(self, key: str, token: str) -> HubUser | None:
        asked_s = self._clock()
        answer = await self._send("GET", "/user", headers={"Authorization": f"token {token}"})
        user = _user(_json(answer)) if answer.status_code == 200 else None
        if user is None:
            await self._confirm_hub()
            self._known.pop(key, None)
            return None
        self._known[key] = (asked_s + CACHE_S, user)
        self._known.move_to_end(key)
        while len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return user

    async def _confirm_hub(self) -> None:
        """Make sure that it was our hub that does not know a token.

        While a hub is down, another program of this machine may sit on its port, another hub even;
        on its word alone everybody would be logged out for good.
        """
        answer = await self._send(
            "GET", "/user", headers={"Authorization": f"token {self._secret}"}
        )
        if answer.status_code != 200:
            raise UnavailableError("hub_unreachable", given="a hub that does not know this service")

    async def _send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, f"{self._api_url}{path}", **kwargs)
        except httpx.HTTPError as error:
            raise UnavailableError("hub_unreachable", given=type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise UnavailableError("hub_unreachable", given=str(answer.status_code))
        return answer


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _json(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        value = answer.json()
    except ValueError as error:
        raise UnavailableError("hub_unreachable", given="an answer that is no JSON") from error
    return value if isinstance(value, dict) else {}


def _user(model: Mapping[str, Any]) -> HubUser | None:
    name = model.get("name")
    if model.get("kind", "user") != "user" or not isinstance(name, str) or not name:
        return None
    scopes = [scope for scope in model.get("scopes") or () if isinstance(scope, str)]
    return HubUser(
        name=name,
        is_admin=model.get("admin") is True,
        session_id=model.get("session_id") or "",
        has_access=not ACCESS_SCOPES.isdisjoint(scopes),
        is_of_server=any(scope.startswith(SERVER_SCOPE) for scope in scopes),
    )
