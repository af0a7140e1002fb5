"""Use-cases of whoever looks after the house: pause new starts, take a device out and return it.

The rows decide and survive restarts; the engine is told again at each start. Every act is in the
audit trail, with the reason that was given.
"""

from typing import Any

from madang.domain.lease import Lease
from madang.domain.profile import Device
from madang.domain.upkeep import DeviceMark, Maintenance
from madang.errors import InvalidError, NotFoundError
from madang.i18n import text
from madang.services import access, acts
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

_KEY = "maintenance"


class Upkeep:
    """Maintenance and devices."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def restore(self) -> None:
        """Tell the engine what the rows say; safe to repeat."""
        core = self._core

        def work(tx: Tx) -> tuple[dict[str, Any] | None, list[DeviceMark]]:
            return tx.meta.get(_KEY), tx.device_marks.all()

        pause, marks = await core.store.read(work)
        core.maintenance = Maintenance(**pause) if pause else None
        await core.engine.admission.set_paused(core.maintenance is not None)
        await core.engine.admission.set_drained({mark.device for mark in marks})

    # -- maintenance -----------------------------------------------------------------------------

    def notice(self, lang: str) -> dict[str, Any] | None:
        """Return what everybody is told while nothing new starts; None when all is as usual."""
        pause = self._core.maintenance
        if pause is None:
            return None
        until = self._core.until_text(pause)
        key = "maintenance.notice.until" if until else "maintenance.notice"
        return {
            "reason": pause.reason,
            "since_ms": pause.since_ms,
            "until_ms": pause.until_ms,
            "text": text(key, lang, why=pause.reason, until=until),
        }

    async def begin_maintenance(
        self, actor: Actor, *, reason: str, until_ms: int | None
    ) -> dict[str, Any] | None:
        """Let nothing new start; repeated, reason and end are replaced.

        Raises
        ------
        RefusedError
            ``admin_only``.
        InvalidError
            ``reason_missing``, or ``until_passed`` for an end that is over already.
        """
        access.require_admin(actor)
        core = self._core
        now = core.clock()
        said = acts.require_reason(reason)
        if until_ms is not None and until_ms <= now:
            raise InvalidError("until_passed")
        since = core.maintenance.since_ms if core.maintenance else now
        value = {"reason": said, "since_ms": since, "until_ms": until_ms}

        def work(tx: Tx) -> None:
            tx.meta.set(_KEY, value)
            tx.audit.add(now, actor.person.id, "maintenance.begin", _KEY, said, value)

        await core.store.write(work)
        await self._take_effect()
        return self.notice(actor.lang)

    async def end_maintenance(self, actor: Actor) -> None:
        """Let everything start again; harmless when nothing was paused."""
        access.require_admin(actor)
        core = self._core

        def work(tx: Tx) -> None:
            if tx.meta.get(_KEY):
                tx.meta.set(_KEY, None)
                tx.audit.add(core.clock(), actor.person.id, "maintenance.end", _KEY)

        await core.store.write(work)
        await self._take_effect()

    # -- devices ---------------------------------------------------------------------------------

    async def devices(self, actor: Actor) -> list[dict[str, Any]]:
        """Return every device, who holds it, and whether and why it is out of the pool."""
        access.require_admin(actor)
        known = await self._core.engine.admission.devices()

        def work(tx: Tx) -> list[dict[str, Any]]:
            marks = {mark.device: mark for mark in tx.device_marks.all()}
            leases = [lease for lease in tx.leases.unfinished() if lease.holds_devices]
            holders = {device: lease for lease in leases for device in lease.device_ids}
            rows = [_row(tx, d, marks.pop(d.id, None), holders.get(d.id)) for d in known]
            # What is marked and not there any more: the broken card that was pulled.
            gone = [Device(id=name, flavor="", is_healthy=False) for name in marks]
            return rows + [_row(tx, d, marks[d.id], holders.get(d.id)) for d in gone]

        return await self._core.store.read(work)

    async def drain(self, actor: Actor, device: str, *, reason: str) -> dict[str, Any]:
        """Give a device to nobody any more; a lease that holds it keeps it.

        Raises
        ------
        RefusedError
            ``admin_only``.
        NotFoundError
            ``device_unknown`` with the devices that there are.
        InvalidError
            ``reason_missing``.
        """
        access.require_admin(actor)
        said = acts.require_reason(reason)
        known = [item.id for item in await self._core.engine.admission.devices()]
        if device not in known:
            raise NotFoundError("device_unknown", given=device[:60], known=known[:32])
        now = self._core.clock()

        def work(tx: Tx) -> None:
            # A service that acts for a person names one that the database knows.
            person = tx.people.ensure(actor.person.hub_name, now)
            mark = DeviceMark(device=device, reason=said, person=person.id, at_ms=now)
            tx.device_marks.put(mark)
            tx.audit.add(now, person.id, "device.drain", device, said)

        await self._core.store.write(work)
        await self._take_effect()
        return await self._device(actor, device)

    async def put_back(self, actor: Actor, device: str) -> dict[str, Any]:
        """Give a device out again.

        Raises
        ------
        RefusedError
            ``admin_only``.
        NotFoundError
            ``device_not_out`` when it is not out of the pool.
        """
        access.require_admin(actor)
        now = self._core.clock()

        def work(tx: Tx) -> None:
            if not tx.device_marks.drop(device):
                out = [mark.device for mark in tx.device_marks.all()]
                raise NotFoundError("device_not_out", given=device[:60], known=out[:32])
            tx.audit.add(now, actor.person.id, "device.return", device)

        await self._core.store.write(work)
        await self._take_effect()
        return await self._device(actor, device)

    async def _device(self, actor: Actor, device: str) -> dict[str, Any]:
        rows = await self.devices(actor)
        return next((row for row in rows if row["id"] == device), {"id": device})

    async def _take_effect(self) -> None:
        await self.restore()
        self._core.changed("queue", "leases")


def _row(tx: Tx, device: Device, mark: DeviceMark | None, holder: Lease | None) -> dict[str, Any]:
    person = tx.people.get(holder.person) if holder else None
    by = tx.people.get(mark.person) if mark else None
    return {
        "id": device.id,
        "flavor": device.flavor,
        "is_present": bool(device.flavor),
        "state": "out" if mark else "held" if holder else "free",
        "reason": mark.reason if mark else "",
        "by": by.hub_name if by else "",
        "since_ms": mark.at_ms if mark else None,
        "lease": holder.id if holder else "",
        "person": person.hub_name if person else "",
    }
