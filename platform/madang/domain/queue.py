"""What a queue must know of leases and projects, whoever decides (our FairQueue or Kueue)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from madang.domain.lease import LeaseClass, LeaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """A lease as the queue sees it.

    Attributes
    ----------
    attempt
        The attempt that an admission would open (last attempt + 1). It tells a late or doubled
        event of an earlier life from a true one.
    is_preemptible
        Whether its devices may be asked back when they are lent from another's guarantee.
    """

    lease_id: str
    attempt: int
    person: str
    project: str
    kind: LeaseKind
    lease_class: LeaseClass
    flavor: str
    devices: int
    submitted_ms: int
    limit_ms: int
    is_preemptible: bool = True
    is_held_back: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # Thousands go through a pipe at once; the way of a dataclass takes three times as long.
        return _item, _fields_of(self)


_NAMES = tuple(each.name for each in fields(QueueItem))
_fields_of = attrgetter(*_NAMES)


def _item(*values: Any) -> QueueItem:
    return QueueItem(**dict(zip(_NAMES, values, strict=True)))


class QueueTroubleKind(StrEnum):
    """Why an object of the queue is not as it should be."""

    EDITED = "edited"
    """Somebody changed it by hand, and it is left so."""

    REFUSED = "refused"
    """The cluster does not take it, and it is tried again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTrouble:
    """An object of the queue that stays as it should not be until somebody does something.

    Attributes
    ----------
    target
        Kind and name of the object, such as ``clusterqueues/madang-vision``.
    said
        What the cluster said about it.
    """

    kind: QueueTroubleKind
    target: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectShare:
    """What the queue must know of a project.

    Attributes
    ----------
    guaranteed
        Devices per flavor.
    usage_device_ms
        Usage decayed with the policy's half-life, as of the moment it is handed over.
    max_devices_person, max_devices_project
        Caps on devices held at once; None for none.
    """

    project: str
    weight: int = 1
    guaranteed: Mapping[str, int] = field(default_factory=dict)
    usage_device_ms: float = 0.0
    max_devices_person: int | None = None
    max_devices_project: int | None = None
