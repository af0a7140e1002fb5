"""The copy of all notebook pods that spawners share, and how old it is.

KubeSpawner's reflector gives up after about a minute without an answer of the API server, and a
first list that fails leaves one that never watches; both look like a quiet cluster, and then every
server seems to live, or none. So this one notes when it last heard, and who reads it must not
believe a copy that is old.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

from kubespawner.spawner import PodReflector

STALE_S = 75.0
"""A watch that works lists anew every 30 to 40 seconds, and a slow list may take some more."""
_PATIENCE_S = 5.0
_RENEW_EVERY_S = 5.0

_renewals: dict[str, "asyncio.Task[None]"] = {}
_renewed_s: dict[str, float] = {}


class NotedPods(PodReflector):  # type: ignore[misc]
    """KubeSpawner's reflector of pods, with the time of the last complete list."""

    listed_s = -math.inf

    async def _list_and_update(self, resource_version: str | None = None) -> str:
        version: str = await super()._list_and_update(resource_version)
        self.listed_s = time.monotonic()
        return version

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
