"""Who pays: projects, members, tiers, quotas, grants, and the balance they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a member may do in a project."""

    OWNER = "owner"
    MANAGER = "manager"
    MEMBER = "member"
    VIEWER = "viewer"
    INSTRUCTOR = "instructor"
    AUDITOR = "auditor"


MAY_USE = frozenset({Role.OWNER, Role.MANAGER, Role.MEMBER, Role.INSTRUCTOR})
"""Roles that may ask for leases."""

MAY_MANAGE = frozenset({Role.OWNER, Role.MANAGER})
"""Roles that may end other members' leases and see their runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human; ``hub_name`` may change, ``id`` never does."""

    id: str
    hub_name: str
    is_admin: bool = False


class Internet(StrEnum):
    """How much of the internet what people run may reach, where networks have rules."""

    OFF = "off"
    ALLOW_LIST = "allow-list"
    ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Default rules of a class of projects; a None cap means no cap.

    Attributes
    ----------
    max_devices_person, max_devices_project
        Devices held at once by one person in the project, and by the project.
    max_hours
        Longest life of one lease in hours.
    preemptible
        Whether lent devices may be asked back from its leases.
    internet
        On a cluster: what its pods may reach outside.
    idle_ms
        A notebook whose devices were not used for so long is ended; None for never.
    """

    name: str
    max_devices_person: int | None = None
    max_devices_project: int | None = None
    max_hours: int = 12
    preemptible: bool = True
    internet: Internet = Internet.OFF
    idle_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project: its guaranteed devices per flavor (``quota``), weight and tier."""

    id: str
    name: str
    title: str
    tier: str
    weight: int = 1
    quota: Mapping[str, int] = field(default_factory=dict)
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One person in one project."""

    person: str
    project: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A budget for a project from a date to a date."""

    id: str
    project: str
    amount_microcredits: int
    from_ms: int
    until_ms: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The budget of a project in micro-credits.

    ``left = granted - used - reserved``; a true charge above the grant goes to ``overrun``
    (contained in ``used``), it is never refused.
    """

    project: str
    granted: int = 0
    reserved: int = 0
    used: int = 0
    overrun: int = 0

    @property
    def left(self) -> int:
        """What may still be reserved; never negative."""
        return max(0, self.granted - self.used - self.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Micro-credits of a project's budget that are set aside for one attempt of a lease."""

    project: str
    lease: str
    attempt: int
    microcredits: int
    until_ms: int
