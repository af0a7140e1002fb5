"""What happens when the engine decides: devices come, are asked back, or can never come.

An event is only a hint: late, doubled, or about a lease that is long gone. The row decides.
"""

from collections.abc import Sequence
from dataclasses import replace

from madang.domain.lease import (
    CLAIM_MS,
    EndReason,
    Lease,
    LeaseKind,
    LeaseState,
    Target,
)
from madang.domain.run import RunState
from madang.engines.ports import Admitted, AskedBack, Refused
from madang.services import leasing, telling, views
from madang.services.core import Core
from madang.services.leases import begin_end
from madang.services.slot_opening import REFUSED, fail_waiting
from madang.store import Tx

FRESH_MS = 10_000
"""Devices that come this soon after the request need no claim: the person is still looking."""


async def on_admitted(core: Core, events: Sequence[Admitted]) -> None:
    """Reserve budgets and open attempts in one transaction, or hand devices back.

    What cannot be written takes the others of the same transaction with it: whoever calls tries
    each alone then.
    """
    now = core.clock()

    def work(tx: Tx) -> tuple[list[Admitted], list[int]]:
        known = {lease.id: lease for lease in tx.leases.those([one.lease_id for one in events])}
        refused, waits_ms = [], []
        for event in events:
            lease = known.get(event.lease_id)
            if lease is None or not _is_awaited(lease, event):
                # The present attempt announced twice keeps its devices; anything else gives back.
                if lease is None or not lease.holds_devices or lease.attempt != event.attempt:
                    refused.append(event)
            elif _open_attempt(core, tx, lease, event, now):
                waits_ms.append(max(0, now - lease.submitted_ms))
            else:
                refused.append(event)
        return refused, waits_ms

    refused, waits_ms = await core.store.write(work)
    for wait_ms in waits_ms:
        core.measures.waits.add(wait_ms / 1000)
    for event in refused:
        await core.engine.admission.release(event.lease_id, event.attempt)
        # Held back or changed while this was on its way: it waits on, as its row is now.
        await leasing.enqueue(core, event.lease_id)
    if waits_ms or refused:
        core.changed("leases", "queue", "clusters", "runs")


def _is_awaited(lease: Lease, event: Admitted) -> bool:
    is_next = lease.attempt + 1 == event.attempt
    return lease.state is LeaseState.QUEUED and not lease.held_back and is_next


def _open_attempt(core: Core, tx: Tx, lease: Lease, event: Admitted, now: int) -> bool:
    rate = core.policy.rate(lease.flavor)
    # Not at the rate that an earlier attempt had.
    amount = views.reserves(core, replace(lease, rate_microcredits=rate))
    until = now + core.policy.block_ms
    if amount and not tx.budget.reserve(lease.project, lease.id, event.attempt, amount, until):
        begin_end(tx, lease, EndReason.BUDGET, now)
        return False
    asked_ms = lease.submitted_ms if event.attempt == 1 else lease.options.get("changed_ms", 0)
    fresh = now - asked_ms < FRESH_MS
    needs_claim = lease.kind is LeaseKind.NOTEBOOK
    claimed = fresh or bool(lease.options.get("start_without_me")) or not needs_claim
    tx.attempts.open(lease.id, event.attempt, now, event.device_ids, rate)
    admitted = tx.leases.change(
        lease.id,
        LeaseState.QUEUED,
        state=LeaseState.ADMITTED,
        attempt=event.attempt,
        admitted_ms=now,
        started_ms=None,
        charged_to_ms=None,
        device_ids=tuple(event.device_ids),
        rate_microcredits=rate,
        claim_by_ms=now + CLAIM_MS if needs_claim else None,
        claimed_ms=now if claimed else None,
    )
    telling.turn(tx, admitted, now)
    return True


async def on_asked_back(core: Core, event: AskedBack) -> None:
    """Let an attempt save and end; the lease keeps its place and comes again."""

    def work(tx: Tx) -> bool:
        lease = tx.leases.get(event.lease_id)
        if lease is None or lease.attempt != event.attempt:
            return False
        if lease.state not in (LeaseState.ADMITTED, LeaseState.ACTIVE):
            return False
        tx.leases.change(lease.id, lease.state, state=LeaseState.ENDING, target=Target.REQUEUE)
        return True

    if await core.store.write(work):
        await core.engine.launcher.stop(event.lease_id, event.attempt, event.grace_ms)
        core.changed("leases", "queue")


async def on_refused(core: Core, event: Refused) -> None:
    """End a waiting lease that can never be admitted."""

    def work(tx: Tx) -> None:
        lease = tx.leases.get(event.lease_id)
        if lease is not None and lease.state is LeaseState.QUEUED:
            begin_end(tx, lease, EndReason.REFUSED, core.clock())
            for run in tx.runs.find(state=RunState.QUEUED, lease=lease.id):
                fail_waiting(core, tx, run, REFUSED)
            if sweep := lease.options.get("sweep"):
                tx.sweeps.end_waiting(str(sweep), RunState.FAILED, REFUSED, core.clock())

    await core.store.write(work)
    core.changed("leases", "queue")
