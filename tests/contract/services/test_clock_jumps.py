"""The clock of the machine is set forward and back while people work: money and places stay right.

Played on the services with the clock of the hostile engine; `tests/faults` plays a day with a whole
installation. Time limits are told by the wall clock: one that jumps forward ends what it says is
over. What may never happen is time that is charged twice, a gap between two slices, a negative
amount, a place that is lost, or a device that nobody frees.
"""

import random
from collections import defaultdict
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from madang.engines.hostile import Faults
from madang.errors import MadangError
from madang.units import MS_PER_HOUR, segment_cost_microcredits

JUMPS_MS = (-24 * MS_PER_HOUR, -MS_PER_HOUR, -600_000, -3_000, 3_000, 600_000, MS_PER_HOUR)
PEOPLE = ("ada", "bora", "chan", "dana")
PROJECT = {"ada": "vision", "bora": "vision", "chan": "language", "dana": "language"}


class Day:
    """What people do on a day on which somebody plays with the clock."""

    def __init__(self, house: Any, seed: int) -> None:
        self.house = house
        self.draw = random.Random(seed)
        self.submitted: dict[str, int] = {}

    async def act(self) -> None:
        name = self.draw.choice(PEOPLE)
        acts = [self.ask, self.ask, self.cluster, self.use, self.use, self.use, self.end, self.kill]
        with suppress(MadangError):
            await self.draw.choice(acts)(name)

    async def ask(self, name: str) -> None:
        profile = self.draw.choice(["gpu-1", "gpu-2", "gpu-4"])
        made = await self.house.ask(name, project=PROJECT[name], profile=profile)
        self.submitted[made["id"]] = made["submitted_ms"]

    async def cluster(self, name: str) -> None:
        made = await self.house.cluster(name, project=PROJECT[name], workers=1)
        self.submitted[made["lease"]["id"]] = made["lease"]["submitted_ms"]

    async def unfinished(self) -> list[dict[str, Any]]:
        leases = await self.house.services.leases.list(await self.house.actor("root"))
        return [lease for lease in leases if lease["state"] != "ended"]

    async def use(self, _name: str) -> None:
        """Play waiting page and hub for everybody whose turn has come."""
        for lease in await self.unfinished():
            if lease["kind"] == "notebook" and lease["state"] == "admitted":
                actor = await self.house.actor(lease["person"])
                view = await self.house.services.leases.claim(actor, lease["id"])
                if view["ready"]:
                    self.house.engine.launch_notebook(lease["id"], view["attempt"])

    async def end(self, name: str) -> None:
        leases = [lease for lease in await self.unfinished() if lease["person"] == name]
        if leases:
            root = await self.house.actor("root")
            await self.house.services.leases.end(root, self.draw.choice(leases)["id"], why="x")

    async def kill(self, _name: str) -> None:
        await self.house.restart()


async def check_money(house: Any) -> None:
    """Slices follow each other; each costs what its part of the attempt costs, never below 0."""
    store = house.services.core.store
    slices = defaultdict(list)
    for entry in await store.read(lambda tx: list(tx.ledger.entries())):
        assert entry.device_ms >= 0, entry
        if entry.kind in ("charge", "overhead"):
            slices[(entry.lease, entry.attempt)].append(entry)
    for key, parts in slices.items():
        parts.sort(key=lambda entry: (entry.from_ms, entry.to_ms))
        for one, other in pairwise(parts):
            assert one.to_ms == other.from_ms, (key, parts)
        before = 0
        for part in (p for p in parts if p.kind == "charge"):
            cost = segment_cost_microcredits(before, part.device_ms, part.rate_microcredits)
            assert -part.amount_microcredits == cost >= 0
            before += part.device_ms


async def check_devices(house: Any) -> None:
    leases = await house.services.core.store.read(lambda tx: tx.leases.unfinished())
    held = [device for lease in leases for device in lease.device_ids]
    assert len(held) == len(set(held)), held


async def check_attempts(house: Any) -> None:
    """What an attempt is charged is what lies between its start and its end."""

    def read(tx: Any) -> list[tuple[Any, int]]:
        found = []
        for lease in tx.leases.find(state=["ended"]):
            for attempt in tx.attempts.of_lease(lease.id):
                found.append((attempt, tx.ledger.charged(lease.id, attempt.n)[0] // lease.devices))
        return found

    for attempt, charged_ms in await house.services.core.store.read(read):
        began, ended = attempt.started_ms or 0, attempt.ended_ms or 0
        assert ended >= began >= 0
        assert charged_ms == ended - began, attempt


@pytest.mark.parametrize("seed", range(5))
async def test_a_clock_that_jumps_costs_nobody_anything(make_house: Any, seed: int) -> None:
    house = make_house(seed, Faults(late_ms=2_000, duplicate=0.2))
    await house.open()
    day = Day(house, seed)
    for _ in range(50):
        await day.act()
        if day.draw.random() < 0.15:
            house.engine.advance(day.draw.choice(JUMPS_MS))
        await house.turn(day.draw.randint(1, 3), step_ms=day.draw.choice([100, 1_000, 20_000]))
        await check_devices(house)
        await check_money(house)
        for lease in await day.unfinished():
            told = day.submitted.get(lease["id"])
            assert told in (None, lease["submitted_ms"]), "a place was lost"
    house.engine.calm()
    root = await house.actor("root")
    for lease in await day.unfinished():
        await house.services.leases.end(root, lease["id"], why="x")
    await house.turn(30)
    # What this engine decided before the clock was set back is told when its time comes again.
    house.engine.advance(max(map(abs, JUMPS_MS)) * 3)
    await house.turn(20)
    assert await day.unfinished() == []
    assert house.engine.admission.held() == {}
    assert max(house.engine.launcher.starts.values(), default=1) == 1
    verified = await house.services.usage.verify(root)
    assert verified["ok"], verified
    await check_money(house)
    await check_attempts(house)
    house.services.core.store.close()
