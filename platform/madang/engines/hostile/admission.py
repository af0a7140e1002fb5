"""Admission first come, first served, whose events cannot be relied upon."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from madang.domain.lease import Standing, WaitReason
from madang.domain.profile import Device, FlavorCapacity
from madang.domain.queue import ProjectShare, QueueItem, QueueTrouble
from madang.engines.hostile.faults import World
from madang.engines.ports import AdmissionEvent, Admitted, AskedBack, Refused

_Key = tuple[str, int]


class HostileAdmission:
    """The port ``Admission``; devices are never given to two attempts, all else may happen."""

    strategy = "madang"

    def __init__(self, world: World, capacity: Mapping[str, int]) -> None:
        self._world = world
        self._pool = {f: [f"{f}-{n}" for n in range(count)] for f, count in capacity.items()}
        self._pool.setdefault("cpu", [])
        self._waiting: dict[str, QueueItem] = {}
        self._held: dict[_Key, tuple[str, tuple[str, ...]]] = {}
        self._events: list[tuple[int, AdmissionEvent]] = []
        self._again_ms: dict[_Key, int] = {}
        self.shares: Sequence[ProjectShare] = ()
        self._drained: frozenset[str] = frozenset()
        self._is_paused = False

    async def set_shares(self, shares: Sequence[ProjectShare]) -> None:
        """Remember the projects; the order does not depend on them."""
        self.shares = tuple(shares)

    async def enqueue(self, item: QueueItem) -> None:
        """Put a lease into the queue, or change it there."""
        if (item.lease_id, item.attempt) not in self._held:
            self._waiting[item.lease_id] = item

    async def adopt(self, item: QueueItem, device_ids: Sequence[str], started_ms: int) -> None:
        """Take note that this attempt holds these devices."""
        del started_ms
        self._waiting.pop(item.lease_id, None)
        key = (item.lease_id, item.attempt)
        self._held.setdefault(key, (item.flavor, tuple(device_ids)))

    async def withdraw(self, lease_id: str) -> None:
        """Take a waiting lease out; an admission on its way comes all the same."""
        self._waiting.pop(lease_id, None)

    async def release(self, lease_id: str, attempt: int) -> None:
        """Free the devices of an attempt; events about it that are on their way still come."""
        self._held.pop((lease_id, attempt), None)
        self._again_ms.pop((lease_id, attempt), None)

    async def poll(self, now_ms: int) -> Sequence[AdmissionEvent]:
        """Return what is due by now."""
        self._world.now_ms = max(self._world.now_ms, now_ms)
        self._decide()
        self._send_again()
        now = self._world.now_ms
        due = [event for at_ms, event in self._events if at_ms <= now]
        self._events = [(at_ms, event) for at_ms, event in self._events if at_ms > now]
        if self._world.faults.reorder:
            self._world.random.shuffle(due)
        return due

    def _free(self, flavor: str) -> list[str]:
        taken = {device for _, ids in self._held.values() for device in ids}
        return [d for d in self._pool[flavor] if d not in taken and d not in self._drained]

    def _decide(self) -> None:
        if self._is_paused:
            return
        for item in sorted(self._waiting.values(), key=lambda i: (i.submitted_ms, i.lease_id)):
            if item.is_held_back or self._is_held(item.lease_id):
                continue
            if item.flavor not in self._pool or item.devices > len(self._pool[item.flavor]):
                code = "more_devices_than_pool" if item.flavor in self._pool else "unknown_flavor"
                del self._waiting[item.lease_id]
                details = {"given": item.devices, "flavor": item.flavor}
                self._send(
                    Refused(
                        lease_id=item.lease_id, attempt=item.attempt, code=code, details=details
                    )
                )
            elif len(free := self._free(item.flavor)) >= item.devices:
                del self._waiting[item.lease_id]
                key = (item.lease_id, item.attempt)
                self._held[key] = (item.flavor, tuple(free[: item.devices]))
                self._send_admitted(key)

    def _is_held(self, lease_id: str) -> bool:
        return any(held == lease_id for held, _ in self._held)

    def _send(self, event: AdmissionEvent) -> None:
        faults, now = self._world.faults, self._world.now_ms
        for _ in range(2 if self._world.happens(faults.duplicate) else 1):
            lost_ms = faults.resend_ms if self._world.happens(faults.lose) else 0
            self._events.append((now + lost_ms + self._world.within(faults.late_ms), event))

    def _send_admitted(self, key: _Key) -> None:
        self._again_ms[key] = self._world.now_ms + self._world.faults.resend_ms
        device_ids = self._held[key][1]
        self._send(Admitted(lease_id=key[0], attempt=key[1], device_ids=device_ids))

    def _send_again(self) -> None:
        """Tell again what stands: nobody confirms an event, so it may not have been heard."""
        for key, at_ms in list(self._again_ms.items()):
            if at_ms <= self._world.now_ms:
                self._send_admitted(key)

    def tell_decisions(self, wake: Callable[[], None] | None) -> None:
        """Do nothing: all is decided when it is asked for."""

    async def waiting(self) -> Mapping[str, QueueItem]:
        """Return what waits, by lease."""
        return dict(self._waiting)

    async def holding(self) -> Sequence[tuple[str, int]]:
        """Return every attempt that holds devices."""
        return list(self._held)

    async def standings(self, now_ms: int) -> Mapping[str, Standing]:
        """Return places in the order of requests, without times."""
        del now_ms
        return self._places(self._waiting.values())

    def _places(self, waiting: Iterable[QueueItem]) -> dict[str, Standing]:
        found: dict[str, Standing] = {}
        lanes: dict[str, list[QueueItem]] = {}
        for item in sorted(waiting, key=lambda i: (i.submitted_ms, i.lease_id)):
            lanes.setdefault(item.flavor, []).append(item)
        for flavor, items in lanes.items():
            free = len(self._free(flavor)) if flavor in self._pool else 0
            for position, item in enumerate(items, start=1):
                found[item.lease_id] = Standing(
                    lease_id=item.lease_id,
                    position=position,
                    waiting=len(items),
                    reason=WaitReason.HELD_BACK if item.is_held_back else WaitReason.DEVICES_BUSY,
                    devices_free=free,
                )
        return found

    async def preview(self, item: QueueItem, now_ms: int) -> Standing | None:
        """Return the place in the order of requests."""
        del now_ms
        return self._places({**self._waiting, item.lease_id: item}.values()).get(item.lease_id)

    async def prolong(self, lease_id: str, attempt: int, limit_ms: int) -> None:
        """Forget it: no time is told here."""

    async def estimate(self, item: QueueItem, now_ms: int) -> int | None:
        """Return now when enough is free, else that nothing is known."""
        free = len(self._free(item.flavor)) if item.flavor in self._pool else -1
        return now_ms if free >= item.devices else None

    async def capacity(self) -> Sequence[FlavorCapacity]:
        """Return how much there is and how much is free, by flavor."""
        return [
            FlavorCapacity(
                flavor=flavor,
                devices_total=len(ids),
                devices_free=len(self._free(flavor)),
                waiting=sum(item.flavor == flavor for item in self._waiting.values()),
            )
            for flavor, ids in self._pool.items()
        ]

    async def devices(self) -> Sequence[Device]:
        """Return the devices of the pool."""
        return [
            Device(id=id_, flavor=flavor, is_healthy=id_ not in self._drained)
            for flavor, ids in self._pool.items()
            for id_ in ids
        ]

    async def set_drained(self, device_ids: Collection[str]) -> None:
        """Give these devices to nobody any more."""
        self._drained = frozenset(device_ids)

    async def troubles(self) -> Sequence[QueueTrouble]:
        """Nothing: the queue is in this process."""
        return ()

    async def set_paused(self, is_paused: bool) -> None:
        """Admit nobody, or go on; events that are on their way still come."""
        self._is_paused = is_paused

    # -- knobs -----------------------------------------------------------------------------------

    def ask_back(self, lease_id: str, grace_ms: int) -> None:
        """Ask the devices of whatever attempt of a lease back."""
        for held, attempt in self._held:
            if held == lease_id:
                self._send(AskedBack(lease_id=held, attempt=attempt, grace_ms=grace_ms, why="test"))

    def lose_events(self) -> None:
        """Put off all events that nobody has fetched."""
        later = self._world.now_ms + self._world.faults.resend_ms
        self._events = [(later, event) for _, event in self._events]

    def held(self) -> dict[_Key, tuple[str, ...]]:
        """Return the devices of each attempt that holds some, for a test's invariants."""
        return {key: ids for key, (_, ids) in self._held.items()}
