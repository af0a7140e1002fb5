"""Whose turn it is, where another than the queue carries out what it decides (Kueue on a cluster).

Used by :mod:`madang.policy.fair_queue` only. The rules are those of its tick, and so is the order;
nothing of the queue changes, and copies are made of what a walk touches alone, so that it costs
little however many wait.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from madang.domain.queue import QueueItem
from madang.policy.choose import Chooser
from madang.policy.pool import Head, Pool
from madang.policy.shares import Account


@dataclass(frozen=True, slots=True)
class Front:
    """Whose turn it is in one flavor, the first first.

    Attributes
    ----------
    starting
        Those who fit into what is free.
    reclaiming
        Those within the guarantee of their project who do not fit: lent devices are asked back.
    left, beside
        Those who were left alone and may be still, and others of their projects; nobody waits for
        them.
    head
        Who is the first that does not fit into what is left: that, and what comes free, is
        collected for it. None while nothing is left: then who is first is best found later.
    """

    starting: tuple[QueueItem, ...] = ()
    reclaiming: tuple[QueueItem, ...] = ()
    left: tuple[QueueItem, ...] = ()
    beside: tuple[QueueItem, ...] = ()
    head: QueueItem | None = None


class Walk:
    """One walk over a flavor; call :meth:`go` last, and each method once.

    Parameters
    ----------
    most
        So many are let go beyond guarantees at once: who has a crowd waiting takes long to look at.
    """

    def __init__(
        self,
        pool: Pool,
        flavor: str,
        account: Callable[[str], Account],
        now_ms: int,
        half_life_ms: int,
        most: int,
    ) -> None:
        self._most = most
        self._pool, self._flavor, self._real = pool.view(), flavor, account
        self._now_ms, self._half_life_ms = now_ms, half_life_ms
        self._copies: dict[str, Account] = {}
        self._own_lines: set[str] = set()
        # Of projects that are left alone: devices of leases that may still be let go at once.
        self._beside: dict[str, int] = {}
        self._left: list[QueueItem] = []
        self._starting: list[QueueItem] = []
        self._reclaiming: list[QueueItem] = []
        self._given_beside: list[QueueItem] = []

    def leave(self, items: Iterable[QueueItem]) -> None:
        """Leave these alone, and their projects; they count for nothing, not even for caps."""
        for item in items:
            if self._has_room(item) and item.devices <= self._pool.capacity:
                self._left.append(item)
                self._own_line(item.project)
                self._pool.remove(item)
                self._beside[item.project] = self._pool.free

    def count(self, items: Iterable[QueueItem]) -> None:
        """Count these of other flavors for the caps of their project and its people."""
        for item in items:
            self._own(item.project).hold(
                item.person, item.devices, self._now_ms, self._half_life_ms
            )

    def keep(self, items: Iterable[QueueItem]) -> None:
        """Let it be the turn of these still, as far as they fit."""
        for item in items:
            free = self._beside.get(item.project, self._pool.free)
            if item.devices > free or not self._has_room(item):
                continue
            if item.project in self._beside:
                self._pass(item)
            else:
                self._give(self._starting, item, item.devices)

    def go(self, head: Head | None) -> Front:
        """Find who else is next, and return all.

        Parameters
        ----------
        head
            For whom devices were collected before.
        """
        # It may have been let go just now.
        line = head and self._pool.lines.get(head.item.project)
        self._pool.head = head if line and head and head.item in line else None
        self._reclaim()
        return Front(
            head=self._fill(),
            left=tuple(self._left),
            starting=tuple(self._starting),
            reclaiming=tuple(self._reclaiming),
            beside=tuple(self._given_beside),
        )

    def _reclaim(self) -> None:
        """Take all within a guarantee, whether they fit or not."""
        chooser = self._chooser(within=True)
        while (item := chooser.next()) is not None:
            if item.project in self._beside:
                self._give(self._given_beside, item, 0)
            elif item.devices <= self._pool.free:
                self._give(self._starting, item, item.devices)
            else:
                self._give(self._reclaiming, item, item.devices)

    def _fill(self) -> QueueItem | None:
        """Take who fits, and return the first that does not."""
        chooser = self._chooser(within=False)
        most = len(self._starting) + self._most
        while self._pool.free and len(self._starting) < most:
            item = chooser.next()
            if item is None:
                return None
            if item.project in self._beside:
                self._pass(item)
            elif item.devices <= self._pool.free:
                self._give(self._starting, item, item.devices)
            else:
                return item
        return None

    def _pass(self, item: QueueItem) -> None:
        """Let a lease of a project that is left alone go, but not endlessly many."""
        left = self._beside[item.project]
        if item.devices <= left:
            self._beside[item.project] = left - item.devices
            self._give(self._given_beside, item, 0)
            return
        del self._pool.lines[item.project]
        if self._pool.head is not None and self._pool.head.item.project == item.project:
            self._pool.head = None

    def _give(self, to: list[QueueItem], item: QueueItem, counted: int) -> None:
        to.append(item)
        self._take(item, counted)

    def _take(self, item: QueueItem, counted: int) -> None:
        pool, project = self._pool, item.project
        self._own_line(project)
        pool.remove(item)
        pool.used += counted
        pool.held[project] = pool.held.get(project, 0) + item.devices
        self._own(project).hold(item.person, item.devices, self._now_ms, self._half_life_ms)

    def _own_line(self, project: str) -> None:
        if project not in self._own_lines:
            self._own_lines.add(project)
            self._pool.lines[project] = self._pool.lines[project].copy()

    def _has_room(self, item: QueueItem) -> bool:
        account = self._account(item.project)
        return item.devices <= min(account.project_room, account.person_room(item.person))

    def _own(self, project: str) -> Account:
        if project not in self._copies:
            self._copies[project] = self._real(project).copy()
        return self._copies[project]

    def _account(self, project: str) -> Account:
        return self._copies.get(project) or self._real(project)

    def _chooser(self, *, within: bool) -> Chooser:
        return Chooser(
            self._pool,
            self._flavor,
            self._account,
            self._now_ms,
            self._half_life_ms,
            within=within,
        )
