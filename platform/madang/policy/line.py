"""The waiting leases of one project in one flavor, kept sorted so that nobody sorts at a tick.

Used by :mod:`madang.policy.pool` only. Order: class, then the member's measure, then the time of
the request, then the id. The measure changes with time, so only each member's own leases are kept
in order; members are merged when somebody asks.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator

from madang.domain.lease import LeaseClass
from madang.domain.queue import QueueItem

Entry = tuple[int, str, QueueItem]
"""Time of request and id (never equal twice, so items are never compared), and the lease."""

CLASSES = (LeaseClass.INTERACTIVE, LeaseClass.BATCH)


class Line:
    """Leases that wait; held-back ones are not in it."""

    __slots__ = ("_by_class", "_sizes")

    def __init__(self) -> None:
        self._by_class: dict[LeaseClass, dict[str, list[Entry]]] = {kind: {} for kind in CLASSES}
        self._sizes: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._sizes)

    def __contains__(self, item: QueueItem) -> bool:
        entries = self._by_class[item.lease_class].get(item.person, [])
        at = bisect_left(entries, (item.submitted_ms, item.lease_id))
        return at < len(entries) and entries[at][2] == item

    @property
    def smallest(self) -> int:
        """Devices of the smallest lease; only asked of a line that is not empty."""
        return min(self._sizes)

    def add(self, item: QueueItem) -> None:
        """Put a lease in that is not there."""
        entries = self._by_class[item.lease_class].setdefault(item.person, [])
        insort(entries, (item.submitted_ms, item.lease_id, item))
        self._sizes[item.devices] = self._sizes.get(item.devices, 0) + 1

    def remove(self, item: QueueItem) -> None:
        """Take a lease out that is there."""
        people = self._by_class[item.lease_class]
        entries = people[item.person]
        del entries[bisect_left(entries, (item.submitted_ms, item.lease_id))]
        if not entries:
            del people[item.person]
        self._sizes[item.devices] -= 1
        if not self._sizes[item.devices]:
            del self._sizes[item.devices]

    def ordered(
        self, measure: Callable[[str], float], room: Callable[[str], int | float]
    ) -> Iterator[QueueItem]:
        """Yield the leases that the caps per person allow, in order.

        Parameters
        ----------
        measure
            What orders a member against another; less goes first.
        room
            Devices that a member may still take.
        """
        for kind in CLASSES:
            people = self._by_class[kind]
            if len(people) == 1:
                ((person, entries),) = people.items()
                limit = room(person)
                if limit > 0:
                    yield from (entry[2] for entry in entries if entry[2].devices <= limit)
            elif people:
                yield from _merged(people, measure, room)

    def copy(self) -> "Line":
        """Return an independent copy."""
        other = Line()
        other._by_class = {
            kind: {person: entries.copy() for person, entries in people.items()}
            for kind, people in self._by_class.items()
        }
        other._sizes = self._sizes.copy()
        return other


def _merged(
    people: dict[str, list[Entry]],
    measure: Callable[[str], float],
    room: Callable[[str], int | float],
) -> Iterator[QueueItem]:
    limits = {person: room(person) for person in people}
    heap = [
        (measure(person), *entries[0][:2], person, 0)
        for person, entries in people.items()
        if limits[person] > 0
    ]
    heapq.heapify(heap)
    while heap:
        share, _, _, person, index = heap[0]
        entries = people[person]
        item = entries[index][2]
        if index + 1 < len(entries):
            heapq.heapreplace(heap, (share, *entries[index + 1][:2], person, index + 1))
        else:
            heapq.heappop(heap)
        if item.devices <= limits[person]:
            yield item
