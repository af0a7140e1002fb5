"""Keeps flavors, cohort and ClusterQueues as projects and nodes want them, and nothing else.

All that should be there is computed anew after each change and compared with what is there, which
a watch tells; what differs is applied. Server-side apply leaves alone what others own: a field that
an administrator changed by hand stays, is told (:attr:`QueueObjects.edited`), and is ours again
once it says what we say. What the API server refuses holds up nothing else, and is tried again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.queue import ProjectShare, QueueTrouble, QueueTroubleKind
from madang.engines.kubernetes import queues, workloads
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.objects import Object, covers
from madang.errors import ConflictError, MadangError, RefusedError

AGAIN_S = 2.0
REFUSED_S = 15.0
BESIDE = 16

# A queue may only name what is there: flavors and the cohort first, then queues.
_ORDER = (("resourceflavors", "cohorts"), ("clusterqueues",))

log = logging.getLogger(__name__)


class QueueObjects:
    """The queue objects of one pool, but for the queues of members.

    Attributes
    ----------
    edited
        What the API server said about fields that somebody else owns, by path of the object.
    refused
        What it said about objects that it does not take.
    """

    def __init__(self, api: Api, policy: ClusterPolicy) -> None:
        self._api, self._policy = api, policy
        self._shares: dict[str, ProjectShare] = {}
        self._capacity: Mapping[str, int] = {}
        self._is_paused = False
        self._wanted: dict[str, Object] = {}
        self.edited: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._settled = asyncio.Condition()
        self._asked, self._done = 0, 0
        self._task: asyncio.Task[None] | None = None
        self._mirrors = {path: self._mirror(path) for path in self._collections()}

    def _collections(self) -> list[str]:
        plurals = ("resourceflavors", "cohorts", "clusterqueues")
        return [f"/apis/{workloads.VERSION}/{plural}" for plural in plurals]

    def _mirror(self, path: str) -> Mirror:
        ours = f"{workloads.POOL}={self._policy.prefix}"
        return Mirror(self._api, path, partial(self._heard, path), labelSelector=ours)

    def start(self) -> None:
        """Begin to compare and apply, once what is there was read."""
        if self._task is None:
            for mirror in self._mirrors.values():
                mirror.start()
            self._task = asyncio.create_task(self._run(), name="queue objects")

    async def stop(self) -> None:
        """Compare no more."""
        for mirror in self._mirrors.values():
            await mirror.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def lists(self) -> dict[str, int]:
        """Return how often each kind was listed in full."""
        return {path.split("/")[-1]: mirror.lists for path, mirror in self._mirrors.items()}

    def set_shares(self, shares: Sequence[ProjectShare]) -> None:
        """Take these projects for all that there are."""
        found = {share.project: share for share in shares}
        if _plain(found) != _plain(self._shares):
            self._change()
        self._shares = found

    def set_capacity(self, capacity: Mapping[str, int]) -> None:
        """Take note of how many devices may be in use."""
        if capacity != self._capacity:
            self._change()
        self._capacity = dict(capacity)

    def set_paused(self, is_paused: bool) -> None:
        """Let nobody be admitted, or let them again."""
        if is_paused != self._is_paused:
            self._change()
        self._is_paused = is_paused

    async def ensure(self, project: str) -> None:
        """Return once a project has its queue."""
        if project not in self._shares:
            self._shares[project] = ProjectShare(project=project)
            self._change()
        await self.settle()

    async def settle(self) -> None:
        """Return once everything that was changed so far is applied, or told."""
        wanted = self._asked
        async with self._settled:
            await self._settled.wait_for(lambda: self._done >= wanted)

    def _heard(self, collection: str, name: str, found: Object | None) -> None:
        # Kueue writes the status of queues with every admission, which is no reason to look at all.
        path = f"{collection}/{name}"
        wanted = self._wanted.get(path)
        if path in self.edited or (wanted is not None and not covers(found, wanted)):
            self._changed.set()

    def _change(self) -> None:
        self._asked += 1
        self._changed.set()

    async def _run(self) -> None:
        self._change()
        for mirror in self._mirrors.values():
            await mirror.wait()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFUSED_S if self.refused else None):
                    await self._changed.wait()
            self._changed.clear()
            reached = self._asked
            try:
                await self._apply()
            except MadangError as error:
                log.warning("queue objects cannot be applied now: %s", error)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S):
                        await self._changed.wait()
                self._changed.set()
                continue
            async with self._settled:
                self._done = reached
                self._settled.notify_all()

    async def _apply(self) -> None:
        wanted = queues.objects(
            self._policy, list(self._shares.values()), self._capacity, is_paused=self._is_paused
        )
        self._wanted = wanted
        differs = {p: body for p, body in wanted.items() if not covers(self._there(p), body)}
        self.refused = {path: said for path, said in self.refused.items() if path in differs}
        self.edited = {path: said for path, said in self.edited.items() if path in differs}
        for kinds in _ORDER:
            these = [path for path in differs if path.split("/")[-2] in kinds]
            for first in range(0, len(these), BESIDE):
                some = these[first : first + BESIDE]
                ended = await asyncio.gather(
                    *(self._apply_one(path, differs[path]) for path in some),
                    return_exceptions=True,
                )
                for failed in (each for each in ended if isinstance(each, BaseException)):
                    raise failed

    def _there(self, path: str) -> Object | None:
        collection, _, name = path.rpartition("/")
        return self._mirrors[collection].objects.get(name)

    async def _apply_one(self, path: str, body: Object) -> None:
        try:
            made = await self._api.apply(path, body)
        except ConflictError as error:
            if path not in self.edited:
                log.warning("%s was changed by hand and is left so: %s", path, error)
            self.edited[path] = str(error.details.get("said", ""))
            return
        except RefusedError as error:
            if path not in self.refused:
                log.warning("%s is refused and tried again: %s", path, error)
            self.refused[path] = str(error.details.get("said", ""))
            return
        self.refused.pop(path, None)
        self._mirrors[path.rpartition("/")[0]].note(made)


def troubles(edited: Mapping[str, str], refused: Mapping[str, str]) -> list[QueueTrouble]:
    """Return what only an administrator of the cluster can put right.

    Parameters
    ----------
    edited, refused
        What the API server said, by path of the object.
    """
    found = {QueueTroubleKind.EDITED: edited, QueueTroubleKind.REFUSED: refused}
    return [
        QueueTrouble(kind=kind, target="/".join(path.split("/")[-2:]), said=said)
        for kind, those in found.items()
        for path, said in sorted(those.items())
    ]


def _plain(shares: Mapping[str, ProjectShare]) -> dict[str, tuple[Any, ...]]:
    """Return what queue objects are made of; past usage changes all the time and is not."""
    return {
        name: (each.weight, dict(each.guaranteed), each.max_devices_project)
        for name, each in shares.items()
    }
