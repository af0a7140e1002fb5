"""Finds notebooks that hold devices and do not use them, and tells their people in time.

Used means: a kernel works, the person acts, or the meter sees a device at work. What the person's
own agent says may keep devices; it never charges anything.
"""

from collections.abc import Sequence

from madang.domain.lease import Lease, LeaseKind
from madang.engines.ports import Sample
from madang.policy.idle import Idling, climbed
from madang.services import leasing, telling
from madang.services.core import Activity, Core

_AT_WORK_PERCENT = 5
"""A device above it works, whoever makes it: a program in a terminal is seen by nothing else."""


def shortest_ms(core: Core) -> int:
    """Return the shortest time of all tiers after which devices may be taken back; 0 for none."""
    return min((tier.idle_ms for tier in core.policy.tiers.values() if tier.idle_ms), default=0)


async def is_over(core: Core, lease: Lease, now: int) -> bool:
    """Tell whether a notebook has left its devices unused for too long; tell its person before."""
    ladder = shortest_ms(core)
    if not ladder or lease.kind is not LeaseKind.NOTEBOOK or not lease.devices:
        return False
    since = used_ms(core, lease, now)
    if now - since < ladder // 2:
        core.live.idling.pop(lease.id, None)
        return False
    project = await core.store.read(lambda tx: tx.projects.get(lease.project))
    limit = leasing.tier_of(core, project).idle_ms if project is not None else None
    if not limit:
        return False
    before = core.live.idling.get(lease.id)
    here = climbed(before, since, limit, now)
    if not here.is_over and here.step > (before.step if before else 0):
        await _tell(core, lease, here, limit, now)
    core.live.idling[lease.id] = here
    return here.is_over


async def _tell(core: Core, lease: Lease, here: Idling, limit: int, now: int) -> None:
    ends_ms = max(here.since_ms + limit, now + (3 - here.step) * (limit // 4))
    await core.store.write(lambda tx: telling.idle(tx, lease, here, ends_ms, now))
    core.bus.publish("notices")


def used_ms(core: Core, lease: Lease, now: int) -> int:
    """Return when the devices of a notebook were last used, as far as anybody knows."""
    started = lease.started_ms or now
    known = core.live.activity.get(lease.id)
    if known is None:
        # This service has just started, or the agent is silent: the time counts from here.
        return max(started, core.live.watched_ms.setdefault(lease.id, now))
    return max(started, _acted_ms(known, now), _worked_ms(core.live.samples.get(lease.id, [])))


def _acted_ms(known: Activity, now: int) -> int:
    if known.is_busy:
        return known.at_ms
    times = [known.body.get(key) for key in ("last_input_ms", "last_cell_ms")]
    # It is the clock of their machine, and the word of their server.
    return max((min(one, now) for one in times if isinstance(one, int)), default=0)


def _worked_ms(samples: Sequence[Sample]) -> int:
    return max(
        (one.at_ms for one in samples if (one.utilisation_percent or 0) > _AT_WORK_PERCENT),
        default=0,
    )
