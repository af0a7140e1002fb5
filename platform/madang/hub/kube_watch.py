"""The copy of all notebook pods that spawners share, and how old it is.

KubeSpawner's reflector gives up after about a minute without an answer of the API server, and a
first list that fails leaves one that never watches; both look like a quiet cluster, and then every
server seems to live, or none. So this one notes when it last heard, and who reads it must not
believe a copy that is old.
"""

import asyncio
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from kubernetes_asyncio.client import ApiException
from kubespawner.spawner import PodReflector
from traitlets import default

STALE_S = 75.0
"""A watch that works lists anew every 30 to 60 seconds, and a slow list may take some more."""
_PATIENCE_S = 5.0
_RENEW_EVERY_S = 5.0
_PAGE_PODS = 50
_SAID_BYTES = 300

_renewals: dict[str, "asyncio.Task[None]"] = {}
_renewed_s: dict[str, float] = {}


class NotedPods(PodReflector):  # type: ignore[misc]
    """KubeSpawner's reflector of pods, with the time of the last complete list.

    It lists anew every 30 seconds instead of every ten in which nothing happened, and in pages:
    the hub answers nobody while it reads an answer, half a second for five hundred pods at once.
    """

    listed_s = -math.inf

    @default("timeout_seconds")  # type: ignore[untyped-decorator]
    def _quiet_s(self) -> int:
        return 30

    async def _list_and_update(self, _version: str | None = None) -> str:
        """Read all pods; a version is not asked for, since a list from memory has no pages."""
        pods, page = {}, await self._page()
        while True:
            for pod in page["items"]:
                meta = pod["metadata"]
                pods[f"{meta['namespace']}/{meta['name']}"] = pod
            rest = page["metadata"].get("continue")
            if not rest:
                break
            page = await self._page(_continue=rest)
        self.resources = pods
        if not self.first_load_future.done():
            self.first_load_future.set_result(None)
        self.listed_s = time.monotonic()
        return str(page["metadata"]["resourceVersion"])

    async def _page(self, **where: str) -> dict[str, Any]:
        answer = await self.api.list_namespaced_pod(
            namespace=self.namespace,
            label_selector=self.label_selector,
            field_selector=self.field_selector,
            limit=_PAGE_PODS,
            _request_timeout=self.request_timeout,
            _preload_content=False,
            **where,
        )
        if not answer.ok:
            said = (await answer.read())[:_SAID_BYTES]
            raise ApiException(status=answer.status, reason=f"{answer.reason}: {said!r}")
        return dict(json.loads(await answer.read()))

    def known(self) -> Mapping[str, dict[str, Any]] | None:
        """Return the pods by namespace and name; None when the copy is too old to be believed."""
        if time.monotonic() - self.listed_s > STALE_S:
            return None
        found: Mapping[str, dict[str, Any]] = self.pods
        return found


async def known_pods(spawner: Any) -> Mapping[str, dict[str, Any]] | None:
    """Return the copy that all spawners of a namespace share, or None while none can be believed.

    A watch that fell silent is begun anew, by one for all.
    """
    known = _believed(spawner)
    if known is not None:
        return known
    place = str(spawner.namespace)
    renewal = _renewals.get(place)
    if renewal is None or renewal.done():
        now_s = time.monotonic()
        if now_s < _renewed_s.get(place, -math.inf) + _RENEW_EVERY_S:
            return None
        _renewed_s[place] = now_s
        renewal = asyncio.create_task(_renew(spawner))
        _renewals[place] = renewal
    await asyncio.wait({renewal}, timeout=_PATIENCE_S)
    return _believed(spawner)


def _believed(spawner: Any) -> Mapping[str, dict[str, Any]] | None:
    reflector = spawner.pod_reflector
    return reflector.known() if isinstance(reflector, NotedPods) else None


async def _renew(spawner: Any) -> None:
    # Apart, since replacing a watch that lives ends as if this here had been cancelled.
    start = asyncio.ensure_future(spawner._start_watching_pods(replace=True))
    await asyncio.wait({start})
    error = None if start.cancelled() else start.exception()
    if error is not None:
        # Whatever KubeSpawner's client ran into; the next look tries again. The reflector keeps it
        # too, and asyncio complains about what nobody looked at.
        first = spawner.pod_reflector.first_load_future
        _ = first.done() and first.exception()
        spawner.log.warning("Cannot watch the pods of %s: %r", spawner.namespace, error)
