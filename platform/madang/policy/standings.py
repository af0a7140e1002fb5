"""What each waiting lease is told: its place from the queue, its times from the forecast."""

from collections.abc import Mapping

from madang.domain.lease import Standing
from madang.domain.queue import QueueItem
from madang.policy.durations import Durations
from madang.policy.fair_queue import FairQueue
from madang.policy.forecast import UNKNOWN, forecast


def compute(
    queue: FairQueue, ends: Mapping[str, int], durations: Durations, now_ms: int
) -> dict[str, Standing]:
    """Put places and times together for all flavors; see :func:`~madang.policy.forecast.forecast`.

    The queue stays as it is.
    """
    times = forecast(queue, None, now_ms, ends, durations)
    found = {}
    for flavor in queue.flavors():
        waiting = queue.waiting(flavor, now_ms)
        free = queue.free(flavor)
        for place in waiting:
            when = times.get(place.lease_id, UNKNOWN)
            found[place.lease_id] = Standing(
                lease_id=place.lease_id,
                position=place.position,
                waiting=len(waiting),
                reason=place.reason,
                expected_ms=when.expected_ms,
                earliest_ms=when.earliest_ms,
                latest_ms=when.latest_ms,
                devices_free=free,
            )
    return found


def placed(
    queue: FairQueue, item: QueueItem, known: Mapping[str, Standing], now_ms: int
) -> Standing | None:
    """Find the place of one lease, and tell it the times of whoever stood there before."""
    waiting = queue.waiting(item.flavor, now_ms)
    place = next((one for one in waiting if one.lease_id == item.lease_id), None)
    if place is None:
        return None
    flavor = {one.lease_id for one in queue.waiting_items(item.flavor)}
    there = next(
        (one for key, one in known.items() if key in flavor and one.position == place.position),
        None,
    )
    return Standing(
        lease_id=item.lease_id,
        position=place.position,
        waiting=len(waiting),
        reason=place.reason,
        expected_ms=there.expected_ms if there else None,
        earliest_ms=there.earliest_ms if there else None,
        latest_ms=there.latest_ms if there else None,
        devices_free=queue.free(item.flavor),
    )
