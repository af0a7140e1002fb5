"""What a waiting notebook could have instead, found for whoever looks at it.

Each alternative is a change that :mod:`madang.services.changes` would accept now; the engine says
when it would start. Kept for a few seconds, since every look at a waiting page asks for it.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from madang.domain.lease import Lease, LeaseKind, LeaseState, Standing
from madang.domain.profile import FlavorCapacity
from madang.errors import MadangError
from madang.i18n import text
from madang.policy.alternatives import Candidate, is_now, worth_showing
from madang.services.changes import Plan, cost_per_hour, plan
from madang.services.core import Core
from madang.services.leasing import queue_item
from madang.services.requests import Actor, ChangeRequest
from madang.store import Tx

FRESH_MS = 5_000
PLAYED_MAX = 200
"""In a longer queue only what is free is offered: playing it for each candidate would take long."""

MS_PER_MIN = 60_000
Offers = list[tuple[Candidate, Plan]]


@dataclass(frozen=True, slots=True)
class _Known:
    at_ms: int
    attempt: int
    offers: Offers


class Alternatives:
    """Finds alternatives, and keeps them for a moment."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[str, _Known] = {}
        self._lock = asyncio.Lock()

    async def find(
        self, actor: Actor, lease: Lease, standing: Standing | None
    ) -> list[dict[str, Any]]:
        """Return alternatives of a waiting notebook as the API shows them; none for others."""
        if lease.kind is not LeaseKind.NOTEBOOK or lease.state is not LeaseState.QUEUED:
            return []
        if lease.held_back:
            return []
        now = self._core.clock()
        expected_ms = standing.expected_ms if standing else None
        offers = await self._offers(lease, expected_ms, now)
        return [_view(self._core, actor.lang, *offer, expected_ms, now) for offer in offers]

    async def _offers(self, lease: Lease, expected_ms: int | None, now: int) -> Offers:
        known = self._known.get(lease.id)
        # While others are looked up, a slightly older answer is better than waiting for them.
        if (
            known
            and known.attempt == lease.attempt
            and (0 <= now - known.at_ms < FRESH_MS or self._lock.locked())
        ):
            return known.offers
        async with self._lock:
            offers = await self._look(lease, expected_ms, now)
            too_old = [key for key, one in self._known.items() if now - one.at_ms > 12 * FRESH_MS]
            for key in too_old:
                del self._known[key]
            self._known[lease.id] = _Known(now, lease.attempt, offers)
            return offers

    async def _look(self, lease: Lease, expected_ms: int | None, now: int) -> Offers:
        capacity = {item.flavor: item for item in await self._core.engine.admission.capacity()}
        plans = await self._core.store.read(lambda tx: _plans(self._core, tx, lease, capacity))
        is_long = sum(item.waiting for item in capacity.values()) > PLAYED_MAX
        found: dict[int, Plan] = {}
        candidates = []
        for made in plans:
            after = made.lease
            starts_ms = _free_ms(after, capacity, now)
            if starts_ms is None and not is_long:
                item = queue_item(self._core, made.project, after, after.attempt + 1)
                starts_ms = await self._core.engine.admission.estimate(item, now)
            one = Candidate(
                profile=str(after.options.get("profile", "")),
                flavor=after.flavor,
                devices=after.devices,
                starts_ms=starts_ms,
            )
            found[id(one)] = made
            candidates.append(one)
        shown = worth_showing(candidates, lease.flavor, lease.devices, expected_ms, now)
        return [(one, found[id(one)]) for one in shown]


def _plans(core: Core, tx: Tx, lease: Lease, capacity: dict[str, FlavorCapacity]) -> list[Plan]:
    """Return the changes that would be accepted: other profiles, and what is free of the flavor."""
    requests = [ChangeRequest(profile=profile.name) for profile in core.profiles]
    here = capacity.get(lease.flavor)
    if here is not None and 0 < here.devices_free < lease.devices:
        requests.append(ChangeRequest(flavor=lease.flavor, devices=here.devices_free))
    plans = []
    for request in requests:
        try:
            made = plan(core, tx, lease, request)
        except MadangError:
            # Not for this tier, this pool or this budget: it is simply not offered.
            continue
        is_more = made.lease.flavor == lease.flavor and made.lease.devices >= lease.devices
        if not is_more:
            plans.append(made)
    return plans


def _free_ms(lease: Lease, capacity: dict[str, FlavorCapacity], now: int) -> int | None:
    """Return now when it needs no device, or nobody waits and enough is free."""
    there = capacity.get(lease.flavor)
    if lease.devices == 0:
        return now
    is_free = there is not None and not there.waiting and there.devices_free >= lease.devices
    return now if is_free else None


def _view(
    core: Core, lang: str, one: Candidate, made: Plan, expected_ms: int | None, now: int
) -> dict[str, Any]:
    starts_now = is_now(one.starts_ms, now)
    title = f"{one.devices} × {one.flavor}"
    if one.profile:
        titles = core.profile(one.profile).titles
        title = titles.get(lang) or titles.get("en") or one.profile
    key, minutes = "now", 0
    if not starts_now and one.starts_ms is not None:
        key = "in" if expected_ms is None else "sooner"
        span = one.starts_ms - now if expected_ms is None else expected_ms - one.starts_ms
        minutes = max(1, round(span / MS_PER_MIN))
    return {
        "profile": one.profile,
        "flavor": one.flavor,
        "devices": one.devices,
        "limit_ms": made.lease.limit_ms,
        "expected_ms": None if starts_now else one.starts_ms,
        "cost_per_hour_microcredits": cost_per_hour(core, made.lease),
        "keeps_place": made.keeps_place,
        "title": title,
        "text": text(f"alternative.{key}", lang, title=title, minutes=minutes),
    }
