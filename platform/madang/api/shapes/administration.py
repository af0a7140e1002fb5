"""What administrators see: devices, holders, acts; and whether the service is well."""

from typing import Any, Literal

from madang.api.shapes.base import Count, Percent, Shape, TimeMs
from madang.api.shapes.leases import Lease
from madang.domain.lease import LeaseKind
from madang.domain.queue import QueueTroubleKind


class Mark(Shape):
    """Whether a device was taken out of the pool, by whom and why."""

    id: str
    is_out: bool
    out_reason: str
    out_by: str
    out_since_ms: TimeMs | None


class HeldDevice(Mark):
    """A device and who holds it; empty where nobody does."""

    is_healthy: bool
    lease: str
    person: str
    project: str
    kind: LeaseKind | Literal[""]
    since_ms: TimeMs | None
    utilisation_percent: Percent | None
    memory_bytes: Count | None


class FlavorWithDevices(Shape):
    """One kind of device with all its devices."""

    name: str
    title: str
    is_simulated: bool
    devices: list[HeldDevice]


class QueueTrouble(Shape):
    """An object of the cluster's queue that needs an administrator of the cluster."""

    kind: QueueTroubleKind
    target: str
    said: str
    text: str
    next_step: str


class Overview(Shape):
    """Every device, every lease that has not ended, and what of the queue needs a hand."""

    troubles: list[QueueTrouble]
    flavors: list[FlavorWithDevices]
    gone: list[Mark]
    leases: list[Lease]
    now_ms: TimeMs


class Act(Shape):
    """One act of the trail."""

    id: str
    at_ms: TimeMs
    person: str
    act: str
    target: str
    target_name: str
    reason: str
    details: dict[str, Any]


class Audit(Shape):
    """Acts, the newest first, and the names that acts have."""

    acts: list[str]
    total: Count
    rows: list[Act]


class Device(Shape):
    """A device in the pool, or out of it."""

    id: str
    flavor: str
    is_present: bool
    state: Literal["out", "held", "free"]
    reason: str
    by: str
    since_ms: TimeMs | None
    lease: str
    person: str


class Retention(Shape):
    """What the rule about old outputs deletes; ``keep_days`` 0 keeps them for ever."""

    keep_days: Count
    before_ms: TimeMs
    runs: Count
    objects: Count
    bytes: Count


class Health(Shape):
    """Whether the service can work."""

    ok: bool
    leases: Count
    waiting: Count
    engine: str
