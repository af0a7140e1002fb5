"""Keeps a copy of the objects of one kind: one list after the start, a watch from then on.

What is in the copy may be late, and nothing may be deleted because of it alone (P7). A version is
never gone back to: an event that comes again, or a list that an API server answers from an old
state, is known by its version and left out.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.objects import GoneError, Object
from madang.errors import MadangError, UnavailableError

PAGE = 500
BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 5.0)

log = logging.getLogger(__name__)

Heard = Callable[[str, Object | None], None]
Keep = Callable[[Object], Object]


def _whole(item: Object) -> Object:
    return item


class Mirror:
    """The objects of a path, by name.

    Parameters
    ----------
    path
        Of a collection, such as ``/api/v1/nodes``.
    heard
        Called with the name and the object, or None when it is gone; must return at once.
    keep
        Returns what is kept of an object, and handed on: its metadata, and what else is read.
    query
        Selectors of labels and fields.
    """

    def __init__(
        self, api: Api, path: str, heard: Heard, *, keep: Keep = _whole, **query: str
    ) -> None:
        self._api, self._path, self._heard, self._query = api, path, heard, query
        self._keep = keep
        self.objects: dict[str, Object] = {}
        self.lists = 0
        self._version = 0
        self._untold: set[str] = set()
        self._synced = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_synced(self) -> bool:
        """Whether the objects were listed once."""
        return self._synced.is_set()

    def start(self) -> None:
        """Begin to listen."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"mirror {self._path}")

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def wait(self) -> None:
        """Wait until the objects were listed once."""
        await self._synced.wait()

    def note(self, item: Object) -> None:
        """Take in what the server answered to a write of ours, before the watch tells it."""
        name = item["metadata"]["name"]
        if _version(item) > max(self._version, _version(self.objects.get(name))):
            self.objects[name] = self._keep(item)
            # What others did to it before stands in there too, and nobody was told of that yet.
            self._untold.add(name)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                if not self.is_synced:
                    await self._list()
                async for event in self._api.watch(self._path, str(self._version), **self._query):
                    failures = 0
                    self._take(event)
            except GoneError:
                self._synced.clear()
            except MadangError as error:
                log.log(
                    logging.WARNING if failures == 0 else logging.DEBUG,
                    "%s cannot be followed now: %s",
                    self._path,
                    error,
                )
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1

    async def _list(self) -> None:
        found: dict[str, Object] = {}
        more: dict[str, Any] = {}
        while True:
            page = await self._api.get(self._path, limit=PAGE, **self._query, **more)
            for item in page["items"]:
                found[item["metadata"]["name"]] = self._keep(item)
            if not (token := page["metadata"].get("continue")):
                break
            more = {"continue": token}
        self.lists += 1
        version = int(page["metadata"]["resourceVersion"])
        if version < self._version:
            log.warning("%s: an old list (%s < %s) is not used", self._path, version, self._version)
            raise UnavailableError("kubernetes_old_list", known=self._version)
        self._replace(found, version)
        self._synced.set()

    def _replace(self, found: Mapping[str, Object], version: int) -> None:
        before, self.objects, self._version = self.objects, dict(found), version
        for name in before.keys() - found.keys():
            self._heard(name, None)
        untold, self._untold = self._untold, set()
        for name, item in found.items():
            if name in untold or _version(before.get(name)) != _version(item):
                self._heard(name, item)

    def _take(self, event: Object) -> None:
        item = event["object"]
        version = _version(item)
        if version <= self._version:
            return
        self._version = version
        if event["type"] == "BOOKMARK":
            return
        name = item["metadata"]["name"]
        self._untold.discard(name)
        if event["type"] == "DELETED":
            self.objects.pop(name, None)
            self._heard(name, None)
        else:
            kept = self.objects[name] = self._keep(item)
            self._heard(name, kept)


def _version(item: Object | None) -> int:
    return int(item["metadata"]["resourceVersion"]) if item else -1
