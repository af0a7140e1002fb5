"""Slots for sweeps: which run a slot takes next, how many slots a sweep may have, and its end.

The reconcile loop calls :func:`look`. Level-triggered: rows are counted and compared each time, so
that a kill, a lost slot or a doubled report ends in the same state.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from madang.domain.lease import EndReason, Lease, LeaseState
from madang.domain.run import Run
from madang.domain.sweep import Sweep, slots_wanted, sweep_state
from madang.services import leasing, telling
from madang.services.core import Core
from madang.services.leases import begin_end
from madang.services.slot_opening import (
    fits,
    is_group_paused,
    open_slot,
    open_slots,
    slot_group,
)
from madang.services.sweep_views import summary
from madang.store import Tx

WAITING_SLOTS = 4
"""Slots of one sweep that wait in the queue at the same time; the queue looks at each of them."""

MAX_EXTRA_MS = 3 * 3_600_000
"""How much longer than one run a slot of a sweep may live, to take many runs one after another."""


def next_run(tx: Tx, slot: Lease, left_ms: int, beside: Sequence[Run] = ()) -> Run | None:
    """Return the waiting run that a slot with so much time left takes next.

    What has a higher priority goes first. With the same one, runs of their own go before those of
    sweeps: nobody waits for ten thousand others who has asked for one. Among sweeps the oldest goes
    first, up to its number of slots.

    Parameters
    ----------
    beside
        What the slot executes now. Only runs of the same sweep are taken beside each other; what
        comes before them waits until the slot is empty, and nothing is taken meanwhile.
    """
    own = tx.runs.next_queued(slot.person, slot.project, slot.flavor, slot.devices)
    if own is not None and (own.limit_ms > left_ms or _waits_elsewhere(own, slot, beside)):
        own = None
    mine = tx.sweeps.find(person=slot.person, project=slot.project, is_open=True)
    for sweep in in_turn(mine):
        if own is not None and own.priority >= sweep.priority:
            break
        if slot_group(sweep) != slot_group(slot) or sweep.limit_ms > left_ms:
            continue
        is_beside = any(run.sweep == sweep.id for run in beside)
        if is_beside and len(beside) >= sweep.runs_per_device:
            return None
        if _may_take(tx, sweep, slot):
            return tx.sweeps.first_waiting(sweep.id) if is_beside or not beside else None
    return None if beside else own


def _waits_elsewhere(own: Run, slot: Lease, beside: Sequence[Run]) -> bool:
    """Tell whether a busy slot need not become empty for a run, as another was opened for it."""
    return bool(beside) and own.lease not in ("", slot.id)


def _may_take(tx: Tx, sweep: Sweep, slot: Lease) -> bool:
    """Tell whether a slot may take a run of a sweep, as one more slot or as one of its own."""
    waiting, working = tx.sweeps.load(sweep.id, sweep.runs_per_device)
    if slot.id in working:
        return bool(waiting) and not (sweep.is_paused or sweep.is_held)
    return bool(slots_wanted(sweep, waiting, len(working)))


def _lacking(core: Core, tx: Tx, sweep: Sweep, slots: Sequence[Lease]) -> tuple[bool, int]:
    """Tell whether all runs of a sweep have ended, and how many empty slots it could use."""
    waiting, working = tx.sweeps.load(sweep.id, sweep.runs_per_device)
    # A slot that is about to end fills its free lanes no more.
    lasting = {slot.id for slot in slots if fits(core, slot, sweep)}
    free = sum(sweep.runs_per_device - n for slot, n in working.items() if slot in lasting)
    return not waiting and not working, slots_wanted(sweep, waiting, len(working), free)


def in_turn(found: Iterable[Sweep]) -> list[Sweep]:
    """Return sweeps as slots take them: the oldest first, one person's in a project by priority.

    A priority changes places among one person's sweeps only, never with somebody else's.
    """
    oldest_first = sorted(found, key=lambda sweep: (sweep.submitted_ms, sweep.id))
    turns: dict[tuple[str, str], Iterator[Sweep]] = {}
    for sweep in oldest_first:
        group = (sweep.person, sweep.project)
        if group not in turns:
            mine = [other for other in oldest_first if (other.person, other.project) == group]
            turns[group] = iter(sorted(mine, key=lambda other: -other.priority))
    return [next(turns[(sweep.person, sweep.project)]) for sweep in oldest_first]


@dataclass(slots=True)
class _Plan:
    """What a look has found to do."""

    to_open: list[tuple[Sweep, int]] = field(default_factory=list)
    surplus: list[Lease] = field(default_factory=list)
    ended: list[Sweep] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.to_open or self.surplus or self.ended)


def _plan(core: Core, tx: Tx) -> _Plan:
    """Compare what sweeps could use with the slots that are free."""
    made = _Plan()
    slots = open_slots(tx)
    busy = tx.sweeps.of_slots([slot.id for slot in slots])
    free = [slot for slot in slots if slot.id not in busy]
    # What a run of its own waits for is not a sweep's.
    own = {run.lease for run in tx.runs.heads() if run.lease}
    for sweep in in_turn(tx.sweeps.find(is_open=True)):
        has_ended, wanted = _lacking(core, tx, sweep, slots)
        if has_ended:
            made.ended.append(sweep)
        mine = [slot for slot in free if fits(core, slot, sweep) and slot.id not in own][:wanted]
        free = [slot for slot in free if slot not in mine]
        in_line = sum(slot.state is LeaseState.QUEUED for slot in mine)
        lacking = min(wanted - len(mine), WAITING_SLOTS - in_line)
        if lacking > 0 and not is_group_paused(core, sweep):
            made.to_open.append((sweep, lacking))
    made.surplus = [
        slot
        for slot in free
        if slot.state is LeaseState.QUEUED and slot.options.get("sweep") and slot.id not in own
    ]
    return made


async def look(core: Core) -> None:
    """Open what sweeps lack, withdraw waiting slots that nothing needs, and close ended sweeps."""
    if not await core.store.read(lambda tx: _plan(core, tx)):
        return
    opened: list[str] = []
    withdrawn: list[str] = []

    def work(tx: Tx) -> None:
        made = _plan(core, tx)
        for sweep in made.ended:
            _close(core, tx, sweep)
        for slot in made.surplus:
            begin_end(tx, slot, EndReason.COMPLETED, core.clock())
            withdrawn.append(slot.id)
        for sweep, count in made.to_open:
            opened.extend(_open(core, tx, sweep, count))

    await core.store.write(work)
    for lease_id in withdrawn:
        await core.engine.admission.withdraw(lease_id)
    for lease_id in opened:
        await leasing.enqueue(core, lease_id)
    core.changed("runs", "queue", "leases")


def _open(core: Core, tx: Tx, sweep: Sweep, count: int) -> list[str]:
    """Add slots; fewer where the budget carries no more."""
    made: list[str] = []
    for _ in range(count):
        first = tx.sweeps.first_waiting(sweep.id)
        slot = first and open_slot(core, tx, first, _extra_ms(tx, sweep), {"sweep": sweep.id})
        if not slot:
            break
        made.append(slot.id)
    return made


def _extra_ms(tx: Tx, sweep: Sweep) -> int:
    """Return for how long a slot could take further runs, were each as long as it may be."""
    waiting = tx.sweeps.counts([sweep.id])[sweep.id].get("queued", 0)
    each = -(-waiting // (sweep.max_parallel * sweep.runs_per_device)) - 1
    return min(MAX_EXTRA_MS, max(0, each) * sweep.limit_ms)


def _close(core: Core, tx: Tx, sweep: Sweep) -> None:
    """Write down what became of a sweep, so that nobody has to count its runs again."""
    now = core.clock()
    last = tx.sweeps.last_end_ms(sweep.id) or now
    found = summary(core, tx, sweep, now)
    tx.sweeps.change(sweep.id, ended_ms=last, summary=found, is_paused=False)
    telling.sweep_ended(tx, sweep, sweep_state(found["counts"], is_paused=False), now)
