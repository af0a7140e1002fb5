"""Whose turn it is in one flavor at one instant.

Used by :mod:`madang.policy.fair_queue` only. Two rounds: leases within their project's guarantee,
then all others. In both, the project with the least usage per weight gives its first lease.
"""

import heapq
from collections.abc import Callable, Iterable

from madang.domain.queue import QueueItem
from madang.policy.pool import Head, Pool
from madang.policy.shares import Account


class Chooser:
    """Gives one lease after another; the caller starts each or stops at the first that waits.

    Parameters
    ----------
    within
        Whether only leases within a guarantee are given.
    """

    __slots__ = ("_account", "_flavor", "_half_life_ms", "_heap", "_now_ms", "_pool", "_within")

    def __init__(
        self,
        pool: Pool,
        flavor: str,
        account: Callable[[str], Account],
        now_ms: int,
        half_life_ms: int,
        *,
        within: bool,
    ) -> None:
        self._pool = pool
        self._flavor = flavor
        self._account = account
        self._now_ms = now_ms
        self._half_life_ms = half_life_ms
        self._within = within
        self._heap: list[tuple[float, str]] | None = None

    def next(self) -> QueueItem | None:
        """Return the lease whose turn it is; start it before asking again."""
        head = self._pool.guaranteed_head if self._within else self._pool.head
        if head is not None:
            if self._is_still_head(head):
                return head.item
            if self._within:
                self._pool.guaranteed_head = None
            else:
                self._pool.head = None
        if self._heap is None:
            self._heap = [(self._measure(name), name) for name in self._names()]
            heapq.heapify(self._heap)
        return self._from_heap(self._heap)

    def _names(self) -> Iterable[str]:
        lines = self._pool.lines
        if not self._within:
            return lines
        return [n for n, line in lines.items() if line.smallest <= self._guarantee_left(n)]

    def _from_heap(self, heap: list[tuple[float, str]]) -> QueueItem | None:
        while heap:
            measure, project = heap[0]
            line = self._pool.lines.get(project)
            if line is None:
                heapq.heappop(heap)
                continue
            current = self._measure(project)
            if current != measure:
                # It was given devices in this round; starts only ever raise a measure.
                heapq.heapreplace(heap, (current, project))
                continue
            item = self._first_of(project)
            if item is not None:
                return item
            # Starts make caps and guarantees only tighter: it gives nothing more in this round.
            heapq.heappop(heap)
        return None

    def _measure(self, project: str) -> float:
        return self._account(project).measure(self._now_ms, self._half_life_ms)

    def _first_of(self, project: str) -> QueueItem | None:
        """Return the first lease of a project, passing over what only a cap per person stops.

        The cap of the project is collected for as devices are for a head: what comes behind a
        lease that waits for it may not use it up.
        """
        pool, account = self._pool, self._account(project)
        line = pool.lines[project]
        limit = pool.capacity
        if self._within:
            limit = self._guarantee_left(project)
            head = pool.head
            if head and head.item.project == project and self._is_allowed(head.item):
                # A project's small leases may not starve its own gang by way of the guarantee.
                return head.item if head.item.devices <= limit else None

        def measure(person: str) -> float:
            return account.member(person).measure(self._now_ms, self._half_life_ms)

        for item in line.ordered(measure, account.person_room):
            if item.devices > account.project_room:
                return None
            if item.devices <= limit:
                return item
        return None

    def _guarantee_left(self, project: str) -> int:
        guaranteed = self._account(project).share.guaranteed.get(self._flavor, 0)
        return min(guaranteed - self._pool.held.get(project, 0), self._pool.capacity)

    def _is_still_head(self, head: Head) -> bool:
        item = head.item
        if self._within and item.devices > self._guarantee_left(item.project):
            return False
        return self._is_allowed(item)

    def _is_allowed(self, item: QueueItem) -> bool:
        account = self._account(item.project)
        return item.devices <= min(
            self._pool.capacity, account.project_room, account.person_room(item.person)
        )
