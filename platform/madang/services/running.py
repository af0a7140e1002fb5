"""Looks after all leases that run; the reconcile loop calls it.

Tens of thousands may run, and of almost all of them nothing is due: one read tells who runs, the
engine tells of whom it knows that they live, and one read finds whose charge, reservation or limit
is due. Only those, and whoever may have ended, cost a transaction or a question of their own. What
is due is written for many in one transaction, and a part of it at each look, so that a decision
never waits behind the charges of everybody.
"""

import logging
import time
from collections.abc import Awaitable, Collection, Iterator
from functools import partial
from typing import TypeVar

from madang.domain.lease import EndReason, Lease, LeaseState
from madang.errors import ConflictError
from madang.policy import budget
from madang.policy.segments import last_mark_ms
from madang.services import charging, idling, launching, lives
from madang.services.core import Core
from madang.store import Tx
from madang.units import cost_microcredits

TOGETHER = 200
"""Leases that are charged in one transaction, which others wait for."""

SHARE_S = 1.0
"""What is due is written for so long in one look; the rest at the next."""

FEW = 500
"""So many are compared at each look, more once a second, unless the engine tells of an end."""

PACE_S = 1.0

IDLE_PACE_S = 30.0

STOP_MS = 2_000
"""Time from the decision that a budget is over until the engine is asked to stop; it is charged."""

log = logging.getLogger(__name__)

T = TypeVar("T")
Key = tuple[str, int]
Over = tuple[Lease, EndReason]


