"""Brings the engine's queue and the rows together again, where one of them did not hear the other.

A row is written first and the engine told after. Where the telling failed, or the answer of a
commit never came although it was made, nobody would tell it again: the loop does, every few
seconds. Rows decide; the engine is never asked to forget an admission that is on its way.
"""

import logging

from madang.domain.lease import HOLDS_DEVICES, LeaseState
from madang.services import leasing
from madang.services.core import Core

log = logging.getLogger(__name__)


async def agree(core: Core) -> None:
    """Enqueue what waits unknown to the engine; withdraw and release what no row stands for."""
    admission = core.engine.admission
    # The engine first: what a row says after that is younger, and every act may be repeated.
    waiting = await admission.waiting()
    holding = set(await admission.holding())
    rows = await core.store.read(lambda tx: tx.leases.agreed())
    held_ids = {lease_id for lease_id, _ in holding}
    for lease_id, (state, attempt, held_back) in rows.items():
        if state != LeaseState.QUEUED or (lease_id, attempt + 1) in holding:
            continue
        item = waiting.get(lease_id)
        if item is None or (item.attempt, item.is_held_back) != (attempt + 1, held_back):
            log.info("the engine did not know how %s waits", lease_id)
            await leasing.enqueue(core, lease_id)
    for lease_id in waiting:
        if lease_id not in held_ids and rows.get(lease_id, ("",))[0] != LeaseState.QUEUED:
            log.warning("%s waits no more, and the engine did not know", lease_id)
            await admission.withdraw(lease_id)
    for lease_id, held in holding:
        state, attempt, _ = rows.get(lease_id, ("", 0, False))
        is_coming = state == LeaseState.QUEUED and attempt + 1 == held
        if not is_coming and not (state in HOLDS_DEVICES and attempt == held):
            log.warning("devices of %s.%s are free, and the engine did not know", lease_id, held)
            await admission.release(lease_id, held)
