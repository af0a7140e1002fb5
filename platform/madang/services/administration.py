"""What administrators see: every device and who holds it, every lease, and the trail of acts."""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Lease, Standing
from madang.domain.profile import Device
from madang.domain.queue import QueueTrouble
from madang.domain.spreadsheet import to_csv
from madang.domain.upkeep import DeviceMark
from madang.i18n import text
from madang.services import access, views
from madang.services.core import Core
from madang.services.leases import UNFINISHED
from madang.services.requests import Actor
from madang.store import Tx

AUDIT_ROWS = 200
CSV_ROWS = 20_000
CSV_COLUMNS = ("at_ms", "person", "act", "target", "target_name", "reason", "details")


_UNMARKED = {"is_out": False, "out_reason": "", "out_by": "", "out_since_ms": None}


class Administration:
    """Reads for administrators, and nobody else."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def overview(self, actor: Actor) -> dict[str, Any]:
        """Return the devices by flavor with their holders, and all unfinished leases."""
        access.require_admin(actor)
        core = self._core
        now = core.clock()
        devices = await core.engine.admission.devices()
        standings = await core.engine.admission.standings(now)
        troubles = [_trouble(one, actor.lang) for one in await core.engine.admission.troubles()]

        def work(tx: Tx) -> dict[str, Any]:
            leases = tx.leases.find(state=UNFINISHED, limit=None)
            names = views.Names(tx, actor, leases)
            shown = [views.lease_view(core, tx, actor, lease, standings, names) for lease in leases]
            marks = {mark.device: _mark(tx, mark) for mark in tx.device_marks.all()}
            return {
                "troubles": troubles,
                "flavors": self._flavors(devices, leases, shown, marks),
                # Marked, and not there any more: the broken card that was pulled.
                "gone": [{"id": name, **mark} for name, mark in marks.items()],
                "leases": sorted(shown, key=_order),
                "now_ms": now,
            }

        return await core.store.read(work)

    def _flavors(
        self,
        devices: Any,
        leases: list[Lease],
        shown: list[dict[str, Any]],
        marks: dict[str, dict[str, Any]],
    ) -> list[dict[str, Any]]:
        holders = {
            device: view
            for lease, view in zip(leases, shown, strict=True)
            if lease.holds_devices
            for device in lease.device_ids
        }
        return [
            {
                "name": flavor.name,
                "title": flavor.title,
                "is_simulated": flavor.is_simulated,
                "devices": [
                    self._device(device, holders.get(device.id)) | marks.pop(device.id, _UNMARKED)
                    for device in devices
                    if device.flavor == flavor.name
                ],
            }
            for flavor in self._core.flavors.values()
            if any(device.flavor == flavor.name for device in devices)
        ]

    def _device(self, device: Device, holder: Mapping[str, Any] | None) -> dict[str, Any]:
        samples = self._core.live.samples.get(holder["id"], []) if holder else []
        mine = [sample for sample in samples if sample.device_id == device.id]
        last = mine[-1] if mine else None
        return {
            "id": device.id,
            "is_healthy": device.is_healthy,
            "lease": holder["id"] if holder else "",
            "person": holder["person"] if holder else "",
            "project": holder["project"] if holder else "",
            "kind": holder["kind"] if holder else "",
            "since_ms": holder["started_ms"] if holder else None,
            "utilisation_percent": last.utilisation_percent if last else None,
            "memory_bytes": last.memory_bytes if last else None,
        }

    async def audit(
        self, actor: Actor, *, act: str = "", words: str = "", limit: int = AUDIT_ROWS
    ) -> dict[str, Any]:
        """Return acts, the newest first.

        Parameters
        ----------
        act
            Only acts of this name.
        words
            Only acts in whose people, target or reason this text stands.
        """
        access.require_admin(actor)

        def work(tx: Tx) -> dict[str, Any]:
            names: dict[str, str] = {}
            kept = tx.audit.find(act=act or None, limit=CSV_ROWS)
            rows = [self._act(tx, row, names) for row in kept]
            wanted = words.strip().casefold()
            found = [row for row in rows if wanted in _said(row)] if wanted else rows
            return {"acts": tx.audit.names(), "total": len(found), "rows": found[:limit]}

        return await self._core.store.read(work)

    def _act(self, tx: Tx, row: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
        def name(key: str) -> str:
            if key not in names:
                names[key] = _name(tx, key)
            return names[key]

        details = {
            key: name(value) if key == "person" and isinstance(value, str) else value
            for key, value in row["details"].items()
        }
        return {
            "id": row["id"],
            "at_ms": row["at_ms"],
            "person": name(row["person"]) or row["person"],
            "act": row["act"],
            "target": row["target"],
            "target_name": name(row["target"]),
            "reason": row["reason"],
            "details": details,
        }

    async def audit_csv(self, actor: Actor, *, act: str = "", words: str = "") -> str:
        """Return the same acts as comma-separated values, safe to open in a spreadsheet."""
        found = await self.audit(actor, act=act, words=words, limit=CSV_ROWS)
        return to_csv(CSV_COLUMNS, found["rows"])


def _trouble(one: QueueTrouble, lang: str) -> dict[str, Any]:
    key = f"queue_trouble.{one.kind}"
    return {
        "kind": str(one.kind),
        "target": one.target,
        "said": one.said,
        "text": text(key, lang, target=one.target),
        "next_step": text(f"{key}.next", lang, target=one.target),
    }


def _mark(tx: Tx, mark: DeviceMark) -> dict[str, Any]:
    by = tx.people.get(mark.person)
    return {
        "is_out": True,
        "out_reason": mark.reason,
        "out_by": by.hub_name if by else "",
        "out_since_ms": mark.at_ms,
    }


def _name(tx: Tx, key: str) -> str:
    """Return what people call the thing of an id; empty when it has no name."""
    noun = key.split("-", 1)[0]
    if noun == "person":
        person = tx.people.get(key)
        return person.hub_name if person else ""
    if noun == "project":
        project = tx.projects.get(key)
        return project.name if project else ""
    if noun == "lease":
        lease = tx.leases.get(key)
        return f"{lease.kind} {lease.name}".strip() if lease else ""
    if noun == "sweep":
        sweep = tx.sweeps.get(key)
        return sweep.name if sweep else ""
    return ""


def _said(row: Mapping[str, Any]) -> str:
    keys = ("person", "act", "target", "target_name", "reason", "details")
    return " ".join(str(row[key]) for key in keys).casefold()


def _order(view: Mapping[str, Any]) -> tuple[bool, int, int]:
    standing: Mapping[str, Any] | Standing | None = view["standing"]
    place = standing["position"] if isinstance(standing, Mapping) else 0
    return view["state"] == "queued", place, view["submitted_ms"]
