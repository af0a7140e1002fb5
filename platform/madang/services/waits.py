"""How long people waited: by flavor and by day, and what everybody may know without a login.

A wait is the time from a request to its first admission. The public view merges: no project, no
person, and no median of fewer than :data:`SMALL` waits.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from madang.domain.lease import LeaseState
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store.leases import Wait

DAY_MS = 24 * 3_600_000
SMALL = 5
"""Fewer waits than this could show one person; they are told as too few."""

PUBLIC_DAYS = 7
CHART_DAYS = 14


class Waits:
    """Reads about waiting; nothing here changes anything."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def by_day(self, actor: Actor) -> dict[str, Any]:
        """Return the median and the long waits of each of the last days, for all flavors."""
        access.require_person(actor)
        core = self._core
        now, zone = core.clock(), ZoneInfo(core.policy.zone)
        since = now - (CHART_DAYS - 1) * DAY_MS
        found = await core.store.read(lambda tx: tx.leases.waits(since))
        days: dict[str, list[int]] = defaultdict(list)
        for wait in found:
            days[_day(wait.admitted_ms, zone)].append(wait.wait_ms)
        first = datetime.fromtimestamp(since / 1000, UTC).astimezone(zone).date()
        names = [(first + timedelta(days=n)).isoformat() for n in range(CHART_DAYS)]
        return {
            "days": [{"day": name, **_summary(days.get(name, []))} for name in names],
            **_summary([wait.wait_ms for wait in found]),
            "zone": core.policy.zone,
        }

    async def public(self) -> dict[str, Any]:
        """Return what anybody may know: devices free and waiting, and the median wait."""
        core = self._core
        now = core.clock()
        capacity = await core.engine.admission.capacity()

        def work(tx: Any) -> tuple[list[Wait], list[str]]:
            queued = tx.leases.find(state=[LeaseState.QUEUED], limit=None)
            return tx.leases.waits(now - PUBLIC_DAYS * DAY_MS), [x.flavor for x in queued]

        waits, queued = await core.store.read(work)
        flavors = []
        for item in capacity:
            flavor = core.flavors[item.flavor]
            mine = [wait.wait_ms for wait in waits if wait.flavor == item.flavor]
            flavors.append(
                {
                    "name": flavor.name,
                    "title": flavor.title,
                    "devices_total": item.devices_total,
                    "devices_free": item.devices_free,
                    "is_simulated": flavor.is_simulated,
                    "waiting": queued.count(item.flavor),
                    "median_wait_ms": int(median(mine)) if len(mine) >= SMALL else None,
                }
            )
        return {"flavors": flavors, "days": PUBLIC_DAYS, "now_ms": now}


def _summary(waits: Sequence[int]) -> dict[str, Any]:
    ordered = sorted(waits)
    if not ordered:
        return {"count": 0, "median_ms": None, "long_ms": None}
    long = ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)]
    return {"count": len(ordered), "median_ms": int(median(ordered)), "long_ms": long}


def _day(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d")