class Running:
    """The leases that run."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._count = 0
        self._looked_s = 0.0
        self._is_told = False
        self._failed: set[str] = set()
        self._reclaimed_s = 0.0

    def tell(self) -> None:
        """Take note that something may have ended, and let the loop look."""
        self._is_told = True
        self._core.wake.set()

    async def look(self) -> None:
        """End what has ended, and carry out what is due of all that lives."""
        now_s = time.monotonic()
        if self._count > FEW and not self._is_told and now_s - self._looked_s < PACE_S:
            return
        self._is_told, self._looked_s = False, now_s
        core = self._core
        limits = await core.store.read(lambda tx: tx.leases.running())
        self._count = len(limits)
        found = await core.engine.launcher.living(limits.keys())
        # Whoever was in trouble is asked for until it is told that it is over.
        living = {key for key in found if key[0] not in core.live.troubles}
        living |= await self._look_at(limits.keys() - living)
        core.live.seen_alive_ms.update(dict.fromkeys((key[0] for key in living), core.clock()))
        until_s = time.monotonic() + SHARE_S
        await self._carry_out(living, until_s)
        await self._reclaim(living, now_s)
        known = core.live.limits
        new = [key[0] for key in living if known.get(key[0]) != (key[1], limits[key])]
        await self._hold_to_limits(sorted(new), until_s)

    async def _look_at(self, keys: Collection[Key]) -> set[Key]:
        """Ask for each alone of which the engine does not know at once; return those that live."""
        core = self._core
        living: set[Key] = set()
        for some in _parts(sorted(lease for lease, _ in keys)):
            for lease in await core.store.read(partial(_running, keys, some)):
                if await self._alone(lease, lives.look_at_running(core, lease)):
                    living.add((lease.id, lease.attempt))
        return living

    async def _carry_out(self, living: Collection[Key], until_s: float) -> None:
        """Write what is due, some of it when it is much: those who failed last time come last."""
        core, now = self._core, self._core.clock()
        terms = (now, last_mark_ms(now), core.policy.block_ms, core.policy.stop_grace_ms)
        due = await core.store.read(lambda tx: tx.leases.due(*terms))
        alive = {lease for lease, _ in living}
        due = sorted(filter(alive.__contains__, due), key=self._failed.__contains__)
        self._failed &= alive
        for some in _parts(due):
            if time.monotonic() > until_s:
                core.wake.set()
                return
            try:
                over = await core.store.write(partial(_settle, core, living, some, now))
            except Exception:
                log.exception("reconcile: %s leases that run are looked at one by one", len(some))
                over = await self._settle_alone(living, some, now)
            for lease, reason in over:
                await self._alone(lease, lives.end(core, lease, reason))

    async def _settle_alone(self, living: Collection[Key], some: list[str], now: int) -> list[Over]:
        """Do for each what failed for all of them together; one must not hold up the others."""
        found: list[Over] = []
        for lease in await self._core.store.read(partial(_running, living, some)):
            work = self._core.store.write(partial(_settle, self._core, living, [lease.id], now))
            over = await self._alone(lease, work)
            found += over or ()
            (self._failed.add if over is None else self._failed.discard)(lease.id)
        return found

    async def _reclaim(self, living: Collection[Key], now_s: float) -> None:
        """End notebooks that leave their devices unused; of very many, twice a minute."""
        core = self._core
        is_soon = self._count > FEW and now_s - self._reclaimed_s < IDLE_PACE_S
        if is_soon or not idling.shortest_ms(core):
            return
        self._reclaimed_s = now_s
        alive = [lease for lease, _ in living]
        for some in _parts(sorted(alive)):
            for lease in await core.store.read(partial(_running, living, some)):
                if await self._alone(lease, idling.is_over(core, lease, core.clock())):
                    await self._alone(lease, lives.end(core, lease, EndReason.RECLAIMED))

    async def _hold_to_limits(self, ids: list[str], until_s: float) -> None:
        """Tell the engine limits that it was not told since the start, or that were moved."""
        core = self._core
        for some in _parts(ids):
            for lease in await core.store.read(partial(_several, some)):
                if lease.state is LeaseState.ACTIVE:
                    await self._alone(lease, launching.hold_to_limit(core, lease))
            if time.monotonic() > until_s:
                core.wake.set()
                return

    async def _alone(self, lease: Lease, work: Awaitable[T]) -> T | None:
        """Do a work for one lease; None when it failed."""
        try:
            return await work
        except Exception as error:
            # A loop edge. That its person was quicker is no failure: the next look sees what
            # they did.
            if not (isinstance(error, ConflictError) and error.code == "lease_moved_on"):
                self._core.measures.failures += 1
                log.exception("reconcile: lease %s failed, the next look tries again", lease.id)
            return None


def _several(ids: list[str], tx: Tx) -> list[Lease]:
    return tx.leases.several(ids)


def _running(keys: Collection[Key], ids: list[str], tx: Tx) -> list[Lease]:
    """Return those of these leases whose attempt is still one of these, and runs."""
    found = tx.leases.several(ids)
    return [x for x in found if x.state is LeaseState.ACTIVE and (x.id, x.attempt) in keys]


def _settle(core: Core, living: Collection[Key], ids: list[str], now: int, tx: Tx) -> list[Over]:
    """Charge and renew what lives; return what has to end, and why."""
    over: list[Over] = []
    going = []
    for lease in _running(living, ids, tx):
        if lease.expires_ms is not None and now >= lease.expires_ms:
            over.append((lease, EndReason.EXPIRED))
        else:
            going.append(lease)
    charged = charging.charge_all(core, tx, going, now)
    held = tx.budget.reservations_of([lease.id for lease in charged])
    for lease in charged:
        if not _renew(core, tx, lease, held.get((lease.id, lease.attempt), 0), now):
            over.append((lease, EndReason.BUDGET))
    return over


def _renew(core: Core, tx: Tx, lease: Lease, reserved: int, now: int) -> bool:
    """Keep a block reserved ahead of a notebook or cluster; False when the budget is over."""
    if lease.kind in budget.WHOLE_LIMIT or lease.started_ms is None:
        return True
    rate, grace_ms, block_ms = (
        lease.rate_microcredits,
        core.policy.stop_grace_ms,
        core.policy.block_ms,
    )
    uncharged_ms = max(0, now - (lease.charged_to_ms or lease.started_ms))
    owed = cost_microcredits(lease.devices * uncharged_ms, rate)
    unspent = reserved - owed
    left_ms = max(0, lease.started_ms + lease.limit_ms - now)
    terms = (unspent, lease.devices, grace_ms, block_ms, rate, left_ms)
    if not budget.renewal_due(*terms):
        return True
    amount = budget.renewal_microcredits(*terms)
    until = now + block_ms
    if tx.budget.reserve(lease.project, lease.id, lease.attempt, amount, until):
        return True
    rest = min(amount, tx.budget.balance(lease.project).left)
    if rest and tx.budget.reserve(lease.project, lease.id, lease.attempt, rest, until):
        unspent += rest
    return not budget.must_stop(unspent, lease.devices, grace_ms + STOP_MS, rate)


def _parts(ids: list[str]) -> Iterator[list[str]]:
    return (ids[first : first + TOGETHER] for first in range(0, len(ids), TOGETHER))
