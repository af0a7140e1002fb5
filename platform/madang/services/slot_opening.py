"""Opens slots for waiting runs, and says which runs a slot may take.

Slots of sweeps, which may have several at a time, are opened by :mod:`madang.services.sweep_slots`.

Called after each submit and by the reconcile loop. It never starts anything: a slot is a lease that
waits in the queue like any other.
"""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Lease, LeaseClass, LeaseKind, LeaseState, Target
from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.domain.sweep import Sweep
from madang.errors import MadangError
from madang.services import access, leasing, telling
from madang.services.core import Core, SlotFaults, SlotGroup
from madang.services.requests import Actor
from madang.store import Tx
from madang.units import MS_PER_HOUR

SLOT_MARGIN_MS = 60_000
"""A slot lives this much longer than the run that it is opened for (start, upload, save)."""

REFUSED = "refused"
"""Reason of a run whose size, project or person is no longer allowed what it asks for."""

MAX_SLOT_FAULTS = 5
"""A run for which so many slots in a row could not even start fails."""

LONGEST_PAUSE_MS = 300_000
BUDGET_PAUSE_MS = 5_000
"""How often it is looked whether the budget can carry a slot now."""


def slot_lease(
    core: Core,
    actor: Actor,
    project: Project,
    run: Run,
    extra_ms: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Lease:
    """Return the slot that would take the run; refuses what the pool or tier cannot carry.

    It lives ``extra_ms`` longer, as far as the tier allows, where more runs are to follow.
    """
    longest = leasing.tier_of(core, project).max_hours * MS_PER_HOUR
    needed = run.limit_ms + SLOT_MARGIN_MS
    return leasing.new_lease(
        core,
        actor,
        project,
        kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH,
        flavor=run.flavor,
        devices=run.devices,
        limit_ms=max(needed, min(longest, needed + extra_ms)),
        name=run.name,
        options=options or {},
    )


async def ensure_slots(core: Core) -> None:
    """Open a slot for waiting runs that no waiting or working slot can take.

    Only the oldest run of each group counts, as slots take no other. One whose slot cannot be
    opened never holds up the rest: without budget it waits, with a size that is no longer allowed
    it fails.
    """

    def wanting(tx: Tx) -> list[Run]:
        slots = open_slots(tx)
        return [
            run
            for run in tx.runs.heads()
            if not is_group_paused(core, run)
            and not any(run.lease == slot.id and fits(core, slot, run) for slot in slots)
        ]

    if not (heads := await core.store.read(wanting)):
        return
    opened: list[str] = []

    def work(tx: Tx) -> None:
        slots = open_slots(tx)
        for run in heads:
            fresh = tx.runs.get(run.id)
            if fresh is None or fresh.state is not RunState.QUEUED:
                continue
            slot = next((s for s in slots if fits(core, s, run)), None)
            if slot is None:
                slot = open_slot(core, tx, run)
                if slot is None:
                    continue
                opened.append(slot.id)
            if fresh.lease != slot.id:
                _give(tx, slot, run)

    await core.store.write(work)
    for lease_id in opened:
        await leasing.enqueue(core, lease_id)


def _give(tx: Tx, slot: Lease, run: Run) -> None:
    """Let one run wait for a slot; another that did so before has a lower priority now."""
    for other in tx.runs.find(state=RunState.QUEUED, lease=slot.id):
        tx.runs.change(other.id, RunState.QUEUED, lease="")
    tx.runs.change(run.id, RunState.QUEUED, lease=slot.id)


def open_slots(tx: Tx) -> list[Lease]:
    """Return the slots that wait, start or work."""
    states = [LeaseState.QUEUED, LeaseState.ADMITTED, LeaseState.ACTIVE]
    return tx.leases.find(state=states, kind=LeaseKind.SLOT)


def slot_group(of: Run | Lease | Sweep) -> SlotGroup:
    """Return what a slot and the runs that it may take have in common."""
    return (of.person, of.project, of.flavor, of.devices)


def is_group_paused(core: Core, run: Run | Sweep) -> bool:
    """Tell whether no slot is opened now for the likes of a run.

    For faults, for want of budget, or as a slot could not be handed a notebook: devices would be
    held for nothing while the storage is away.
    """
    if core.artifacts.away_since_ms is not None:
        return True
    faults = core.live.slot_faults.get(slot_group(run))
    # Further ahead than any pause: the clock was set back.
    return faults is not None and 0 < faults.until_ms - core.clock() <= LONGEST_PAUSE_MS


def note_slot_fault(core: Core, slot: Lease) -> None:
    """Take note of a slot that ended badly before it took a run: the next one is opened later."""
    faults = core.live.slot_faults.setdefault(slot_group(slot), SlotFaults())
    faults.count += 1
    faults.until_ms = core.clock() + min(1_000 * 2**faults.count, LONGEST_PAUSE_MS)


def fits(core: Core, slot: Lease, run: Run | Sweep) -> bool:
    """Tell whether a slot may take a run: same person, project and size, and enough time left."""
    if slot_group(slot) != slot_group(run):
        return False
    if slot.target is not Target.RUN:
        return False
    left = slot.limit_ms if slot.expires_ms is None else slot.expires_ms - core.clock()
    return left >= run.limit_ms


def open_slot(
    core: Core,
    tx: Tx,
    run: Run,
    extra_ms: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Lease | None:
    """Add the slot of a run; None when it must wait for budget, or when it failed for good.

    A longer slot than the run needs is opened only where the budget carries it.
    """
    person = tx.people.get(run.person)
    faults = core.live.slot_faults.get(slot_group(run))
    if faults is not None and faults.count >= MAX_SLOT_FAULTS:
        faults.count = 0
        fail_waiting(core, tx, run, "slot_lost")
        return None
    if person is None:
        fail_waiting(core, tx, run, REFUSED)
        return None
    actor = Actor(person=person)
    try:
        project = access.usable_project(tx, actor, run.project)
        slot = slot_lease(core, actor, project, run, extra_ms, options)
        leasing.check_budget(core, tx, project, slot)
    except MadangError as error:
        if error.code == "budget_too_small" and extra_ms:
            return open_slot(core, tx, run, 0, options)
        if error.code != "budget_too_small":
            fail_waiting(core, tx, run, REFUSED)
            return None
        pause = core.live.slot_faults.setdefault(slot_group(run), SlotFaults())
        pause.until_ms = core.clock() + BUDGET_PAUSE_MS
        return None
    return tx.leases.add(slot)


def fail_waiting(core: Core, tx: Tx, run: Run, reason: str) -> None:
    """End a waiting run that no slot can ever take, and with it all of its sweep that wait.

    A slot that was lost says nothing about the other runs.
    """
    if run.sweep and reason != "slot_lost":
        tx.sweeps.end_waiting(run.sweep, RunState.FAILED, reason, core.clock())
        return
    ended = tx.runs.change(
        run.id, RunState.QUEUED, state=RunState.FAILED, reason=reason, ended_ms=core.clock()
    )
    telling.run_ended(tx, ended, core.clock())
