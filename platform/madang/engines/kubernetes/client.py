"""Speaks JSON with the API server; all requests and watches of the engine go through here.

The library brings what is delicate (kubeconfig, in-cluster tokens that change, TLS); objects stay
the dictionaries that the server sends, since most of ours are of kinds that no
client has types for.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from madang.engines.kubernetes.objects import OWNER, GoneError, Object
from madang.errors import ConflictError, MadangError, NotFoundError, RefusedError, UnavailableError

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
REQUEST_S = 30.0
WATCH_S = 280
"""The server ends a watch after this, and a new one starts."""

SILENT_S = 320.0
"""A watch that outlived its end without a word is dead; a cut connection says nothing."""

MAX_SAID = 400


class Api:
    """A client of one API server: :meth:`open` it before use, and close it.

    Parameters
    ----------
    kubeconfig
        Names the cluster; None for the one that this pod runs in.
    context
        Of that file; None for its current one.
    check
        Called right before everything that changes something; raises where that must not be, as in
        a service that does not lead any more.
    """

    def __init__(
        self,
        kubeconfig: Path | None = None,
        context: str | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._kubeconfig, self._context, self._check = kubeconfig, context, check
        self._configuration = Configuration()
        self._configuration.connection_pool_maxsize = 128
        self._client: ApiClient | None = None

    async def open(self) -> None:
        """Read how to reach the cluster; nothing is asked yet.

        Raises
        ------
        UnavailableError
            ``kubernetes_unknown``: the file cannot be used, or this is no pod.
        """
        inside: Any = config.load_incluster_config
        outside: Any = config.load_kube_config
        given = self._configuration
        try:
            if self._kubeconfig is None:
                inside(client_configuration=given)
            else:
                await outside(str(self._kubeconfig), self._context, client_configuration=given)
        except (config.ConfigException, OSError) as error:
            raise UnavailableError("kubernetes_unknown", given=str(error)[:MAX_SAID]) from error
        self._client = ApiClient(given)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call]
            self._client = None

    async def get(self, path: str, **query: str | int) -> Object:
        """Read an object, or a list of them."""
        return await self._ask("GET", path, None, "", query)

    async def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object in the collection of a path."""
        return await self._ask("POST", path, body, "application/json", {"fieldManager": OWNER})

    async def patch(self, path: str, body: Any, kind: str = MERGE, **query: str | int) -> Object:
        """Change an object; a body with a ``resourceVersion`` changes that version or nothing."""
        return await self._ask("PATCH", path, body, kind, {"fieldManager": OWNER, **query})

    async def apply(self, path: str, body: Mapping[str, Any], *, is_trial: bool = False) -> Object:
        """Make an object so, or create it so, leaving alone what others own in it.

        Raises
        ------
        ConflictError
            Somebody else owns a field that we say.
        """
        more = {"dryRun": "All"} if is_trial else {}
        return await self.patch(path, body, APPLY, **more)

    async def delete(self, path: str, *, uid: str = "", grace_s: int | None = None) -> bool:
        """Delete an object; return whether there was one. With ``uid``, that very one only."""
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        body["propagationPolicy"] = "Background"
        try:
            await self._ask("DELETE", path, body, "application/json", {})
        except NotFoundError:
            return False
        return True

    async def text(self, path: str, **query: str | int) -> str:
        """Read what is no JSON, such as a log."""
        return (await self._send("GET", path, None, "", query)).decode("utf-8", "replace")

    async def watch(self, path: str, version: str, **query: str | int) -> AsyncIterator[Object]:
        """Yield events ``{"type", "object"}`` after a version until the server ends the watch.

        Raises
        ------
        GoneError
            The version is too old.
        UnavailableError
            The connection was lost, or has been silent for too long.
        """
        given = {
            "watch": 1,
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": WATCH_S,
            **query,
        }
        try:
            answer = await self._request("GET", path, None, "", given, limit_s=None)
            response = answer.response
            try:
                if response.status >= 300:
                    raise _problem(response.status, await response.read(), "GET", path)
                while line := await _line(response):
                    yield _event(json.loads(line), path)
            finally:
                response.close()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise _away(error) from error

    async def _ask(
        self, method: str, path: str, body: Any, kind: str, query: Mapping[str, Any]
    ) -> Object:
        found: Object = json.loads(await self._send(method, path, body, kind, query))
        return found

    async def _send(
        self, method: str, path: str, body: Any, kind: str, query: Mapping[str, Any]
    ) -> bytes:
        try:
            answer = await self._request(method, path, body, kind, query, limit_s=REQUEST_S)
            data: bytes = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _away(error) from error
        if answer.status >= 300:
            raise _problem(answer.status, data, method, path)
        return data

    async def _request(
        self,
        method: str,
        path: str,
        body: Any,
        kind: str,
        query: Mapping[str, Any],
        limit_s: float | None,
    ) -> Any:
        headers = {"Accept": "application/json", "User-Agent": OWNER}
        if kind:
            headers["Content-Type"] = kind
        settings = await self._configuration.auth_settings()
        if token := settings.get("BearerToken"):
            headers[str(token["key"])] = str(token["value"])
        url = f"{self._configuration.host}{path}{'?' if query else ''}{urlencode(query)}"
        timeout = aiohttp.ClientTimeout(total=limit_s, connect=REQUEST_S)
        if self._client is None:
            raise UnavailableError("kubernetes_away", given="not connected")
        ask: Any = self._client.rest_client.request
        if method != "GET":
            self._check()
        return await ask(method, url, headers=headers, body=body, _request_timeout=timeout)


async def connect(kubeconfig: Path | None = None, context: str | None = None) -> Api:
    """Return a client that is open; see :class:`Api`."""
    api = Api(kubeconfig, context)
    await api.open()
    return api


async def _line(response: Any) -> bytes:
    # Not wait_for: in Python 3.11 it loses a cancellation that meets an answer.
    async with asyncio.timeout(SILENT_S):
        line: bytes = await response.content.readline()
    return line


def _event(event: Object, path: str) -> Object:
    if event["type"] == "ERROR":
        raise _problem(int(event["object"].get("code", 500)), b"", "WATCH", path)
    return event


def _away(error: Exception) -> UnavailableError:
    return UnavailableError("kubernetes_away", given=f"{type(error).__name__}: {error}"[:MAX_SAID])


def _problem(status: int, data: bytes, method: str, path: str) -> MadangError | GoneError:
    """Return the error of an answer; what the server said is cut, it may repeat what was sent."""
    try:
        said = str(json.loads(data).get("message", ""))[:MAX_SAID]
    except (ValueError, AttributeError):
        said = data.decode("utf-8", "replace")[:MAX_SAID]
    details = {"method": method, "path": path, "status": status, "said": said}
    match status:
        case 404:
            return NotFoundError("kubernetes_no_such", **details)
        case 409:
            return ConflictError("kubernetes_conflict", **details)
        case 410:
            return GoneError(said)
        case 401 | 403:
            return RefusedError("kubernetes_forbidden", **details)
        case status if status == 429 or status >= 500:
            return UnavailableError("kubernetes_busy", **details)
        case _:
            return RefusedError("kubernetes_refused", **details)
