"""Random days on an engine that lies: whatever happens, money, places and devices stay right."""

import itertools
import random
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest

from madang.engines.hostile import Faults
from madang.errors import MadangError

PEOPLE = {"ada": "vision", "bora": "vision", "chan": "language", "dana": "language"}


class Day:
    """Draws what people, the hub, the workers and bad luck do next."""

    def __init__(self, house: Any, seed: int) -> None:
        self.house = house
        self.draw = random.Random(seed)
        self.submitted: dict[str, int] = {}

    async def act(self) -> None:
        """Do one thing; a refusal is an answer, not a fault."""
        acts = [self.ask, self.ask, self.cluster, self.run, self.hub, self.hub, self.work]
        acts += [self.end, self.finish, self.ask_back, self.lose, self.restart]
        with suppress(MadangError):
            await self.draw.choice(acts)()

    def person(self) -> str:
        return self.draw.choice(list(PEOPLE))

    async def ask(self) -> None:
        name = self.person()
        profile = self.draw.choice(["cpu", "gpu-1", "gpu-2", "gpu-4"])
        lease = await self.house.ask(name, project=PEOPLE[name], profile=profile)
        self.submitted[lease["id"]] = lease["submitted_ms"]

    async def cluster(self) -> None:
        name = self.person()
        workers = self.draw.randint(1, 3)
        await self.house.cluster(name, project=PEOPLE[name], workers=workers)

    async def run(self) -> None:
        name = self.person()
        await self.house.submit(name, project=PEOPLE[name], limit_ms=60_000)

    async def unfinished(self) -> list[dict[str, Any]]:
        leases = await self.house.services.leases.list(await self.house.actor("root"))
        return [lease for lease in leases if lease["state"] != "ended"]

    async def hub(self) -> None:
        """Play the waiting page and the hub for one notebook."""
        for lease in await self.unfinished():
            if lease["kind"] == "notebook" and lease["state"] == "admitted":
                actor = await self.house.actor(lease["person"])
                view = await self.house.services.leases.claim(actor, lease["id"])
                key = (lease["id"], view["attempt"])
                if view["ready"] and key not in self.house.engine.launcher.starts:
                    self.house.engine.launch_notebook(*key)
                return

    async def work(self) -> None:
        """Play the worker of one slot."""
        for lease in await self.unfinished():
            if lease["kind"] == "slot" and lease["state"] == "active":
                worker = await self.house.slot_worker(lease["id"])
                task = await self.house.services.slots.next(worker, 0)
                if task is not None:
                    end = {"state": self.draw.choice(["succeeded", "failed"])}
                    await self.house.services.slots.finish(worker, task["run"]["id"], end)
                return

    async def one(self) -> dict[str, Any] | None:
        leases = await self.unfinished()
        return self.draw.choice(leases) if leases else None

    async def end(self) -> None:
        if lease := await self.one():
            await self.house.services.leases.end(
                await self.house.actor("root"), lease["id"], why="test"
            )

    async def finish(self) -> None:
        lease = await self.one()
        key = (lease["id"], lease["attempt"]) if lease else ("", 0)
        if key in self.house.engine.launcher.starts:
            self.house.engine.finish(key[0], self.draw.choice([0, 1]))

    async def ask_back(self) -> None:
        if lease := await self.one():
            self.house.engine.ask_back(lease["id"])

    async def lose(self) -> None:
        self.house.engine.lose_events()

    async def restart(self) -> None:
        await self.house.restart()


async def no_device_is_held_twice(house: Any) -> None:
    leases = await house.services.core.store.read(lambda tx: tx.leases.unfinished())
    held = [device for lease in leases for device in lease.device_ids]
    assert len(held) == len(set(held)), held


async def reserved_never_exceeds_what_is_left(house: Any) -> None:
    def balances(tx: Any) -> list[Any]:
        return [tx.budget.balance(project.id) for project in tx.projects.all()]

    for balance in await house.services.core.store.read(balances):
        assert balance.reserved >= 0
        assert balance.used + balance.reserved <= balance.granted + balance.overrun


async def every_second_is_there_once(house: Any) -> None:
    """Charged and overhead slices of each attempt follow each other without gap or overlap."""
    entries = await house.services.core.store.read(lambda tx: list(tx.ledger.entries()))
    slices = defaultdict(list)
    for entry in entries:
        if entry.kind in ("charge", "overhead"):
            slices[(entry.lease, entry.attempt)].append((entry.from_ms, entry.to_ms, entry.kind))
    for key, parts in slices.items():
        parts.sort()
        for (_, to_ms, _), (from_ms, _, _) in itertools.pairwise(parts):
            assert to_ms == from_ms, (key, parts)


@pytest.mark.parametrize("seed", range(6))
async def test_a_hostile_day_ends_with_rows_and_reality_agreeing(
    make_house: Any, seed: int
) -> None:
    house = make_house(seed, Faults.all())
    await house.open()
    day = Day(house, seed)
    for _ in range(100):
        await day.act()
        await house.turn(day.draw.randint(0, 3), step_ms=day.draw.choice([100, 1_000, 20_000]))
        await no_device_is_held_twice(house)
        await reserved_never_exceeds_what_is_left(house)
    house.engine.calm()
    for lease in await day.unfinished():
        if lease["id"] in day.submitted:
            assert lease["submitted_ms"] == day.submitted[lease["id"]], "a place was lost"
    root = await house.actor("root")
    for run in await house.services.runs.list(root):
        await house.services.runs.cancel(root, run["id"], why="test")
    for lease in await day.unfinished():
        await house.services.leases.end(root, lease["id"], why="test")
    await house.turn(60)
    assert await day.unfinished() == []
    assert await house.engine.launcher.alive() == []
    assert house.engine.admission.held() == {}
    assert max(house.engine.launcher.starts.values(), default=1) == 1, "an attempt started twice"
    verified = await house.services.usage.verify(root)
    assert verified["ok"], verified
    reservations = await house.services.core.store.read(lambda tx: tx.budget.open_reservations())
    assert reservations == []
    await every_second_is_there_once(house)
    house.services.core.store.close()
