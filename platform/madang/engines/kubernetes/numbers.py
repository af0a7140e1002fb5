"""The device numbers of one flavor: which are out, which are held, and which to give next.

Used by :mod:`madang.engines.kubernetes.nodes` only. There may be tens of thousands, and nothing
here looks at all of them but the list of free ones, which is made anew after nodes came or went.
"""

import heapq
from collections import Counter
from collections.abc import Collection


class Numbers:
    """Names ``<flavor>-<number>``, as many as nodes offer.

    Attributes
    ----------
    offered
        How many there are now; who holds more keeps it.
    """

    def __init__(self, flavor: str) -> None:
        self._flavor = flavor
        self.offered = 0
        # Rows may say that two hold the same; it is free once neither does.
        self._held: Counter[str] = Counter()
        self._drained: frozenset[str] = frozenset()
        self._free: list[int] | None = None

    def names(self) -> list[str]:
        """Return all names, by number."""
        return [f"{self._flavor}-{number}" for number in range(self.offered)]

    def offer(self, count: int) -> None:
        """Take note of how many there are."""
        if count != self.offered:
            self.offered, self._free = count, None

    def drain(self, names: Collection[str]) -> None:
        """Give none of these out; those of other flavors are left out."""
        ours = (name for name in names if name.rpartition("-")[0] == self._flavor)
        self._drained, self._free = frozenset(ours), None

    @property
    def healthy(self) -> int:
        """How many are not out."""
        return self.offered - sum(map(self._is_offered, self._drained))

    @property
    def usable(self) -> int:
        """How many may be in use at once: one that is out counts while it is held."""
        out = (name for name in self._drained if not self._held[name])
        return self.offered - sum(map(self._is_offered, out))

    def take(self, count: int) -> tuple[str, ...]:
        """Hold free ones, the lowest first; beyond what there is when nodes have gone."""
        free, found = self._free_numbers(), list[str]()
        while len(found) < count and free:
            name = f"{self._flavor}-{heapq.heappop(free)}"
            if not self._held[name]:
                found.append(name)
        number = self.offered
        while len(found) < count:
            name = f"{self._flavor}-{number}"
            if not self._held[name]:
                found.append(name)
            number += 1
        self.keep(found)
        return tuple(found)

    def keep(self, names: Collection[str]) -> None:
        """Take note that somebody holds these."""
        self._held.update(names)

    def let_go(self, names: Collection[str]) -> None:
        """Take note that somebody holds these no longer."""
        self._held.subtract(names)
        for name in names:
            if self._held[name] > 0:
                continue
            del self._held[name]
            if self._free is not None and name not in self._drained and self._is_offered(name):
                heapq.heappush(self._free, int(name.rpartition("-")[2]))

    def _free_numbers(self) -> list[int]:
        if self._free is None:
            held, out = self._held, self._drained
            names = enumerate(self.names())
            self._free = [number for number, name in names if name not in out and not held[name]]
        return self._free

    def _is_offered(self, name: str) -> bool:
        number = name.rpartition("-")[2]
        return number.isdecimal() and int(number) < self.offered
