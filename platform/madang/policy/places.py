"""What waiting leases are told: their place and why they do not start now.

Used by :mod:`madang.policy.fair_queue` only.
"""

from collections.abc import Callable, Iterable, Sequence

from madang.domain.lease import LeaseClass, WaitReason
from madang.domain.queue import QueueItem
from madang.policy.decisions import Waiting
from madang.policy.pool import Pool
from madang.policy.shares import Account


def places(
    items: Iterable[QueueItem],
    order: Sequence[str],
    pool: Pool,
    account: Callable[[str], Account],
) -> list[Waiting]:
    """Give each waiting lease of a flavor its place and its reason.

    Parameters
    ----------
    order
        Ids in the order in which they would start if there were devices for all. Those that are
        missing are stopped by a cap, held back, or larger than what is left of the pool; they come
        last, by class and time of request.
    """
    by_id = {item.lease_id: item for item in items}
    found: list[Waiting] = []
    left, is_blocked = pool.free, False
    for lease_id in order:
        item = by_id.pop(lease_id)
        if not is_blocked and item.devices <= left:
            left -= item.devices
            reason = WaitReason.STARTING
        else:
            reason = _behind(item, left) if is_blocked else _first(item, left)
            is_blocked = True
        found.append(Waiting(lease_id, len(found) + 1, reason))
    rest = sorted(
        by_id.values(),
        key=lambda item: (
            item.is_held_back,
            item.lease_class is LeaseClass.BATCH,
            item.submitted_ms,
            item.lease_id,
        ),
    )
    for item in rest:
        reason = _stopped(item, pool, account(item.project))
        found.append(Waiting(item.lease_id, len(found) + 1, reason))
    return found


def _first(item: QueueItem, free: int) -> WaitReason:
    return WaitReason.GANG if free > 0 and item.devices > 1 else WaitReason.DEVICES_BUSY


def _behind(item: QueueItem, free: int) -> WaitReason:
    return WaitReason.OTHERS_FIRST if item.devices <= free else WaitReason.DEVICES_BUSY


def _stopped(item: QueueItem, pool: Pool, account: Account) -> WaitReason:
    if item.is_held_back:
        return WaitReason.HELD_BACK
    if item.devices > pool.capacity:
        return WaitReason.DEVICES_BUSY
    # A cap may be reached only by the person's own leases further ahead, which count as well.
    if account.share.max_devices_person is not None and (
        account.share.max_devices_project is None
        or account.person_room(item.person) < account.project_room
    ):
        return WaitReason.PERSON_CAP
    return WaitReason.PROJECT_CAP
