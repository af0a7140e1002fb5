"""Who starts next, and why not: the queue of the local engine, the forecast and the replay.

A deterministic object without clock or I/O. The rules, in order:

1. A lease within its project's guarantee goes before all others. When it does not fit, devices
   that were lent beyond other projects' guarantees are asked back.
2. Then the project with the least decayed usage per weight. A device held now counts 15 minutes
   in advance, so that a burst at one instant is divided and not taken by whoever comes first.
3. Inside a project: interactive before batch, then the member with the least decayed usage, then
   the earlier request.
4. All devices of a lease or none. The first lease that does not fit becomes the *head* of its
   flavor: devices that come free are collected for it and nothing passes it, except leases within
   the guarantee of another project. It stays the head until it starts, however shares move.
5. Leases that are held back, at the cap of their person, or larger than what is left of a pool
   that lost devices are passed over. A lease at the cap of its project lets other projects pass,
   but nothing of its own project.
6. Leases without devices (flavor ``cpu``) start at once.

So devices stay idle only while they are collected for a head, or when caps stop all who wait.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from madang.domain.queue import ProjectShare, QueueItem
from madang.policy.ask_back import Borrower, choose_to_ask_back
from madang.policy.choose import Chooser
from madang.policy.decisions import AskBack, Decision, Running, Start, Waiting
from madang.policy.front import Front, Walk
from madang.policy.places import places
from madang.policy.pool import Head, Pool
from madang.policy.refusals import why_refused
from madang.policy.shares import Account

HALF_LIFE_MS = 7 * 86_400_000


class FairQueue:
    """Waiting and running leases of all flavors.

    Calls may repeat; an event about a lease that is not there does nothing. Time never runs
    backwards: an earlier ``now_ms`` counts as the latest one seen.

    Parameters
    ----------
    capacity
        Devices by flavor; ``cpu`` is always known.
    half_life_ms
        Time in which past usage loses half its weight.
    lend_patience_ms
        How long a lease within its guarantee waits before lent devices are asked back.
    grace_ms
        Time to save that an ask-back grants.
    """

    def __init__(
        self,
        capacity: Mapping[str, int],
        *,
        half_life_ms: int = HALF_LIFE_MS,
        lend_patience_ms: int = 0,
        grace_ms: int = 60_000,
    ) -> None:
        self._half_life_ms = half_life_ms
        self._lend_patience_ms = lend_patience_ms
        self.grace_ms = grace_ms
        self._now_ms = 0
        self._pools: dict[str, Pool] = {"cpu": Pool(0)}
        self._accounts: dict[str, Account] = {}
        self._waiting: dict[str, QueueItem] = {}
        self._waiting_count: Counter[str] = Counter()
        self._running: dict[str, Running] = {}
        # Submitted or to be judged again at the next tick; not yet in a line.
        self._fresh: dict[str, QueueItem] = {}
        # The next attempt of leases whose present one has not ended yet.
        self._returning: dict[str, QueueItem] = {}
        self._is_changed = False
        for flavor, devices in capacity.items():
            self.set_capacity(flavor, devices)

    # -- what the caller knows -------------------------------------------------------------------

    def set_capacity(self, flavor: str, devices: int) -> None:
        """Set the devices of a flavor.

        Leases that wait for more than a shrunken pool has go on waiting: lost devices may come
        back, and a lease is refused only for what was asked of it.
        """
        self._is_changed = True
        pool = self._pools.get(flavor)
        if pool is None:
            self._pools[flavor] = Pool(devices)
            self._pools = dict(sorted(self._pools.items()))
        else:
            pool.resize(devices)

    def set_share(self, share: ProjectShare, now_ms: int) -> None:
        """Replace what is known of a project, its usage included."""
        now_ms = self._advance(now_ms)
        account = self._account(share.project)
        before, account.share = account.share, share
        account.usage.device_ms, account.usage.at_ms = share.usage_device_ms, now_ms
        self._is_changed = True
        caps = (share.max_devices_person, share.max_devices_project)
        if caps != (before.max_devices_person, before.max_devices_project):
            for item in [i for i in self._waiting.values() if i.project == share.project]:
                self._remove(item)
                self._wait(item)

    def submit(self, item: QueueItem, now_ms: int) -> None:
        """Let a lease wait. The same again changes nothing, a changed one replaces the first.

        A later attempt of a lease that still holds its devices waits until they are given back.
        """
        if item.devices < 0:
            raise ValueError(f"a lease cannot hold {item.devices} devices")
        self._advance(now_ms)
        running = self._running.get(item.lease_id)
        if running is not None:
            if item.attempt > running.item.attempt:
                self._returning[item.lease_id] = item
            return
        before = self._waiting.get(item.lease_id)
        if before == item:
            return
        if before is not None:
            self._remove(before)
        self._wait(item)

    def started(self, item: QueueItem, now_ms: int) -> None:
        """Take note of a lease that holds its devices already, after a restart."""
        now_ms = self._advance(now_ms)
        before = self._waiting.get(item.lease_id)
        if before is not None:
            self._remove(before)
        if item.lease_id not in self._running:
            self._take(item, now_ms)
            self._is_changed = True

    def prolong(self, lease_id: str, limit_ms: int) -> None:
        """Take note of a new limit of a lease that holds devices; harmless when it holds none."""
        running = self._running.get(lease_id)
        if running is not None:
            running.item = replace(running.item, limit_ms=limit_ms)

    def withdraw(self, lease_id: str, now_ms: int) -> None:
        """Take a waiting lease out; harmless when it does not wait."""
        self._advance(now_ms)
        self._returning.pop(lease_id, None)
        item = self._waiting.get(lease_id)
        if item is not None:
            self._remove(item)
            self._is_changed = True

    def finished(self, lease_id: str, now_ms: int) -> None:
        """Give the devices of a lease back; harmless when it holds none."""
        now_ms = self._advance(now_ms)
        running = self._running.pop(lease_id, None)
        if running is None:
            return
        item = running.item
        self._pool(item.flavor).give_back(running)
        self._account(item.project).hold(item.person, -item.devices, now_ms, self._half_life_ms)
        self._is_changed = True
        again = self._returning.pop(lease_id, None)
        if again is not None:
            self._wait(again)

    # -- what it answers -------------------------------------------------------------------------

    def tick(self, now_ms: int) -> list[Decision]:
        """Decide what happens now; a lease that is told to start counts as running from here on."""
        now_ms = self._advance(now_ms)
        if not self._is_changed and not self._lend_patience_ms:
            return []
        self._is_changed = False
        decisions: list[Decision] = []
        self._judge(now_ms, decisions)
        for flavor, pool in self._pools.items():
            if pool.lines:
                self._serve(flavor, pool, now_ms, decisions)
        return decisions

    def waiting(self, flavor: str, now_ms: int) -> list[Waiting]:
        """Return the waiting leases of a flavor in the order in which they are considered."""
        pool = self._pools.get(flavor)
        if pool is None:
            return []
        play = self.copy()
        play._pools = {name: p for name, p in play._pools.items() if name == flavor}
        items = self.waiting_items(flavor)
        # As if there were devices for all, while no lease may be larger than the pool.
        play._pools[flavor].used = pool.capacity - sum(item.devices for item in items)
        order = [d.lease_id for d in play.tick(now_ms) if isinstance(d, Start)]
        return places(items, order, pool, self._account)

    def front(
        self,
        flavor: str,
        now_ms: int,
        given: Iterable[str] = (),
        left: Iterable[str] = (),
        elsewhere: Iterable[QueueItem] = (),
        most: int = sys.maxsize,
    ) -> Front:
        """Return whose turn it is, where somebody else carries out what the queue decides.

        What :meth:`tick` would start, for a caller who says later what has started; all within a
        guarantee come at once, since it is not this queue that asks back. Nothing changes but the
        head. See :class:`~madang.policy.front.Walk`.

        Parameters
        ----------
        given
            Leases that were told before that it is their turn and that have not started yet, the
            first first: as long as they fit it stays theirs.
        left
            Leases that do not start although it is their turn: they hold up nobody.
        elsewhere
            Those of other flavors whose turn it is: they count for the caps.
        most
            So many turns are given at once, beyond those within guarantees.
        """
        now_ms = self._advance(now_ms)
        self._line_up()
        pool = self._pools.get(flavor)
        if pool is None:
            return Front()
        walk = Walk(pool, flavor, self._account, now_ms, self._half_life_ms, most)
        walk.count(elsewhere)
        walk.leave(self._lined(left))
        walk.keep(self._lined(given))
        found = walk.go(pool.head)
        if found.head is not None:
            pool.head = Head(found.head, now_ms)
        elif not found.reclaiming:
            # While all is kept for those within a guarantee it is the head still.
            pool.head = None
        return found

    def has_room(self, item: QueueItem, project: int = 0, person: int = 0) -> bool:
        """Tell whether caps allow a lease that waits.

        Parameters
        ----------
        project, person
            Devices that the project and the person are to have besides those that they hold.
        """
        account = self._account(item.project)
        return item.devices == 0 or (
            item.devices + project <= account.project_room
            and item.devices + person <= account.person_room(item.person)
        )

    def has_caps(self, project: str) -> bool:
        """Tell whether anything limits what a project, or one of its people, may hold."""
        share = self._account(project).share
        return (share.max_devices_person, share.max_devices_project) != (None, None)

    def free(self, flavor: str) -> int:
        """Return the devices of a flavor that nobody holds."""
        pool = self._pools.get(flavor)
        return 0 if pool is None else pool.free

    def capacity(self, flavor: str) -> int:
        """Return the devices of a flavor."""
        pool = self._pools.get(flavor)
        return 0 if pool is None else pool.capacity

    def flavors(self) -> list[str]:
        """Return the known flavors."""
        return list(self._pools)

    def running(self, flavor: str | None = None) -> list[Running]:
        """Return the leases that hold devices (of one flavor, or all), in order of start."""
        return [r.copy() for r in self._running.values() if flavor in (None, r.item.flavor)]

    def waiting_items(self, flavor: str | None = None) -> list[QueueItem]:
        """Return the waiting leases (of one flavor, or all) in order of their submission here."""
        return [item for item in self._waiting.values() if flavor in (None, item.flavor)]

    def waiting_item(self, lease_id: str) -> QueueItem | None:
        """Return a lease that waits."""
        return self._waiting.get(lease_id)

    def waiting_count(self, flavor: str) -> int:
        """Return how many leases of a flavor wait."""
        return self._waiting_count[flavor]

    def usage_device_ms(self, project: str, now_ms: int) -> float:
        """Return the decayed usage of a project."""
        account = self._accounts.get(project)
        return 0.0 if account is None else account.usage.read(now_ms, self._half_life_ms)

    def copy(self) -> "FairQueue":
        """Return an independent copy, such as one to be played forward."""
        other = FairQueue(
            {},
            half_life_ms=self._half_life_ms,
            lend_patience_ms=self._lend_patience_ms,
            grace_ms=self.grace_ms,
        )
        other._now_ms = self._now_ms
        other._pools = {flavor: pool.copy() for flavor, pool in self._pools.items()}
        other._accounts = {name: account.copy() for name, account in self._accounts.items()}
        other._waiting = self._waiting.copy()
        other._waiting_count = self._waiting_count.copy()
        other._running = {
            lease_id: other._pools[running.item.flavor].running[running.item.project][lease_id]
            for lease_id, running in self._running.items()
        }
        other._fresh, other._returning = self._fresh.copy(), self._returning.copy()
        other._is_changed = True
        return other

    # -- how it decides --------------------------------------------------------------------------

    def _advance(self, now_ms: int) -> int:
        self._now_ms = max(self._now_ms, now_ms)
        return self._now_ms

    def _account(self, project: str) -> Account:
        account = self._accounts.get(project)
        if account is None:
            account = self._accounts[project] = Account(ProjectShare(project=project))
        return account

    def _pool(self, flavor: str) -> Pool:
        if flavor not in self._pools:
            self.set_capacity(flavor, 0)
        return self._pools[flavor]

    def _wait(self, item: QueueItem) -> None:
        if item.lease_id in self._waiting:
            self._forget(item.lease_id)
        self._waiting[item.lease_id] = self._fresh[item.lease_id] = item
        self._waiting_count[item.flavor] += 1
        self._is_changed = True

    def _forget(self, lease_id: str) -> None:
        self._waiting_count[self._waiting.pop(lease_id).flavor] -= 1

    def _remove(self, item: QueueItem) -> None:
        self._forget(item.lease_id)
        if self._fresh.pop(item.lease_id, None) is None and not item.is_held_back:
            self._pools[item.flavor].remove(item)

    def _take(self, item: QueueItem, now_ms: int) -> int:
        """Give a lease its devices and return how many of them are lent."""
        pool, account = self._pool(item.flavor), self._account(item.project)
        running = self._running[item.lease_id] = Running(item, now_ms)
        pool.take(running)
        account.hold(item.person, item.devices, now_ms, self._half_life_ms)
        over = pool.held[item.project] - account.share.guaranteed.get(item.flavor, 0)
        return max(0, min(over, item.devices))

    def _judge(self, now_ms: int, decisions: list[Decision]) -> None:
        """Refuse what can never start, start what needs no device, and let the rest line up."""
        fresh, self._fresh = self._fresh, {}
        for item in fresh.values():
            refusal = why_refused(item, self._pools, self._account)
            if refusal is not None:
                self._forget(item.lease_id)
                decisions.append(refusal)
            elif item.is_held_back:
                continue
            elif item.devices == 0:
                self._forget(item.lease_id)
                self._take(item, now_ms)
                decisions.append(Start(item.lease_id, item.attempt))
            else:
                self._pools[item.flavor].add(item)

    def _line_up(self) -> None:
        """Put who came into the lines; what :meth:`_judge` does not is left to it."""
        fresh, self._fresh = self._fresh, {}
        for item in fresh.values():
            if item.is_held_back:
                continue
            if item.devices == 0 or why_refused(item, self._pools, self._account) is not None:
                self._fresh[item.lease_id] = item
            else:
                self._pools[item.flavor].add(item)

    def _lined(self, lease_ids: Iterable[str]) -> list[QueueItem]:
        """Return those of these leases that wait in a line."""
        found = [self._waiting[one] for one in lease_ids if one in self._waiting]
        return [i for i in found if not i.is_held_back and i.lease_id not in self._fresh]

    def _serve(self, flavor: str, pool: Pool, now_ms: int, decisions: list[Decision]) -> None:
        for within in (True, False):
            if not within and pool.free == 0:
                # Nobody could start, and the head is best chosen when there is something to take.
                return
            chooser = Chooser(
                pool, flavor, self._account, now_ms, self._half_life_ms, within=within
            )
            while (item := chooser.next()) is not None:
                if item.devices > pool.free:
                    self._collect(flavor, pool, item, now_ms, decisions, within=within)
                    return
                self._remove(item)
                lent = self._take(item, now_ms)
                decisions.append(Start(item.lease_id, item.attempt, lent))

    def _collect(
        self,
        flavor: str,
        pool: Pool,
        item: QueueItem,
        now_ms: int,
        decisions: list[Decision],
        *,
        within: bool,
    ) -> None:
        """Make a lease the head; within a guarantee, ask lent devices back for it."""
        if not within:
            pool.head = pool.head or Head(item, now_ms)
            return
        head = pool.guaranteed_head = pool.guaranteed_head or Head(item, now_ms)
        needed = item.devices - pool.free - pool.coming
        if needed <= 0 or now_ms - head.since_ms < self._lend_patience_ms:
            return
        borrowers = [
            Borrower(self._account(project).share, flavor, holders.values())
            for project, holders in pool.running.items()
        ]
        for running in choose_to_ask_back(borrowers, needed):
            pool.ask_back(running)
            lease_id, attempt = running.item.lease_id, running.item.attempt
            decisions.append(AskBack(lease_id, attempt, self.grace_ms, item.lease_id))
