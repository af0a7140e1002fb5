"""Tells at once when a pod that was seen alive has ended, so that its devices do not wait.

Used by the launcher, on the event loop. A hint only: what has ended is read anew, and an end that
is missed here is found by the service's ordinary look.
"""

import asyncio
from collections.abc import Callable

from madang.domain.pod_labels import selector
from madang.engines.kubernetes.attempt_objects import Key, key_of
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.pod_life import pod_life


class EndWatch:
    """Follows the pods of a namespace while somebody wants to be told.

    Parameters
    ----------
    path
        Of all pods.
    """

    def __init__(self, api: Api, path: str) -> None:
        self._api = api
        self._path = path
        self._followed: set[Key] = set()
        self._keys: dict[str, Key] = {}
        self._wake: Callable[[], None] | None = None
        self._mirror: Mirror | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    def tell(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` from now on, None to follow nobody any more."""
        self._wake = wake
        if wake is not None and self._mirror is None:
            self._mirror = Mirror(self._api, self._path, self._heard, labelSelector=selector())
            self._mirror.start()
        elif wake is None and self._mirror is not None:
            self._followed.clear()
            self._keys.clear()
            task = asyncio.create_task(self._mirror.stop())
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
            self._mirror = None

    def follow(self, key: Key) -> None:
        """Follow an attempt that was just seen alive."""
        if self._wake is not None:
            self._followed.add(key)

    def _heard(self, name: str, pod: Object | None) -> None:
        key = self._keys.pop(name, None) if pod is None else key_of(pod)
        if key is None:
            return
        if pod is not None and pod_life(pod).lives:
            self._keys[name] = key
        elif key in self._followed:
            self._followed.discard(key)
            if self._wake is not None:
                self._wake()
