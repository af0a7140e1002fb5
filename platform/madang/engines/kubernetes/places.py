"""Who waits in Kueue's order, and what each is told: a place from here, times from the forecast.

Tens of thousands may wait, and each page asks for a few of them. So the order is kept up to date
one lease at a time, and what one is told is put together when somebody asks for it.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from madang.domain.lease import Standing, WaitReason
from madang.domain.queue import QueueItem
from madang.engines.kubernetes.wanted import order
from madang.engines.ports import Placed

Place = tuple[int, int, str]


class Order:
    """The waiting leases of each flavor, always sorted."""

    def __init__(self) -> None:
        self._items: dict[str, QueueItem] = {}
        self._lines: dict[str, list[Place]] = {}
        self._shown: dict[str, tuple[Place, ...]] = {}
        self.changes = 0

    def put(self, lease_id: str, item: QueueItem | None) -> None:
        """Take note of how a lease waits; None when it does not."""
        before = self._items.get(lease_id)
        if before is item:
            return
        self.changes += 1
        if before is not None:
            line = self._lines[before.flavor]
            del line[bisect_left(line, order(before))]
            self._shown.pop(before.flavor, None)
            del self._items[lease_id]
        if item is not None:
            self._items[lease_id] = item
            insort(self._lines.setdefault(item.flavor, []), order(item))
            self._shown.pop(item.flavor, None)

    def now(self) -> "tuple[Mapping[str, QueueItem], Mapping[str, tuple[Place, ...]]]":
        """Return who waits, and the order of each flavor as it is now; neither changes any more."""
        for flavor, line in self._lines.items():
            if flavor not in self._shown:
                self._shown[flavor] = tuple(line)
        return self._items.copy(), dict(self._shown)


class Told(Placed):
    """What every waiting lease is told at one moment, read-only and safe for threads.

    Parameters
    ----------
    times
        The last forecast; who came after it has a place and no times yet.
    free
        Returns the devices of a flavor that nobody holds.
    """

    def __init__(
        self, waiting: Order, times: Mapping[str, Standing], free: Callable[[str], int]
    ) -> None:
        self._items, self._lines = waiting.now()
        self._free = {flavor: free(flavor) for flavor in self._lines}
        self._times = times

    def __getitem__(self, lease_id: str) -> Standing:
        item = self._items[lease_id]
        line = self._lines[item.flavor]
        position, waiting = bisect_left(line, order(item)) + 1, len(line)
        known = self._times.get(lease_id)
        if known is not None:
            return replace(known, position=position, waiting=waiting)
        return Standing(
            lease_id=lease_id,
            position=position,
            waiting=waiting,
            reason=WaitReason.HELD_BACK if item.is_held_back else WaitReason.DEVICES_BUSY,
            devices_free=self._free[item.flavor],
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def positions(self) -> Mapping[str, int]:
        """Return the position of each in the line of its flavor."""
        lines = self._lines.values()
        return {place[2]: number for line in lines for number, place in enumerate(line, start=1)}
