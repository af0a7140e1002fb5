"""What can never start, whoever finishes.

Used by :mod:`madang.policy.fair_queue` only. The codes have their words in the catalogue.
"""

from collections.abc import Callable, Mapping

from madang.domain.queue import QueueItem
from madang.policy.decisions import Refuse
from madang.policy.pool import Pool
from madang.policy.shares import Account


def why_refused(
    item: QueueItem, pools: Mapping[str, Pool], account: Callable[[str], Account]
) -> Refuse | None:
    """Return the refusal of a lease that asks for more than there is or may be; None otherwise."""
    details: dict[str, object] = {"given": item.devices, "flavor": item.flavor}
    pool = pools.get(item.flavor)
    if pool is None:
        known = [flavor for flavor in pools if flavor != "cpu"]
        details = {"given": item.flavor, "flavor": item.flavor, "known": known}
        return Refuse(item.lease_id, item.attempt, "unknown_flavor", details)
    if item.devices > pool.most:
        details["limit"] = pool.most
        return Refuse(item.lease_id, item.attempt, "more_devices_than_pool", details)
    share = account(item.project).share
    caps = [c for c in (share.max_devices_person, share.max_devices_project) if c is not None]
    if item.devices > 0 and caps and item.devices > min(caps):
        details["limit"] = min(caps)
        return Refuse(item.lease_id, item.attempt, "more_devices_than_cap", details)
    return None
