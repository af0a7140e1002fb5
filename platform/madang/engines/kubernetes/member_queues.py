"""Each member's own LocalQueue in each project, by whose past use Kueue says who is next.

They are made when somebody first asks, since most members of a project never do, and taken away
when nothing of theirs waits or runs and what they used has decayed: a national pool has a hundred
thousand memberships. One that somebody deletes is made again while it is needed.
"""

import asyncio
from collections.abc import Callable, Collection

from kubernetes.utils.quantity import parse_quantity

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.objects import Object, covers
from madang.engines.kubernetes.pushing import Pusher
from madang.engines.kubernetes.queues import local_queue, queue_name
from madang.errors import ConflictError

TIDY_S = 3_600.0
FORGOTTEN_DEVICES = 0.01
"""A decayed use below this puts nobody behind anybody who counts."""


class MemberQueues:
    """The LocalQueues of one pool.

    Parameters
    ----------
    members
        Returns the (project, person) of every lease that waits or runs.

    Attributes
    ----------
    edited
        What the API server said about fields that somebody else owns, by path of the queue.
    """

    def __init__(
        self, api: Api, policy: ClusterPolicy, members: Callable[[], Collection[tuple[str, str]]]
    ) -> None:
        self._api, self._policy, self._members = api, policy, members
        self._path = f"/apis/{workloads.VERSION}/namespaces/{policy.namespace}/localqueues"
        ours = f"{workloads.POOL}={policy.prefix}"
        self._seen = Mirror(api, self._path, self._heard, keep=_kept, labelSelector=ours)
        self._wanted: dict[str, Object] = {}
        self._pusher = Pusher(self._push)
        self._tidying: asyncio.Task[None] | None = None
        self.edited: dict[str, str] = {}

    @property
    def lists(self) -> int:
        """How often they were listed in full."""
        return self._seen.lists

    def start(self) -> None:
        """Begin to follow them."""
        if self._tidying is None:
            self._seen.start()
            self._pusher.start()
            self._tidying = asyncio.create_task(self._tidy_on(), name="member queues")

    async def stop(self) -> None:
        """Follow them no more."""
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
            self._tidying = None
        await self._pusher.stop()
        await self._seen.stop()

    async def ensure(self, project: str, person: str) -> None:
        """Return once a member has a queue; a site's own queue is there or is not."""
        if project in self._policy.queues:
            return
        await self._seen.wait()
        name = queue_name(self._policy, project, person)
        if name not in self._wanted:
            self._wanted[name] = local_queue(self._policy, project, person)
        await self._push(name)

    async def tidy(self) -> None:
        """Delete what nobody needs any more."""
        needed = {queue_name(self._policy, *member) for member in self._members()}
        for name, found in list(self._seen.objects.items()):
            if name in needed or not _is_forgotten(found):
                continue
            self._wanted.pop(name, None)
            await self._api.delete(f"{self._path}/{name}", uid=found["metadata"]["uid"])

    async def _tidy_on(self) -> None:
        while True:
            await asyncio.sleep(TIDY_S)
            self._pusher.touch("")

    async def _push(self, name: str) -> None:
        if not name:
            await self.tidy()
            return
        wanted, path = self._wanted.get(name), f"{self._path}/{name}"
        if wanted is None:
            return
        if covers(self._seen.objects.get(name), wanted):
            self.edited.pop(path, None)
            return
        try:
            self._seen.note(await self._api.apply(path, wanted))
        except ConflictError as error:
            self.edited[path] = str(error.details.get("said", ""))

    def _heard(self, name: str, found: Object | None) -> None:
        wanted = self._wanted.get(name)
        is_edited = f"{self._path}/{name}" in self.edited
        if wanted is not None and (is_edited or not covers(found, wanted)):
            self._pusher.touch(name)


def _kept(found: Object) -> Object:
    """Return what is read of a queue: there may be very many, and Kueue writes much about each."""
    status, meta = found.get("status") or {}, found["metadata"]
    fair = (status.get("fairSharing") or {}).get("admissionFairSharingStatus") or {}
    return {
        "apiVersion": workloads.VERSION,
        "kind": "LocalQueue",
        "metadata": {
            key: meta[key] for key in ("name", "namespace", "uid", "labels", "resourceVersion")
        },
        "spec": found["spec"],
        "status": {
            "leases": sum(
                status.get(key) or 0 for key in ("pendingWorkloads", "reservingWorkloads")
            ),
            "consumed": dict(fair.get("consumedResources") or {}),
        },
    }


def _is_forgotten(found: Object) -> bool:
    status = found["status"]
    used = sum(map(parse_quantity, status["consumed"].values()))
    return not status["leases"] and used < FORGOTTEN_DEVICES
