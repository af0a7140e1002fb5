"""Clusters that adapt: the service asks the scheduler what it could use, and scales to it.

Done here and not by the client, since a client's own loop dies with its kernel and asks again and
again for what still waits. The scheduler's answer is a tenant's word: it is taken within the
bounds that were asked for, and every worker passes queue, caps and budget like everything else.
"""

import asyncio
import logging
from typing import Any

from madang.domain.cluster import MAX_WORKERS
from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.errors import InvalidError, MadangError
from madang.i18n import problem
from madang.policy import adaptive
from madang.services import scaling
from madang.services.core import Adapting, Core
from madang.services.requests import Actor
from madang.services.scaling import ADAPT
from madang.store import Tx
from madang.units import is_due

log = logging.getLogger(__name__)

EVERY_MS = 3_000
"""How often a scheduler is asked."""

REFUSED_MS = 30_000
"""After a refusal (no budget, a cap) nothing more is asked for so long."""


async def turn(core: Core, actor: Actor, cluster_id: str, minimum: int, maximum: int) -> None:
    """Turn adapting on between two numbers, or off with 0 and 0."""
    if not 0 <= minimum <= maximum <= MAX_WORKERS:
        raise InvalidError(
            "adapt_out_of_range", minimum=minimum, maximum=maximum, limit=MAX_WORKERS
        )

    def work(tx: Tx) -> str:
        first = scaling.growing(tx, actor, cluster_id)
        options = {key: value for key, value in first.options.items() if key != ADAPT}
        if maximum:
            options[ADAPT] = [minimum, maximum]
        tx.leases.change(first.id, first.state, options=options)
        return first.id

    core.live.adapting.pop(await core.store.write(work), None)
    core.changed("clusters", "leases")


def adapt_view(core: Core, first: Lease, lang: str) -> dict[str, Any] | None:
    """Return the bounds, what the scheduler last wanted, and why it does not get it."""
    if ADAPT not in first.options or first.is_ended:
        return None
    minimum, maximum = first.options[ADAPT]
    live = core.live.adapting.get(first.id)
    refused = problem(live.refused, lang)["message"] if live and live.refused else ""
    return {
        "minimum": minimum,
        "maximum": maximum,
        "wanted": live.wanted if live else None,
        "why_not": refused,
    }


async def look(core: Core) -> None:
    """Ask the schedulers whose turn it is, each aside; the reconcile loop calls it."""
    now = core.clock()
    found = await core.store.read(
        lambda tx: tx.leases.find(state=LeaseState.ACTIVE, kind=LeaseKind.CLUSTER)
    )
    for first in (lease for lease in found if ADAPT in lease.options):
        live = core.live.adapting.setdefault(first.id, Adapting())
        is_asking = live.task is not None and not live.task.done()
        if is_asking or not is_due(live.asked_ms, EVERY_MS, now):
            continue
        live.asked_ms = now
        live.task = asyncio.create_task(_adapt(core, first, live))


async def _adapt(core: Core, first: Lease, live: Adapting) -> None:
    try:
        wanted = await core.engine.launcher.wanted_workers(first.id, first.attempt)
        if wanted is not None:
            await _scale(core, first.id, live, wanted)
    except MadangError as error:
        live.refused, live.refused_ms = error, core.clock()
        core.changed("clusters")
    except Exception:
        # A loop edge: one cluster's trouble must not end the loop of all.
        log.exception("adapting %s failed, the next try follows", first.id)


async def _scale(core: Core, first_id: str, live: Adapting, wanted: int) -> None:
    now = core.clock()
    live.wanted = wanted

    def work(tx: Tx) -> list[Lease]:
        first = tx.leases.get(first_id)
        # Looked at anew: it may have been turned off while the scheduler was asked.
        if first is None or first.state is not LeaseState.ACTIVE or ADAPT not in first.options:
            return []
        parts = [part for part in scaling.parts_of(tx, first) if scaling.is_wanted(part)]
        asked = sum(scaling.workers_in(lease) for lease in (first, *parts))
        smallest, largest = first.options[ADAPT]
        bounds = (smallest, max(largest, scaling.workers_in(first)))
        choice = adaptive.choose(wanted, asked, bounds, live.below_since_ms, now)
        live.below_since_ms = choice.below_since_ms
        is_refused = live.refused and not is_due(live.refused_ms, REFUSED_MS, now)
        if choice.workers > asked and is_refused:
            return []
        if choice.workers == asked:
            return []
        return scaling.resize(core, tx, first, choice.workers, in_one=False)

    changed = await core.store.write(work)
    if changed:
        live.refused = None
    await scaling.carry_out(core, changed)
