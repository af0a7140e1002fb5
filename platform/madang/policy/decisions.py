"""What the queue decides, as data; whoever called :meth:`FairQueue.tick` carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from madang.domain.lease import WaitReason
from madang.domain.queue import QueueItem


@dataclass(frozen=True, slots=True)
class Start:
    """The lease holds its devices from now on.

    Attributes
    ----------
    lent
        How many of its devices lie beyond the guarantee of its project and may be asked back.
    """

    lease_id: str
    attempt: int
    lent: int = 0


@dataclass(frozen=True, slots=True)
class AskBack:
    """The devices are needed for another project's guarantee; it is told, saves and ends.

    Attributes
    ----------
    why
        Id of the waiting lease that needs them.
    """

    lease_id: str
    attempt: int
    grace_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The lease can never start and has left the queue; ``code`` is a key of the catalogue."""

    lease_id: str
    attempt: int
    code: str
    details: Mapping[str, object] = field(default_factory=dict)


Decision = Start | AskBack | Refuse


@dataclass(frozen=True, slots=True)
class Waiting:
    """The place of one waiting lease: 1 is considered first in its flavor."""

    lease_id: str
    position: int
    reason: WaitReason


@dataclass(slots=True)
class Running:
    """A lease that holds its devices.

    Attributes
    ----------
    since_ms
        When it started, or when the queue was told of it after a restart.
    is_asked_back
        Its devices are on their way back; they stay held until it is finished.
    """

    item: QueueItem
    since_ms: int
    is_asked_back: bool = False

    def copy(self) -> "Running":
        """Return an independent copy."""
        return Running(self.item, self.since_ms, self.is_asked_back)
