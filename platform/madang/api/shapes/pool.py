"""What there is, who waits, and what one may pick."""

from typing import Literal

from pydantic import Field

from madang.api.shapes.base import Count, Day, Micro, Shape, TimeMs
from madang.domain.lease import LeaseClass, LeaseKind, LeaseState, WaitReason
from madang.domain.project import Role


class Maintenance(Shape):
    """What everybody is told while nothing new starts."""

    reason: str
    since_ms: TimeMs
    until_ms: TimeMs | None
    text: str


class NoticeWords(Shape):
    """The same by language, for pages that carry both."""

    ko: str
    en: str


class _Flavor(Shape):
    name: str
    title: str
    devices_total: Count
    devices_free: Count
    rate_microcredits: Micro
    is_simulated: bool


class Flavor(_Flavor):
    """One kind of device."""

    waiting: Count


class Pool(Shape):
    """All devices of the installation."""

    flavors: list[Flavor]
    strategy: str
    active: Count
    waiting: Count
    now_ms: TimeMs
    login_is_shared: bool
    isolation_is_unproved: bool
    maintenance: Maintenance | None


class QueueRow(Shape):
    """A lease in the queue; what belongs to others is left out."""

    lease_id: str
    mine: bool
    project: str
    person: str
    devices: Count
    kind: LeaseKind
    lease_class: LeaseClass = Field(alias="class")
    state: LeaseState
    submitted_ms: TimeMs
    started_ms: TimeMs | None
    expires_ms: TimeMs | None
    expected_ms: TimeMs | None
    earliest_ms: TimeMs | None
    latest_ms: TimeMs | None


class WaitingRow(QueueRow):
    """A lease that waits."""

    position: Count
    waiting: Count
    reason: WaitReason | Literal[""]
    reason_text: str
    devices_free: Count


class Lane(_Flavor):
    """One kind of device with who waits for it and who has it."""

    waiting_total: Count
    running_total: Count
    waiting: list[WaitingRow]
    running: list[QueueRow]


class Queue(Shape):
    """Who waits and who runs."""

    flavors: list[Lane]
    strategy: str
    now_ms: TimeMs


class Offer(Shape):
    """A profile in a project: what it is, whether one may have it, and when."""

    name: str
    titles: dict[str, str]
    flavor: str
    devices: Count
    cpu_millis: Count
    memory_bytes: Count
    limit_ms: Count
    max_limit_ms: Count
    allowed: bool
    why_not: str
    devices_free: Count
    expected_ms: TimeMs | None
    waits: bool
    rate_microcredits: Micro
    cost_per_hour_microcredits: Micro


class Offered(Shape):
    """An environment that a notebook may begin with."""

    name: str
    title: str


class ProfilesOfProject(Shape):
    """What one may pick in one project."""

    name: str
    title: str
    role: Role
    left_microcredits: Micro
    granted_microcredits: Micro
    environments: list[Offered]
    profiles: list[Offer]


class Profiles(Shape):
    """What one may pick."""

    person: str
    projects: list[ProfilesOfProject]


class _Waits(Shape):
    count: Count
    median_ms: Count | None
    long_ms: Count | None


class WaitsOfDay(_Waits):
    """How long people waited on one day."""

    day: Day


class Waits(_Waits):
    """How long people waited."""

    days: list[WaitsOfDay]
    zone: str
