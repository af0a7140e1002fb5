"""Admission on one machine: FairQueue decides who starts, this gives them concrete devices.

Everything is in memory. After a restart services tell who holds what (:meth:`adopt`) and who waits
(:meth:`enqueue`), and it knows again what it knew.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from madang.domain.lease import Standing
from madang.domain.profile import Device, FlavorCapacity
from madang.domain.queue import ProjectShare, QueueItem, QueueTrouble
from madang.engines.announcements import Announcements
from madang.engines.local.devices import CPU, LocalDevice
from madang.engines.ports import AdmissionEvent, Admitted, AskedBack, Refused
from madang.engines.standings import Standings
from madang.policy.decisions import AskBack, Refuse, Start
from madang.policy.fair_queue import HALF_LIFE_MS, FairQueue
from madang.units import now_ms


class LocalAdmission:
    """The port ``Admission`` over the devices of this machine.

    Parameters
    ----------
    devices
        What may be given out.
    half_life_ms
        Of past usage in the order of projects.
    grace_ms
        Time to save that an ask-back grants.
    clock
        UTC milliseconds, for calls that carry no time.
    """

    strategy = "madang"

    def __init__(
        self,
        devices: Sequence[LocalDevice],
        *,
        half_life_ms: int = HALF_LIFE_MS,
        grace_ms: int = 60_000,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._clock = clock
        self._devices = {device.id: device.public for device in devices}
        self._flavors = list(dict.fromkeys([*(d.flavor for d in devices), CPU]))
        capacity = {flavor: len(self._healthy(flavor)) for flavor in self._flavors}
        self._queue = FairQueue(capacity, half_life_ms=half_life_ms, grace_ms=grace_ms)
        self._held: dict[tuple[str, int], tuple[str, ...]] = {}
        self._items: dict[tuple[str, int], tuple[QueueItem, int]] = {}
        self._news = Announcements()
        self._standings = Standings()
        self._is_paused = False

    def _healthy(self, flavor: str) -> list[str]:
        return [d.id for d in self._devices.values() if d.flavor == flavor and d.is_healthy]

    def _free(self, flavor: str) -> list[str]:
        taken = {device_id for ids in self._held.values() for device_id in ids}
        return [device_id for device_id in self._healthy(flavor) if device_id not in taken]

    async def set_drained(self, device_ids: Collection[str]) -> None:
        """Take these devices out of the pool, and all others back in; who holds one keeps it."""
        for device in list(self._devices.values()):
            is_healthy = device.id not in device_ids
            self._devices[device.id] = replace(device, is_healthy=is_healthy)
        for flavor in self._flavors:
            self._resize(flavor)

    async def troubles(self) -> Sequence[QueueTrouble]:
        """Nothing: the queue is in this process."""
        return ()

    async def set_paused(self, is_paused: bool) -> None:
        """Decide nothing, or go on where it was left."""
        self._is_paused = is_paused
        self._standings.forget()

    def _resize(self, flavor: str) -> None:
        """Tell the queue its devices: one that is out counts while it is held, as it is in use."""
        held = {device_id for ids in self._held.values() for device_id in ids}
        there = [d for d in self._devices.values() if d.flavor == flavor]
        count = sum(device.is_healthy or device.id in held for device in there)
        if count != self._queue.capacity(flavor):
            self._queue.set_capacity(flavor, count)
            self._standings.forget()

    async def set_shares(self, shares: Sequence[ProjectShare]) -> None:
        """Replace what is known of the projects."""
        for share in shares:
            self._queue.set_share(share, self._clock())
        self._standings.forget()

    async def enqueue(self, item: QueueItem) -> None:
        """Put a lease into the queue, or change it there; repeating is harmless."""
        if (item.lease_id, item.attempt) in self._held:
            # It has its devices already; the event is on its way or will be told again.
            return
        self._queue.submit(item, self._clock())
        self._standings.forget()

    async def adopt(self, item: QueueItem, device_ids: Sequence[str], started_ms: int) -> None:
        """Take note that this attempt holds these devices."""
        key = (item.lease_id, item.attempt)
        if key in self._held:
            return
        now = self._clock()
        self._hold(item, tuple(device_ids), started_ms)
        self._queue.started(item, now)
        self._resize(item.flavor)
        self._news.add_known(_admitted(key, self._held[key]), now)
        self._standings.forget()

    def _hold(self, item: QueueItem, device_ids: tuple[str, ...], since_ms: int) -> None:
        key = (item.lease_id, item.attempt)
        self._held[key] = device_ids
        self._items[key] = (item, since_ms)

    async def withdraw(self, lease_id: str) -> None:
        """Take a waiting lease out; harmless when it is not there."""
        self._queue.withdraw(lease_id, self._clock())
        if not any(key[0] == lease_id for key in self._held):
            self._news.drop(lease_id)
        self._standings.forget()

    async def release(self, lease_id: str, attempt: int) -> None:
        """Free the devices of an attempt; harmless when it holds none."""
        key = (lease_id, attempt)
        self._news.drop(lease_id, attempt)
        if self._held.pop(key, None) is None:
            return
        item, since_ms = self._items.pop(key)
        now = self._clock()
        self._queue.finished(lease_id, now)
        self._resize(item.flavor)
        self._standings.ended(item, now - since_ms)

    async def poll(self, now_ms: int) -> Sequence[AdmissionEvent]:
        """Return what was decided since the last call, and what may have been missed."""
        decisions = [] if self._is_paused else self._queue.tick(now_ms)
        items = {running.item.lease_id: running.item for running in self._queue.running()}
        for decision in decisions:
            key = (decision.lease_id, decision.attempt)
            match decision:
                case Start():
                    item = items[key[0]]
                    self._hold(item, tuple(self._free(item.flavor)[: item.devices]), now_ms)
                    self._news.add(_admitted(key, self._held[key]), now_ms)
                case AskBack(grace_ms=grace_ms, why=why):
                    event = AskedBack(lease_id=key[0], attempt=key[1], grace_ms=grace_ms, why=why)
                    self._news.add(event, now_ms)
                case Refuse(code=code, details=details):
                    refused = Refused(lease_id=key[0], attempt=key[1], code=code, details=details)
                    self._news.add(refused, now_ms)
        if decisions:
            self._standings.forget()
        return self._news.due(now_ms)

    def tell_decisions(self, wake: Callable[[], None] | None) -> None:
        """Do nothing: all is decided when it is asked for."""

    async def waiting(self) -> Mapping[str, QueueItem]:
        """Return what waits, by lease."""
        return {item.lease_id: item for item in self._queue.waiting_items()}

    async def holding(self) -> Sequence[tuple[str, int]]:
        """Return every attempt that was given devices and has not released them."""
        return list(self._held)

    async def standings(self, now_ms: int) -> Mapping[str, Standing]:
        """Return the standing of each waiting lease, at most about a second old."""
        return await self._standings.get(self._queue, self._ends, now_ms)

    def _ends(self) -> dict[str, int]:
        return {key[0]: since + item.limit_ms for key, (item, since) in self._items.items()}

    async def estimate(self, item: QueueItem, now_ms: int) -> int | None:
        """Return when a lease like this would start if it were asked for now; None if unknown."""
        return await self._standings.estimate(self._queue, self._ends, item, now_ms)

    async def preview(self, item: QueueItem, now_ms: int) -> Standing | None:
        """Return the standing that a lease like this would have."""
        return await self._standings.preview(self._queue, self._ends, item, now_ms)

    async def prolong(self, lease_id: str, attempt: int, limit_ms: int) -> None:
        """Let forecasts know of a longer limit."""
        known = self._items.get((lease_id, attempt))
        if known is not None:
            self._items[(lease_id, attempt)] = (replace(known[0], limit_ms=limit_ms), known[1])
            self._queue.prolong(lease_id, limit_ms)
            self._standings.forget()

    async def capacity(self) -> Sequence[FlavorCapacity]:
        """Return how much there is and how much is free, by flavor."""
        return [
            FlavorCapacity(
                flavor=flavor,
                devices_total=len(self._healthy(flavor)),
                devices_free=self._queue.free(flavor),
                waiting=self._queue.waiting_count(flavor),
            )
            for flavor in self._flavors
        ]

    async def devices(self) -> Sequence[Device]:
        """Return the devices of the pool."""
        return list(self._devices.values())


def _admitted(key: tuple[str, int], device_ids: tuple[str, ...]) -> Admitted:
    return Admitted(lease_id=key[0], attempt=key[1], device_ids=device_ids)
