"""Rows of leases as the service keeps them, and what it does with an engine's events."""

from dataclasses import replace

from engines_house import DEVICES, FLAVOR, item

from madang.engines.ports import Admission, Admitted, AskedBack


class Rows:
    """Leases that wait or hold devices; checks at every step what must never be."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.waiting: dict = {}
        self.held: dict = {}
        self.ended: set = set()
        self.admissions: list = []

    async def ask(self, lease_id: str, devices: int, **changes) -> None:
        """Ask for a lease: the row first, then the engine."""
        self.waiting[lease_id] = item(lease_id, devices, **changes)
        await self.admission.enqueue(self.waiting[lease_id])

    async def end(self, lease_id: str) -> None:
        """End a lease, waiting or held."""
        self.ended.add(lease_id)
        if self.waiting.pop(lease_id, None):
            await self.admission.withdraw(lease_id)
        if held := self.held.pop(lease_id, None):
            await self.admission.release(lease_id, held[0].attempt)

    async def give_back(self, lease_id: str) -> None:
        """Release a lease that keeps its place and comes again."""
        one, _ = self.held.pop(lease_id)
        await self.admission.release(lease_id, one.attempt)
        self.waiting[lease_id] = replace(one, attempt=one.attempt + 1)
        await self.admission.enqueue(self.waiting[lease_id])

    async def look(self, now_ms: int) -> None:
        """Take what was decided, as the reconcile loop does."""
        for event in await self.admission.poll(now_ms):
            if isinstance(event, Admitted):
                await self._take(event)
            elif isinstance(event, AskedBack) and event.lease_id in self.held:
                await self.give_back(event.lease_id)

    async def _take(self, event: Admitted) -> None:
        one = self.waiting.get(event.lease_id)
        held = self.held.get(event.lease_id)
        if held and held[0].attempt == event.attempt:
            assert held[1] == event.device_ids, "told again, with other devices"
            return
        if one is None or one.attempt != event.attempt:
            await self.admission.release(event.lease_id, event.attempt)
            return
        taken = [name for _, names in self.held.values() for name in names]
        assert not set(event.device_ids) & set(taken), "a device is held twice"
        assert len(taken) + one.devices <= DEVICES, "more is held than there is"
        assert len(event.device_ids) == one.devices
        self.held[event.lease_id] = (self.waiting.pop(event.lease_id), event.device_ids)
        self.admissions.append((event.lease_id, event.attempt))

    async def restore(self, admission: Admission, now_ms: int) -> None:
        """Tell a fresh engine what the rows say, as a service does after its start."""
        self.admission = admission
        for one, names in self.held.values():
            await admission.adopt(one, names, now_ms)
        for one in sorted(self.waiting.values(), key=lambda one: one.submitted_ms):
            await admission.enqueue(one)

    async def agree(self) -> None:
        """Withdraw and release what no row stands for."""
        for lease_id in await self.admission.waiting():
            if lease_id not in self.waiting:
                await self.admission.withdraw(lease_id)
        for lease_id, attempt in await self.admission.holding():
            held = self.held.get(lease_id)
            if held is None and lease_id not in self.waiting:
                await self.admission.release(lease_id, attempt)

    def free(self) -> int:
        """Return the devices that no row holds."""
        return DEVICES - sum(one.devices for one, _ in self.held.values())


__all__ = ["FLAVOR", "Rows"]
