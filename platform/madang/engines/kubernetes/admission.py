"""Admission by Kueue: a lease waits as a Workload, and Kueue decides who starts and who gives back.

The service says what it wants and never waits for the cluster: each call notes it in memory, and
:class:`~madang.engines.kubernetes.pushing.Pusher` brings the objects to it, however often the API
server or Kueue are away meanwhile. What Kueue decides is heard by a watch. After a restart the
rows tell who holds what and who waits; objects that no row stands for are told by
:meth:`KubernetesAdmission.waiting` and :meth:`~KubernetesAdmission.holding`, and then withdrawn.

The order is that of our own queue, as on one machine: it says whose turn it is, and Kueue may
choose nobody else (:mod:`madang.engines.kubernetes.turns`). Kueue counts, admits and asks back.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.lease import Standing
from madang.domain.profile import Device, FlavorCapacity
from madang.domain.queue import ProjectShare, QueueItem, QueueTrouble
from madang.engines.announcements import Announcements
from madang.engines.kubernetes import nodes, workloads
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.lease_objects import LeaseObjects
from madang.engines.kubernetes.member_queues import MemberQueues
from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.nodes import Pool
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.places import Order, Told
from madang.engines.kubernetes.pushing import Pusher
from madang.engines.kubernetes.queue_objects import QueueObjects, troubles
from madang.engines.kubernetes.turning import Turning
from madang.engines.kubernetes.turns import Turns
from madang.engines.kubernetes.wanted import Wanted, Wishes
from madang.engines.ports import AdmissionEvent, Admitted, AskedBack, Refused
from madang.engines.standings import Standings
from madang.policy.fair_queue import HALF_LIFE_MS, FairQueue
from madang.units import now_ms

PATIENCE_S = 5.0
"""Nobody waits longer for a cluster that is away."""

FORECAST_MS = 30_000
"""So old a forecast may be: places are told as they are, and 30,000 who wait are played for 5 s."""


class KubernetesAdmission:
    """The port ``Admission`` over Kueue.

    Parameters
    ----------
    half_life_ms
        Of past usage, in forecasts.
    grace_ms
        Time to save that an ask-back grants.
    clock
        UTC milliseconds, for calls that carry no time.
    """

    strategy = "kueue"

    def __init__(
        self,
        api: Api,
        policy: ClusterPolicy,
        *,
        half_life_ms: int = HALF_LIFE_MS,
        grace_ms: int = 60_000,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._api, self._policy, self._clock, self._grace_ms = api, policy, clock, grace_ms
        self._wishes = Wishes()
        self._pool = Pool(policy.flavors)
        self._queue = FairQueue({}, half_life_ms=half_life_ms, grace_ms=grace_ms)
        self._news = Announcements()
        self._standings = Standings(FORECAST_MS, has_places=True)
        self._order = Order()
        self._told: Told | None = None
        self._made_of = (0, 0)
        self._objects = QueueObjects(api, policy)
        self._members = MemberQueues(api, policy, self._wishes.members)
        ours = f"{workloads.POOL}={policy.prefix}"
        path = workloads.workloads(policy.namespace)
        self._seen = Mirror(api, path, self._heard, keep=workloads.slim, labelSelector=ours)
        self._turns = Turns(self._queue)
        self._turning = Turning(self._look)
        self._leases = LeaseObjects(
            api, policy, self._wishes, self._objects, self._members, self._seen, self._turns
        )
        self._pusher = Pusher(self._push)
        self._nodes = Mirror(api, "/api/v1/nodes", self._heard_node, keep=nodes.slim)
        self._wake: Callable[[], None] = lambda: None
        self._is_paused = False

    async def open(self) -> None:
        """Begin to follow the cluster; wait a little until nodes and leases were read.

        Longer only where the API server is away: then what it says comes when it comes.
        """
        self._pusher.start()
        self._nodes.start()
        self._seen.start()
        self._objects.start()
        self._members.start()
        self._turning.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._nodes.wait()
                await self._seen.wait()

    async def close(self) -> None:
        """Follow the cluster no more; nothing on it changes."""
        following = (self._seen, self._nodes, self._objects, self._members)
        for part in (self._turning, self._pusher, *following):
            await part.stop()

    def most(self, flavor: str) -> int:
        """Return the most devices of a flavor that there ever were, or that the policy allows."""
        return self._pool.largest(flavor)

    def lists(self) -> dict[str, int]:
        """Return how often each kind of object was listed in full: once, unless a watch failed."""
        own = {
            "nodes": self._nodes.lists,
            "workloads": self._seen.lists,
            "localqueues": self._members.lists,
        }
        return own | self._objects.lists()

    async def troubles(self) -> Sequence[QueueTrouble]:
        """Return the queue objects of ours that were changed by hand, or that are not taken."""
        return troubles(self._objects.edited | self._members.edited, self._objects.refused)

    def tell_decisions(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` soon after Kueue decided something; None to stop."""
        self._wake = wake or (lambda: None)

    # -- what the cluster says --------------------------------------------------------------------

    def _heard_node(self, name: str, node: Object | None) -> None:
        if self._pool.hear(name, node):
            self._resize()

    def _resize(self) -> None:
        for flavor in self._pool.flavors():
            if self._pool.usable(flavor) != self._queue.capacity(flavor):
                self._queue.set_capacity(flavor, self._pool.usable(flavor))
                self._turns.changed()
                self._turning.soon()
        self._objects.set_capacity({name: self._pool.usable(name) for name in self._pool.flavors()})
        self._standings.forget()

    def _heard(self, name: str, found: Object | None) -> None:
        wanted = self._wishes.get(name)
        if wanted is None:
            return
        if found is None:
            if not wanted.is_gone:
                # Deleted by us to come again changed, or by hand: it is made again either way.
                self._pusher.touch(name)
            return
        self._judge(wanted, found)

    def _judge(self, wanted: Wanted, found: Object) -> None:
        item = wanted.item
        if wanted.is_gone:
            return
        if workloads.is_going(found) or not workloads.is_same(found, item):
            self._pusher.touch(item.lease_id)
        elif wanted.is_held:
            if workloads.is_asked_back(found) and item.is_preemptible:
                self._ask_back(item, found)
        elif workloads.is_admitted(found):
            if self._leases.is_wrongly_admitted(wanted, found):
                self._pusher.touch(item.lease_id)
            elif not self._is_paused:
                self._admit(wanted)

    def _admit(self, wanted: Wanted) -> None:
        item, now = wanted.item, self._clock()
        key = (item.lease_id, item.attempt)
        wanted.is_held, wanted.since_ms = True, now
        names = self._pool.hold(key, item.flavor, item.devices)
        self._queue.started(item, now)
        self._turns.admitted(item, now)
        self._placed(item.lease_id)
        self._news.add(
            Admitted(lease_id=item.lease_id, attempt=item.attempt, device_ids=names), now
        )
        if not item.is_preemptible:
            self._pusher.touch(item.lease_id)
        self._changed()
        self._wake()

    def _ask_back(self, item: QueueItem, found: Object) -> None:
        said = workloads.condition(found, "Evicted")
        event = AskedBack(
            lease_id=item.lease_id,
            attempt=item.attempt,
            grace_ms=self._grace_ms,
            why=said.get("reason", ""),
        )
        if self._news.add_once(event, self._clock()):
            self._wake()

    # -- what the service wants -------------------------------------------------------------------

    async def set_shares(self, shares: Sequence[ProjectShare]) -> None:
        """Replace what is known of the projects, and bring their queue objects to it."""
        for share in shares:
            self._queue.set_share(share, self._clock())
        self._objects.set_shares(shares)
        self._wishes.set_shares(shares)
        self._turns.changed()
        self._changed()

    async def enqueue(self, item: QueueItem) -> None:
        """Put a lease into the queue, or change it there; repeating is harmless."""
        known = self._wishes.get(item.lease_id)
        if known and known.is_held and not known.is_gone and known.item.attempt == item.attempt:
            return
        wanted = self._wishes.put(Wanted(item))
        self._queue.submit(item, self._clock())
        self._refuse_what_cannot_be(wanted)
        if not wanted.is_gone:
            self._turns.put(item, self._clock(), self._was_active(item))
        self._changed(item.lease_id)
        self._look_at(wanted)

    def _was_active(self, item: QueueItem) -> bool | None:
        """Tell whether Kueue may choose a lease that is there from before a restart."""
        found = self._seen.objects.get(item.lease_id)
        if found is None or workloads.is_going(found) or not workloads.is_same(found, item):
            return None
        return not workloads.is_stopped(found)

    def _changed(self, lease_id: str | None = None) -> None:
        """Take note that the queue changed, and how a lease waits now."""
        if lease_id is not None:
            self._placed(lease_id)
        self._standings.forget()
        if self._turns.is_due:
            self._turning.soon()

    def _look(self) -> None:
        """Let those be chosen whose turn it is; while nobody may be, nobody's turn comes."""
        if not self._is_paused:
            for lease_id in self._turns.look(self._clock()):
                # Also one that led to nothing is among them: perhaps it did, and we did not hear.
                if (wanted := self._wishes.get(lease_id)) is not None:
                    self._look_at(wanted)
            if self._turns.is_due:
                self._turning.soon()

    def _look_at(self, wanted: Wanted) -> None:
        found = self._seen.objects.get(wanted.item.lease_id)
        if found is not None:
            self._judge(wanted, found)
        if not wanted.is_held:
            self._pusher.touch(wanted.item.lease_id)

    def _refuse_what_cannot_be(self, wanted: Wanted) -> None:
        item, now = wanted.item, self._clock()
        most = self._pool.largest(item.flavor)
        details: dict[str, object] = {"given": item.devices, "flavor": item.flavor}
        share = self._wishes.share(item.project)
        caps = [c for c in (share.max_devices_person, share.max_devices_project) if c is not None]
        if not self._pool.knows(item.flavor):
            code, details["known"] = "unknown_flavor", self._pool.flavors()
        elif item.devices > most > 0:
            code, details["limit"] = "more_devices_than_pool", most
        elif item.devices and caps and item.devices > min(caps):
            code, details["limit"] = "more_devices_than_cap", min(caps)
        else:
            return
        wanted.is_gone = True
        self._queue.withdraw(item.lease_id, now)
        self._turns.drop(item.lease_id)
        event = Refused(lease_id=item.lease_id, attempt=item.attempt, code=code, details=details)
        self._news.add(event, now)
        self._wake()

    async def adopt(self, item: QueueItem, device_ids: Sequence[str], started_ms: int) -> None:
        """Take note that this attempt holds these devices."""
        known = self._wishes.get(item.lease_id)
        if known and known.is_held and known.item.attempt == item.attempt:
            return
        now, key = self._clock(), (item.lease_id, item.attempt)
        wanted = self._wishes.put(Wanted(item, started_ms, is_held=True))
        self._pool.adopt(key, item.flavor, device_ids)
        self._queue.started(item, now)
        self._turns.admitted(item, now)
        self._resize()
        self._changed(item.lease_id)
        names = tuple(device_ids)
        self._news.add_known(
            Admitted(lease_id=item.lease_id, attempt=item.attempt, device_ids=names), now
        )
        self._pusher.touch(item.lease_id)
        self._look_at(wanted)

    async def withdraw(self, lease_id: str) -> None:
        """Take a waiting lease out; harmless when it is not there."""
        wanted = self._wishes.get(lease_id) or self._stray(lease_id)
        if wanted is None or wanted.is_held:
            return
        wanted.is_gone = True
        self._queue.withdraw(lease_id, self._clock())
        self._turns.drop(lease_id)
        self._news.drop(lease_id)
        self._pusher.touch(lease_id)
        self._changed(lease_id)

    async def release(self, lease_id: str, attempt: int) -> None:
        """Free the devices of an attempt; harmless when it holds none."""
        self._news.drop(lease_id, attempt)
        wanted = self._wishes.get(lease_id) or self._stray(lease_id)
        if wanted is None or wanted.item.attempt != attempt or not wanted.is_held:
            return
        wanted.is_held, wanted.is_gone = False, True
        self._pool.let_go((lease_id, attempt))
        now = self._clock()
        self._queue.finished(lease_id, now)
        self._resize()
        self._turns.changed()
        self._changed(lease_id)
        self._standings.ended(wanted.item, now - wanted.since_ms)
        self._pusher.touch(lease_id)

    def _stray(self, lease_id: str) -> Wanted | None:
        """Return what an object says that nobody told us of: its service was killed."""
        found = self._seen.objects.get(lease_id)
        item = workloads.item_of(found) if found else None
        if found is None or item is None:
            return None
        held = workloads.is_admitted(found)
        return self._wishes.put(Wanted(item, self._clock(), is_held=held))

    # -- what is told -----------------------------------------------------------------------------

    async def poll(self, now_ms: int) -> Sequence[AdmissionEvent]:
        """Return what was decided since the last call, and what may have been missed."""
        return self._news.due(now_ms)

    async def waiting(self) -> Mapping[str, QueueItem]:
        """Return what waits, by lease; also objects that nobody told us of."""
        strays = {item.lease_id: item for item, is_held in self._strays() if not is_held}
        told = {w.item.lease_id: w.item for w in self._wishes if w.is_waiting}
        return strays | told

    async def holding(self) -> Sequence[tuple[str, int]]:
        """Return every attempt that was given devices and has not released them."""
        strays = [(item.lease_id, item.attempt) for item, is_held in self._strays() if is_held]
        known = [(w.item.lease_id, w.item.attempt) for w in self._wishes if w.is_held]
        return [*known, *strays]

    def _strays(self) -> list[tuple[QueueItem, bool]]:
        unknown = [o for name, o in self._seen.objects.items() if name not in self._wishes]
        items = [(workloads.item_of(found), workloads.is_admitted(found)) for found in unknown]
        return [(item, is_held) for item, is_held in items if item is not None]

    async def standings(self, now_ms: int) -> Mapping[str, Standing]:
        """Return the standing of each waiting lease: places and times as forecast.

        Who came after the forecast has the last place, until the next one.
        """
        times = await self._standings.get(self._queue, self._ends, now_ms)
        self._order.rank(times)
        made_of = (id(times), self._order.changes)
        if self._told is None or self._made_of != made_of:
            self._told = Told(self._order, times, self._queue.free)
            self._made_of = made_of
        return self._told

    def _placed(self, lease_id: str) -> None:
        """Take note of whether, and how, a lease waits now."""
        self._order.put(lease_id, self._queue.waiting_item(lease_id))

    def _ends(self) -> dict[str, int]:
        held = [wanted for wanted in self._wishes if wanted.is_held]
        return {w.item.lease_id: w.since_ms + w.item.limit_ms for w in held}

    async def estimate(self, item: QueueItem, now_ms: int) -> int | None:
        """Return when a lease like this would start if it were asked for now; None if unknown."""
        return await self._standings.estimate(self._queue, self._ends, item, now_ms)

    async def preview(self, item: QueueItem, now_ms: int) -> Standing | None:
        """Return the standing that a lease like this would have."""
        return await self._standings.preview(self._queue, self._ends, item, now_ms)

    async def prolong(self, lease_id: str, attempt: int, limit_ms: int) -> None:
        """Let forecasts know of a longer limit."""
        wanted = self._wishes.get(lease_id)
        if wanted and wanted.is_held and wanted.item.attempt == attempt:
            wanted.item = replace(wanted.item, limit_ms=limit_ms)
            self._queue.prolong(lease_id, limit_ms)
            self._standings.forget()

    async def capacity(self) -> Sequence[FlavorCapacity]:
        """Return how much there is and how much is free, by flavor."""
        return [
            FlavorCapacity(
                flavor=flavor,
                devices_total=self._pool.healthy(flavor),
                devices_free=self._queue.free(flavor),
                waiting=self._queue.waiting_count(flavor),
            )
            for flavor in self._pool.flavors()
        ]

    async def devices(self) -> Sequence[Device]:
        """Return the devices of the pool, by number within their flavor."""
        return self._pool.devices()

    async def set_drained(self, device_ids: Collection[str]) -> None:
        """Give fewer devices out: these, and no others, are out; who holds one keeps it."""
        self._pool.drain(device_ids)
        self._resize()
        await self._settle()

    async def _settle(self) -> None:
        """Wait until the cluster has it; it goes on by itself where the cluster is away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._objects.settle()

    async def set_paused(self, is_paused: bool) -> None:
        """Stop every queue of ours, or let them go on; who waits keeps the place."""
        self._is_paused = is_paused
        self._objects.set_paused(is_paused)
        self._standings.forget()
        await self._settle()
        if not is_paused:
            self._turns.resumed(self._clock())
            self._turning.soon()
            for wanted in self._wishes:
                self._look_at(wanted)

    async def _push(self, lease_id: str) -> None:
        if not self._seen.lists:
            # After a start: what is there already must not be made, or read one by one.
            await self._seen.wait()
        if await self._leases.push(lease_id):
            self._pusher.touch(lease_id)
