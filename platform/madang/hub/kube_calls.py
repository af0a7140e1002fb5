"""The few calls to the Kubernetes API that a spawner makes itself, with two ways to fail.

An answer that did not come, or only says "not now", is :class:`UnsureError`: nothing is known and
the caller asks again. A no is :class:`DeniedError`, in the API server's words. What is not there is
None.
"""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

_NOT_NOW = frozenset({0, 408, 425, 429, 500, 502, 503, 504})
_LIMIT_CHARACTERS = 1500


class UnsureError(Exception):
    """The API server does not answer, or cannot now; nobody knows whether the act was done."""


class DeniedError(Exception):
    """The API server understood and said no.

    Attributes
    ----------
    status
        HTTP status.
    reason
        Kubernetes' own word, such as ``AlreadyExists``.
    """

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(answer.get("reason") or "")
        self.said = str(answer.get("message") or self.reason or status)[:_LIMIT_CHARACTERS]
        super().__init__(f"{status} {self.said}")


class KubeCalls:
    """Speaks to one namespace.

    Parameters
    ----------
    api
        A ``CoreV1Api`` of kubernetes_asyncio.
    timeout_s
        Limit of one call.
    """

    def __init__(self, api: Any, namespace: str, timeout_s: float) -> None:
        self._api = api
        self._namespace = namespace
        self._timeout_s = timeout_s

    async def read_pod(self, name: str) -> dict[str, Any] | None:
        """Return a pod as it is now, or None."""
        return await self._read(self._api.read_namespaced_pod, name)

    async def create_pod(self, pod: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the pod that was made; None when there is one of that name."""
        return await self._create(self._api.create_namespaced_pod, pod)

    async def delete_pod(self, name: str, uid: str, grace_s: int) -> None:
        """Ask for the end of this one pod; a gone one is fine, as is another of its name."""
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": grace_s,
            "preconditions": {"uid": uid},
        }
        try:
            await self._call(self._api.delete_namespaced_pod, name, self._namespace, body=body)
        except DeniedError as error:
            if error.status not in (404, 409):
                raise

    async def read_secret(self, name: str) -> dict[str, Any] | None:
        """Return a Secret, or None."""
        return await self._read(self._api.read_namespaced_secret, name)

    async def create_secret(self, secret: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the Secret that was made; None when there is one of that name."""
        return await self._create(self._api.create_namespaced_secret, secret)

    async def ensure_claim(self, claim: Mapping[str, Any]) -> None:
        """Make a volume claim unless there is one of that name."""
        name = str(claim["metadata"]["name"])
        try:
            await self._create(self._api.create_namespaced_persistent_volume_claim, claim)
        except DeniedError:
            # A full quota refuses before anybody looks whether there is one.
            if await self._read(self._api.read_namespaced_persistent_volume_claim, name) is None:
                raise

    async def _read(self, method: Any, name: str) -> dict[str, Any] | None:
        try:
            return await self._call(method, name, self._namespace)
        except DeniedError as error:
            if error.status == 404:
                return None
            raise

    async def _create(self, method: Any, body: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return await self._call(method, self._namespace, body)
        except DeniedError as error:
            if error.status == 409 and error.reason == "AlreadyExists":
                return None
            if error.status == 409:
                # Two wrote the count of a quota at once; nothing was made.
                raise UnsureError(str(error)) from error
            raise

    async def _call(self, method: Any, *given: Any, **more: Any) -> dict[str, Any]:
        try:
            answer = await method(
                *given, **more, _preload_content=False, _request_timeout=self._timeout_s
            )
            text = await answer.text()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UnsureError(repr(error)) from error
        try:
            data = json.loads(text)
        except ValueError as error:
            raise UnsureError(f"{answer.status}: no JSON") from error
        if answer.status in _NOT_NOW:
            raise UnsureError(f"{answer.status} {data.get('message', '')}"[:_LIMIT_CHARACTERS])
        if answer.status >= 400:
            raise DeniedError(answer.status, data)
        found: dict[str, Any] = data
        return found
