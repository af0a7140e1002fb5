"""The hub's HTTP client of the service: leases and profiles, on behalf of a person.

Spawners and the profile page call it. It tells two cases apart, because they are opposite for a
queue: the service refused (:class:`RefusedError`, the spawn ends with its words) and the service
does not answer (:class:`UnreachableError`, ask again).
"""

import asyncio
import json
from typing import Any, ClassVar
from urllib.parse import quote

import aiohttp

from madang.i18n import LANGUAGES, text

_API = "/api/v1"
_ASK_AGAIN = frozenset({408, 425, 429})

WATCH_S = 50
"""A question about a waiting lease is held so long, just within what the service allows: a thousand
people in the queue are then twenty questions a second."""

ANSWER_S = 10
KEPT_S = 4
"""A quiet connection is let go of a little before the service does so, after five seconds."""


class UnreachableError(Exception):
    """The service does not answer, or not sensibly, now."""


class RefusedError(Exception):
    """The service understood and said no.

    Attributes
    ----------
    messages, hints
        What failed and what to do next, by language.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code") or "refused")
        details = problem.get("details")
        fields = details if isinstance(details, dict) else {}
        self.messages = self._texts("message", fields, str(problem.get("message") or self.code))
        self.hints = self._texts("hint", fields, str(problem.get("hint") or ""))
        super().__init__(f"{self.code}: {self.messages['en']}")

    def _texts(self, part: str, fields: dict[str, Any], given: str) -> dict[str, str]:
        key = f"error.{self.code}.{part}"
        found = {lang: text(key, lang, **fields) for lang in LANGUAGES}
        return {lang: given if value == key else value for lang, value in found.items()}


class ServiceClient:
    """Speaks to one service with the hub's token.

    Parameters
    ----------
    service_url
        Address of the service with its prefix, no slash at the end.
    token
        The service's own token; the person is named in a header.
    """

    _shared: ClassVar[dict[tuple[int, str], "ServiceClient"]] = {}

    def __init__(self, service_url: str, token: str) -> None:
        self._token = token
        self._api = service_url + _API
        # Every waiting spawn holds a connection for its long poll, so there is no upper limit; and
        # httpx looks through all its connections at each request, half a core for a thousand.
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEPT_S, resolver=aiohttp.ThreadedResolver()
        )
        self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    @classmethod
    def shared(cls, service_url: str, token: str) -> "ServiceClient":
        """Return the one client of this event loop for a service."""
        key = (id(asyncio.get_running_loop()), service_url)
        if key not in cls._shared:
            cls._shared[key] = cls(service_url, token)
        return cls._shared[key]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def request_lease(self, person: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """Ask for a lease; the service returns the unfinished one of this person and server."""
        headers = {"Idempotency-Key": key}
        return dict(await self._call("POST", "/leases", person, json=body, headers=headers))

    async def watch_lease(
        self, person: str, lease_id: str, seen: str, wait_s: int = WATCH_S
    ) -> dict[str, Any]:
        """Return the lease as soon as it differs from the version seen, or after ``wait_s``."""
        query = {"wait_s": str(wait_s), "seen": seen}
        path = f"/leases/{quote(lease_id, safe='')}"
        return dict(await self._call("GET", path, person, params=query, answer_s=wait_s + ANSWER_S))

    async def open_lease_of(self, person: str, server: str) -> dict[str, Any] | None:
        """Return the unfinished notebook lease of a person's server, if there is one."""
        query = {"kind": "notebook", "mine": "1"}
        found = await self._call("GET", "/leases", person, params=query)
        for lease in found.get("leases") or [] if isinstance(found, dict) else found:
            if lease.get("name") == server and lease.get("state") != "ended":
                return dict(lease)
        return None

    async def withdraw_lease(self, person: str, lease_id: str, is_failed: bool = False) -> None:
        """End a lease, of which the server could not be started; one that has ended is fine."""
        path = f"/leases/{quote(lease_id, safe='')}"
        query = {"failed": "true"} if is_failed else {}
        try:
            await self._call("DELETE", path, person, params=query)
        except RefusedError as error:
            if error.status not in (404, 409, 410):
                raise

    async def profiles(self, person: str, lang: str = "en") -> dict[str, Any]:
        """Return what the person may pick, see the profiles view; texts in one language."""
        headers = {"Accept-Language": lang}
        found = await self._call("GET", "/profiles", person, headers=headers)
        return dict(found)

    async def _call(
        self, method: str, path: str, person: str, *, answer_s: float = ANSWER_S, **options: Any
    ) -> Any:
        headers = {
            "Authorization": f"token {self._token}",
            "X-Madang-Person": person,
            **options.pop("headers", {}),
        }
        try:
            status, data = await self._ask(
                method,
                self._api + path,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=answer_s),
                # The token is for this one address.
                allow_redirects=False,
                **options,
            )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise UnreachableError(f"{method} {path}: {error!r}") from error
        if status >= 500 or status in _ASK_AGAIN:
            raise UnreachableError(f"{method} {path}: status {status}")
        if status >= 400:
            raise RefusedError(status, data if isinstance(data, dict) else {})
        return data

    async def _ask(self, method: str, url: str, **options: Any) -> tuple[int, Any]:
        async with self._http.request(method, url, **options) as answer:
            if answer.status == 204:
                return 204, {}
            return answer.status, json.loads(await answer.read())
