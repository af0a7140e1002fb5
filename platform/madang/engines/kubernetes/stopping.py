"""How an attempt is ended: workers before their scheduler, and no pod after that.

Used by the launcher. Every step is safe to repeat, and what a killed service left half done is gone
on with by the next look at the attempt.
"""

from collections.abc import Sequence
from typing import Any

from madang.engines.kubernetes.attempt_objects import Key, Objects, role_of
from madang.engines.kubernetes.names import STOPPED
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.pod_life import MAIN_ROLES, is_finished, is_noted, pod_life
from madang.units import now_ms

LEFT_BEHIND_GRACE_S = 5
"""For workers whose scheduler has ended, and a scheduler whose workers were stopped."""


class Stopper:
    """Ends attempts."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def stop(self, key: Key, grace_s: int) -> None:
        """Ask all pods of an attempt to save and end.

        A cluster's scheduler is asked when its workers are gone: asked together they wait for each
        other until the grace is over. :meth:`end_rest` goes on with that.

        Parameters
        ----------
        grace_s
            At least 1.
        """
        pods, jobs = await self._objects.pods(key), await self._objects.jobs(key)
        living = [pod for pod in pods if pod_life(pod).lives]
        workers = [pod for pod in living if role_of(pod) not in MAIN_ROLES]
        for pod in workers or living:
            await self._objects.delete(pod, "Pod", grace_s)
        # Last of all: a suspended Job deletes its pods itself, and not with this grace.
        waits = {role_of(pod) for pod in living if role_of(pod) in MAIN_ROLES} if workers else set()
        for job in jobs:
            await self._suspend(job, is_later=role_of(job) in waits)

    async def _suspend(self, job: Object, *, is_later: bool) -> None:
        """Let a Job make no pod any more, or note that this is to be done."""
        noted = is_noted(job)
        if is_finished(job) or job["spec"].get("suspend") or (is_later and noted):
            return
        change: dict[str, Any] = {} if is_later else {"spec": {"suspend": True}}
        if not noted:
            change["metadata"] = {"annotations": {STOPPED: str(now_ms())}}
        await self._objects.patch_job(job, change)

    async def end_rest(self, pods: Sequence[Object], jobs: Sequence[Object]) -> None:
        """End workers whose scheduler has ended, and a scheduler that was to end after them."""
        lives = {role_of(pod): pod_life(pod) for pod in pods}
        main = [role for role in lives if role in MAIN_ROLES]
        others = [role for role in lives if role not in MAIN_ROLES]
        wanted: list[str] = []
        if any(not lives[role].lives for role in main):
            wanted = others
        elif not any(lives[role].lives for role in others):
            wanted = main if any(map(is_noted, jobs)) else []
        for pod in pods:
            life = lives[role_of(pod)]
            if role_of(pod) in wanted and life.lives and life.told_ms is None:
                await self._objects.delete(pod, "Pod", LEFT_BEHIND_GRACE_S)
