"""Brings the Workload of one lease to what is wanted of it: makes, changes or deletes it.

Each step reads the object first, or names the one that it deletes or changes, so that it may be cut
off anywhere, or carried out by a cluster whose answer was lost, and be done again.
"""

import logging

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.member_queues import MemberQueues
from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.nodes import CPU
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.queue_objects import QueueObjects
from madang.engines.kubernetes.queues import queue_name
from madang.engines.kubernetes.turns import Turns
from madang.engines.kubernetes.wanted import Wanted, Wishes
from madang.errors import ConflictError, NotFoundError

log = logging.getLogger(__name__)


class LeaseObjects:
    """The Workloads of one pool."""

    def __init__(
        self,
        api: Api,
        policy: ClusterPolicy,
        wishes: Wishes,
        queues: QueueObjects,
        members: MemberQueues,
        seen: Mirror,
        turns: Turns,
    ) -> None:
        self._turns = turns
        self._seen, self._members = seen, members
        self._api, self._policy, self._wishes, self._queues = api, policy, wishes, queues
        self._flavors = {flavor.name: flavor for flavor in policy.flavors}
        self._path = workloads.workloads(policy.namespace)

    async def push(self, lease_id: str) -> bool:
        """Do one step; return whether another has to follow."""
        wanted = self._wishes.get(lease_id)
        if wanted is None:
            return False
        path = f"{self._path}/{lease_id}"
        if wanted.is_gone:
            await self._delete(path, lease_id)
            self._wishes.drop(wanted)
            return False
        if self._is_as_wanted(wanted):
            return False
        one_step = self._keep_seen if wanted.is_held else self._turn_seen
        return not await one_step(path, wanted) and await self._change(path, wanted)

    async def _change(self, path: str, wanted: Wanted) -> bool:
        """Read the object, and make or change it; return whether another step has to follow."""
        await self._queues.ensure(wanted.item.project)
        await self._members.ensure(wanted.item.project, wanted.item.person)
        # What is not seen yet may be there all the same: then it cannot be made, and is read.
        found = await self._read(path) if wanted.item.lease_id in self._seen.objects else None
        if found is None:
            if await self._create(wanted):
                return False
            found = await self._read(path)
        if found is None:
            return True
        must_go = workloads.is_going(found) or not workloads.is_same(found, wanted.item)
        if must_go or self.is_wrongly_admitted(wanted, found):
            await self._api.delete(path, uid=found["metadata"]["uid"])
            return True
        if wanted.is_held:
            await self._keep(path, wanted, found)
        elif not self._has_its_turn(wanted, found):
            await self._turn(path, wanted, found)
        return False

    def is_wrongly_admitted(self, wanted: Wanted, found: Object) -> bool:
        """Tell whether Kueue admitted what must wait, so that it has to come anew.

        One whose turn it was not, since that changed meanwhile, may keep what it got. Not so one
        that is held back, or beyond a cap; nor one that we stopped while Kueue chose it, since
        Kueue takes that back by itself. None of them was told that it was admitted.
        """
        if wanted.is_held or not workloads.is_admitted(found):
            return False
        return workloads.is_stopped(found) or not self._turns.may_hold(wanted.item)

    def _has_its_turn(self, wanted: Wanted, found: Object) -> bool:
        is_next = self._turns.is_next(wanted.item.lease_id)
        return workloads.is_admitted(found) or workloads.is_stopped(found) != is_next

    def _is_as_wanted(self, wanted: Wanted) -> bool:
        """Tell whether the watch says that nothing is to be done, as for all after a restart.

        It knows of our own changes when they are answered, and whatever it has not told yet is
        looked at when it is.
        """
        found = self._seen.objects.get(wanted.item.lease_id)
        if found is None or workloads.is_going(found):
            return False
        if not workloads.is_same(found, wanted.item):
            return False
        if wanted.is_held:
            return self._is_kept(wanted, found)
        return self._has_its_turn(wanted, found) and not self.is_wrongly_admitted(wanted, found)

    async def _create(self, wanted: Wanted) -> bool:
        """Make the object; return False when there is one of that name."""
        item = wanted.item
        queue = queue_name(self._policy, item.project, item.person)
        flavor = self._flavors.get(item.flavor) if item.flavor != CPU else None
        body = workloads.workload(item, flavor, queue, self._policy.prefix)
        body["spec"]["active"] = wanted.is_held or self._turns.is_next(item.lease_id)
        if wanted.is_held:
            log.warning("the object of %s was gone although it holds devices", item.lease_id)
            body["spec"]["priority"] = workloads.KEPT
        try:
            self._seen.note(await self._api.create(self._path, body))
        except ConflictError:
            return False
        return True

    async def _delete(self, path: str, lease_id: str) -> None:
        """Delete that very object: a late deletion would meet the one of the next attempt."""
        found = self._seen.objects.get(lease_id) or await self._read(path)
        try:
            if found is not None:
                await self._api.delete(path, uid=found["metadata"]["uid"])
        except ConflictError:
            # It was made anew, and that is not seen yet.
            if (found := await self._read(path)) is not None:
                await self._api.delete(path, uid=found["metadata"]["uid"])

    async def _read(self, path: str) -> Object | None:
        try:
            return await self._api.get(path)
        except NotFoundError:
            return None

    async def _keep(self, path: str, wanted: Wanted, found: Object) -> None:
        """Make what may not be asked back the last that Kueue would choose."""
        if not self._is_kept(wanted, found):
            await self._patch(path, {"priority": workloads.KEPT})

    async def _keep_seen(self, path: str, wanted: Wanted) -> bool:
        """Do so with the very object that the watch told of; False where it is another by now."""
        found = self._seen.objects.get(wanted.item.lease_id)
        if found is None or workloads.is_going(found) or not workloads.is_same(found, wanted.item):
            return False
        try:
            await self._patch(path, {"priority": workloads.KEPT}, found["metadata"]["uid"])
        except (ConflictError, NotFoundError):
            return False
        return True

    def _is_kept(self, wanted: Wanted, found: Object) -> bool:
        return wanted.item.is_preemptible or found["spec"].get("priority") == workloads.KEPT

    async def _turn_seen(self, path: str, wanted: Wanted) -> bool:
        """Let it be its turn, or not, as the watch told of it; False where it is another by now."""
        found = self._seen.objects.get(wanted.item.lease_id)
        if found is None or workloads.is_going(found) or not workloads.is_same(found, wanted.item):
            return False
        if workloads.is_admitted(found):
            return False
        try:
            await self._turn(path, wanted, found)
        except (ConflictError, NotFoundError):
            return False
        return True

    async def _turn(self, path: str, wanted: Wanted, found: Object) -> None:
        """Let Kueue choose a lease; or not any more, unless it did since it was read."""
        is_next = self._turns.is_next(wanted.item.lease_id)
        named = ("uid",) if is_next else ("uid", "resourceVersion")
        read = {key: found["metadata"][key] for key in named}
        body = {"metadata": read, "spec": {"active": is_next}}
        self._seen.note(await self._api.patch(path, body))

    async def _patch(self, path: str, spec: Object, uid: str = "") -> None:
        body = {"spec": spec} | ({"metadata": {"uid": uid}} if uid else {})
        self._seen.note(await self._api.patch(path, body))
