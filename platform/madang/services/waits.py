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

from madang.services import access
from madang.services.core import Core
from madang.services.once import Once
from madang.services.requests import Actor
from madang.store import Tx

DAY_MS = 24 * 3_600_000
SMALL = 5
"""Fewer waits than this could show one person; they are told as too few."""

FRESH_MS = 10_000
FEW = 1_000
"""Of more waits than these, those that ended within the last ten seconds may be missing."""

PUBLIC_DAYS = 7
CHART_DAYS = 14


class Waits:
    """Reads about waiting; nothing here changes anything."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._count = 0
        self._by_day: Once[dict[str, Any]] = Once()
        self._medians: Once[dict[str, int]] = Once()

    async def by_day(self, actor: Actor) -> dict[str, Any]:
        """Return the median and the long waits of each of the last days, for all flavors."""
        access.require_person(actor)
        core = self._core
        now, zone = core.clock(), ZoneInfo(core.policy.zone)
        return await self._by_day.get(
            self._sign(now), lambda: core.store.reading(lambda tx: self._days(tx, now, zone))
        )

    def _days(self, tx: Tx, now: int, zone: ZoneInfo) -> dict[str, Any]:
        since = now - (CHART_DAYS - 1) * DAY_MS
        found = tx.leases.waits(since)
        self._count = len(found)
        days: dict[str, list[int]] = defaultdict(list)
        for wait in found:
            days[_day(wait.admitted_ms, zone)].append(wait.wait_ms)
        first = datetime.fromtimestamp(since / 1000, UTC).astimezone(zone).date()
        names = [(first + timedelta(days=n)).isoformat() for n in range(CHART_DAYS)]
        return {
            "days": [{"day": name, **_summary(days.get(name, []))} for name in names],
            **_summary([wait.wait_ms for wait in found]),
            "zone": self._core.policy.zone,
        }

    def _sign(self, now: int) -> object:
        """Return what differs when the waits have to be read again."""
        return now // FRESH_MS, self._core.mark() if self._count <= FEW else None

    async def public(self) -> dict[str, Any]:
        """Return what anybody may know: devices free and waiting, and the median wait."""
        core = self._core
        now = core.clock()
        capacity = await core.engine.admission.capacity()
        medians = await self._medians.get(
            self._sign(now), lambda: core.store.reading(lambda tx: self._by_flavor(tx, now))
        )
        queued = await core.store.read(lambda tx: tx.leases.waiting_by_flavor())
        flavors = []
        for item in capacity:
            flavor = core.flavors[item.flavor]
            flavors.append(
                {
                    "name": flavor.name,
                    "title": flavor.title,
                    "devices_total": item.devices_total,
                    "devices_free": item.devices_free,
                    "is_simulated": flavor.is_simulated,
                    "waiting": queued.get(item.flavor, 0),
                    "median_wait_ms": medians.get(item.flavor),
                }
            )
        return {"flavors": flavors, "days": PUBLIC_DAYS, "now_ms": now}

    def _by_flavor(self, tx: Tx, now: int) -> dict[str, int]:
        """Return the median wait by flavor, of those that show nobody."""
        waits: dict[str, list[int]] = defaultdict(list)
        found = tx.leases.waits(now - PUBLIC_DAYS * DAY_MS)
        self._count = max(self._count, len(found))
        for wait in found:
            waits[wait.flavor].append(wait.wait_ms)
        return {name: int(median(mine)) for name, mine in waits.items() if len(mine) >= SMALL}


def _summary(waits: Sequence[int]) -> dict[str, Any]:
    ordered = sorted(waits)
    if not ordered:
        return {"count": 0, "median_ms": None, "long_ms": None}
    long = ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)]
    return {"count": len(ordered), "median_ms": int(median(ordered)), "long_ms": long}


def _day(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d")
