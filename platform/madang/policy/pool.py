"""One flavor in the queue: its devices, who holds them, who waits, and who is at the head.

Used by :mod:`madang.policy.fair_queue` only; this is bookkeeping, the rules are there.
"""

from dataclasses import dataclass

from madang.domain.queue import QueueItem
from madang.policy.decisions import Running
from madang.policy.line import Line


@dataclass(frozen=True, slots=True)
class Head:
    """A lease that was first and did not fit; freed devices are collected for it.

    Attributes
    ----------
    since_ms
        When it became the head.
    """

    item: QueueItem
    since_ms: int


class Pool:
    """Devices, holders and waiting leases of one flavor.

    Attributes
    ----------
    guaranteed_head, head
        The lease for which devices are collected: among those within a guarantee, and among the
        others.
    most
        The largest capacity it ever had.
    coming
        Devices that were asked back and are still held.
    """

    __slots__ = (
        "capacity",
        "coming",
        "guaranteed_head",
        "head",
        "held",
        "lines",
        "most",
        "running",
        "used",
    )

    def __init__(self, capacity: int) -> None:
        self.capacity = self.most = capacity
        self.used = 0
        self.coming = 0
        self.held: dict[str, int] = {}
        self.running: dict[str, dict[str, Running]] = {}
        self.lines: dict[str, Line] = {}
        self.guaranteed_head: Head | None = None
        self.head: Head | None = None

    def resize(self, capacity: int) -> None:
        """Change how many devices there are."""
        self.capacity = capacity
        self.most = max(self.most, capacity)

    @property
    def free(self) -> int:
        """Devices that nobody holds; never negative, even when devices were lost."""
        return max(0, self.capacity - self.used)

    def add(self, item: QueueItem) -> None:
        """Let a lease wait."""
        line = self.lines.get(item.project)
        if line is None:
            line = self.lines[item.project] = Line()
        line.add(item)

    def remove(self, item: QueueItem) -> None:
        """Take a waiting lease out; it is no head any more."""
        line = self.lines[item.project]
        line.remove(item)
        if not line:
            del self.lines[item.project]
        if self.guaranteed_head and self.guaranteed_head.item.lease_id == item.lease_id:
            self.guaranteed_head = None
        if self.head and self.head.item.lease_id == item.lease_id:
            self.head = None

    def take(self, running: Running) -> None:
        """Give a lease its devices."""
        item = running.item
        self.used += item.devices
        self.held[item.project] = self.held.get(item.project, 0) + item.devices
        self.running.setdefault(item.project, {})[item.lease_id] = running

    def ask_back(self, running: Running) -> None:
        """Mark a lease as asked back."""
        running.is_asked_back = True
        self.coming += running.item.devices

    def give_back(self, running: Running) -> None:
        """Take the devices of a lease back."""
        item = running.item
        self.used -= item.devices
        self.held[item.project] -= item.devices
        if running.is_asked_back:
            self.coming -= item.devices
        holders = self.running[item.project]
        del holders[item.lease_id]
        if not holders:
            del self.running[item.project], self.held[item.project]

    def view(self) -> "Pool":
        """Return a copy for a walk over who waits: its lines are the same until replaced."""
        other = Pool(self.capacity)
        other.used, other.held, other.lines = self.used, self.held.copy(), self.lines.copy()
        return other

    def copy(self) -> "Pool":
        """Return an independent copy."""
        other = Pool(self.capacity)
        other.most, other.used, other.coming = self.most, self.used, self.coming
        other.held = self.held.copy()
        other.running = {
            project: {lease_id: running.copy() for lease_id, running in holders.items()}
            for project, holders in self.running.items()
        }
        other.lines = {project: line.copy() for project, line in self.lines.items()}
        other.guaranteed_head, other.head = self.guaranteed_head, self.head
        return other
