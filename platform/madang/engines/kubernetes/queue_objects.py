"""Keeps Kueue's queue objects as projects and nodes want them; touches nothing that is not ours.

All that should be there is computed anew after each change, and what differs from what was applied
last is applied: by server-side apply, so that fields which an administrator added stay his.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence

from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes import queues
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.objects import Object
from madang.errors import MadangError

AGAIN_S = 2.0
BESIDE = 16

log = logging.getLogger(__name__)


class QueueObjects:
    """The queue objects of one pool."""

    def __init__(self, api: Api, policy: ClusterPolicy) -> None:
        self._api, self._policy = api, policy
        self._shares: dict[str, ProjectShare] = {}
        self._capacity: Mapping[str, int] = {}
        self._is_paused = False
        self._applied: dict[str, Object] = {}
        self._changed = asyncio.Event()
        self._settled = asyncio.Condition()
        self._asked, self._done = 0, 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to apply."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="queue objects")

    async def stop(self) -> None:
        """Apply no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def set_shares(self, shares: Sequence[ProjectShare]) -> None:
        """Take these projects for all that there are."""
        found = {share.project: share for share in shares}
        self._change(self._shares, found)
        self._shares = found

    def set_capacity(self, capacity: Mapping[str, int]) -> None:
        """Take note of how many devices may be in use."""
        self._change(self._capacity, capacity)
        self._capacity = dict(capacity)

    def set_paused(self, is_paused: bool) -> None:
        """Let nobody be admitted, or let them again."""
        self._change(self._is_paused, is_paused)
        self._is_paused = is_paused

    async def ensure(self, project: str) -> None:
        """Return once a project has its queue."""
        if project not in self._shares:
            self._shares[project] = ProjectShare(project=project)
            self._change(None, project)
        await self.settle()

    async def settle(self) -> None:
        """Return once everything that was changed so far is applied."""
        wanted = self._asked
        async with self._settled:
            await self._settled.wait_for(lambda: self._done >= wanted)

    def _change(self, before: object, after: object) -> None:
        if before != after:
            self._asked += 1
            self._changed.set()

    async def _run(self) -> None:
        self._change(None, self)
        while True:
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
        differs = {path: body for path, body in wanted.items() if self._applied.get(path) != body}
        # A queue may only name what is there: flavors and the cohort first, then queues.
        for kinds in (("resourceflavors", "cohorts"), ("clusterqueues",), ("localqueues",)):
            these = [path for path in differs if path.split("/")[-2] in kinds]
            for first in range(0, len(these), BESIDE):
                some = these[first : first + BESIDE]
                ended = await asyncio.gather(
                    *(self._apply_one(path, differs[path]) for path in some),
                    return_exceptions=True,
                )
                for failed in (each for each in ended if isinstance(each, BaseException)):
                    raise failed

    async def _apply_one(self, path: str, body: Object) -> None:
        await self._api.apply(path, body)
        self._applied[path] = body
