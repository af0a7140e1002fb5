"""Who waits in which order, and what each is told: a place from here, times from the forecast.

The order is that of our queue, as the last forecast found it, and behind those whom it knew come
the newcomers by class and time of request. Tens of thousands may wait, and each page asks for a few
of them. So the order is kept up to date one lease at a time, and what one is told is put together
when somebody asks for it.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from madang.domain.lease import Standing, WaitReason
from madang.domain.queue import QueueItem
from madang.engines.kubernetes.wanted import order
from madang.engines.ports import Placed

Place = tuple[int, int, int, str]
"""Position in the forecast, then what orders those who came later."""

LAST = 1 << 62


class Order:
    """The waiting leases of each flavor, always sorted."""

    def __init__(self) -> None:
        self._items: dict[str, QueueItem] = {}
        self._lines: dict[str, list[Place]] = {}
        self._shown: dict[str, tuple[Place, ...]] = {}
        self._places: dict[str, Place] = {}
        self._known: Mapping[str, Standing] = {}
        self.changes = 0

    def rank(self, known: Mapping[str, Standing]) -> None:
        """Sort by the positions of another forecast; the same again costs nothing."""
        if known is self._known:
            return
        self._known = known
        self.changes += 1
        self._lines, self._shown = {}, {}
        for lease_id, item in self._items.items():
            later = self._places[lease_id][1:]
            place = self._places[lease_id] = (self._position(lease_id), *later)
            self._lines.setdefault(item.flavor, []).append(place)
        for line in self._lines.values():
            line.sort()

    def _position(self, lease_id: str) -> int:
        known = self._known.get(lease_id)
        return LAST if known is None or known.position is None else known.position

    def put(self, lease_id: str, item: QueueItem | None) -> None:
        """Take note of how a lease waits; None when it does not."""
        before = self._items.get(lease_id)
        if before is item:
            return
        self.changes += 1
        if before is not None:
            line = self._lines[before.flavor]
            del line[bisect_left(line, self._places.pop(lease_id))]
            self._shown.pop(before.flavor, None)
            del self._items[lease_id]
        if item is not None:
            self._items[lease_id] = item
            place = self._places[lease_id] = (self._position(lease_id), *order(item))
            insort(self._lines.setdefault(item.flavor, []), place)
            self._shown.pop(item.flavor, None)

    def now(
        self,
    ) -> "tuple[Mapping[str, QueueItem], Mapping[str, Place], Mapping[str, tuple[Place, ...]]]":
        """Return who waits, the place of each, and each line; none of them changes any more."""
        for flavor, line in self._lines.items():
            if flavor not in self._shown:
                self._shown[flavor] = tuple(line)
        return self._items.copy(), self._places.copy(), dict(self._shown)


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
        self._items, self._places, self._lines = waiting.now()
        self._free = {flavor: free(flavor) for flavor in self._lines}
        self._times = times

    def __getitem__(self, lease_id: str) -> Standing:
        item = self._items[lease_id]
        line = self._lines[item.flavor]
        position, waiting = bisect_left(line, self._places[lease_id]) + 1, len(line)
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
        return {place[3]: number for line in lines for number, place in enumerate(line, start=1)}
