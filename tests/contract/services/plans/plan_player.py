"""The people, the hub and the workers of a story: what they do, and do again when it fails.

A player keeps nothing in memory that a client would not have: leases and runs are found by their
names, and every request that makes something carries an idempotency key.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from plan_fates import Killed
from plan_house import PlanHouse

from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.domain.run import Run
from madang.errors import ConflictError, UnavailableError
from madang.services.requests import Actor, ChangeRequest, ExtendRequest

Step = Callable[["Player"], Awaitable[None]]


class Player:
    """Does what a story says; each act may be repeated after a kill and changes nothing then."""

    def __init__(self, house: PlanHouse) -> None:
        self.house = house

    @property
    def services(self) -> Any:
        """The service that lives now."""
        return self.house.services

    # -- looking -------------------------------------------------------------------------------

    def lease(self, name: str) -> Lease:
        """Return the latest lease of a name."""
        return self.house.query(lambda tx: tx.leases.find(name=name))[-1]

    def run(self, name: str) -> Run:
        """Return a run by its name."""
        return next(run for run in self.house.query(lambda tx: tx.runs.find()) if run.name == name)

    def cluster(self, name: str) -> str:
        """Return the id of a cluster by its name."""
        first = self.house.query(lambda tx: tx.leases.find(name=name))[0]
        return str(first.options["cluster"])

    async def actor(self, name: str) -> Actor:
        """Return a person."""
        return await self.house.actor(name)

    # -- people ----------------------------------------------------------------------------------

    async def ask(self, name: str, person: str, **wanted: Any) -> None:
        """Ask for a notebook."""
        await self.house.ask(person, name=name, key=f"key-{name}", **wanted)

    async def claim(self, name: str) -> None:
        """Take a turn on the waiting page, if it is there to be taken."""
        lease = self.lease(name)
        if lease.needs_claim:
            await self.services.leases.claim(await self.actor("root"), lease.id)

    async def hold(self, name: str, held_back: bool) -> None:
        """Pause a waiting lease, or let it go on."""
        await self.services.leases.hold(await self.actor("root"), self.lease(name).id, held_back)

    async def change(self, name: str, person: str, **wanted: Any) -> None:
        """Ask for something else while it waits."""
        request, lease = ChangeRequest(**wanted), self.lease(name)
        actor = await self.actor(person)
        await self.services.changes.change(actor, lease.id, request, key=f"change-{name}")

    async def extend(self, name: str, person: str, by_ms: int) -> None:
        """Ask for more time."""
        request, lease = ExtendRequest(by_ms=by_ms), self.lease(name)
        actor = await self.actor(person)
        await self.services.changes.extend(actor, lease.id, request, key=f"extend-{name}")

    async def end(self, name: str) -> None:
        """End a lease by hand."""
        lease = self.lease(name)
        await self.services.leases.end(await self.actor("root"), lease.id, why="over")

    async def submit(self, name: str, person: str, **wanted: Any) -> None:
        """Submit a run."""
        await self.house.submit(person, name=name, key=f"key-{name}", **wanted)

    async def cancel(self, name: str, person: str) -> None:
        """Cancel a run."""
        await self.services.runs.cancel(await self.actor(person), self.run(name).id)

    async def make_cluster(self, name: str, person: str, **wanted: Any) -> None:
        """Ask for a cluster."""
        await self.house.cluster(person, name=name, key=f"key-{name}", **wanted)

    async def scale(self, name: str, person: str, workers: int) -> None:
        """Ask for so many workers in all."""
        actor = await self.actor(person)
        await self.services.clusters.scale(actor, self.cluster(name), workers)

    async def end_cluster(self, name: str, person: str) -> None:
        """Let a cluster go."""
        await self.services.clusters.end(await self.actor(person), self.cluster(name))

    # -- hub and workers -------------------------------------------------------------------------

    async def launch(self, name: str) -> None:
        """Start a notebook server, as the hub does for a claimed lease."""
        lease = self.lease(name)
        if lease.state is LeaseState.ADMITTED and lease.claimed_ms is not None:
            self.house.engine.launch_notebook(lease.id, lease.attempt)

    async def worker(self, run: str) -> Actor:
        """Return the worker in the slot of a run, or in the one that works and will take it."""
        its = self.run(run).lease

        def slot(tx: Any) -> Any:
            works = {"kind": LeaseKind.SLOT, "state": LeaseState.ACTIVE}
            return tx.leases.get(its) or tx.leases.find(**works)[0]

        lease = self.house.query(slot)
        token = self.house.engine.launcher.specs[(lease.id, lease.attempt)].token
        return await self.services.people.attempt_actor(token, "en")

    async def take(self, run: str) -> None:
        """Take the next run, which must be this one."""
        task = await self.services.slots.next(await self.worker(run), 0)
        assert task is not None
        assert task["run"]["name"] == run

    async def find_nothing(self, run: str) -> None:
        """Ask for the next run in the slot of an ended one, and find none."""
        try:
            assert await self.services.slots.next(await self.worker(run), 0) is None
        except ConflictError as over:
            # The worker ends when it is told that its slot does.
            if over.code != "slot_over":
                raise

    async def progress(self, run: str, done: int) -> None:
        """Report cells."""
        body = {"cells_done": done, "cells_total": 3, "log": f"cell {done}\n"}
        await self.services.slots.progress(await self.worker(run), self.run(run).id, body)

    async def hand_in(self, run: str, data: bytes, state: str, reason: str = "") -> None:
        """Hand in the output and report the end."""
        found = self.run(run)
        if found.is_final:
            return
        worker = await self.worker(run)
        await self.services.slots.put_output(worker, found.id, data)
        await self.services.slots.finish(worker, found.id, {"state": state, "reason": reason})


# -- steps -----------------------------------------------------------------------------------------


def act(method: str, *args: Any, takes_ms: int = 1, **more: Any) -> Step:
    """Return a step in which somebody does something, and again if the answer did not come."""

    async def step(player: Player) -> None:
        for _ in range(3):
            try:
                await getattr(player, method)(*args, **more)
            except UnavailableError:
                continue
            # No two requests at one time: those of one millisecond have no order.
            player.house.engine.advance(takes_ms)
            return
        raise AssertionError(f"{method} never succeeded")

    return step


def happens(what: Callable[[Any, Player], None]) -> Step:
    """Return a step in which something happens at the engine."""

    async def step(player: Player) -> None:
        what(player.house.engine, player)
        player.house.engine.advance(1)

    return step


def looks(*steps_ms: int) -> list[Step]:
    """Return one look for each time, which passes after it."""

    def one(ms: int) -> Step:
        async def step(player: Player) -> None:
            await player.house.look(ms)

        return step

    return [one(ms) for ms in steps_ms]


def until(what: Callable[[Player], bool], *first: str, limit: int = 120) -> Step:
    """Return a step that looks until something is so; after each look acts are tried.

    The look comes first, so that a step which is repeated after a kill goes as it went before.

    Parameters
    ----------
    first
        ``method name`` of acts, such as ``claim nb``: the hub and the page act by themselves.
    """

    async def step(player: Player) -> None:
        for _ in range(limit):
            await player.house.look(1_000)
            if what(player):
                return
            for text in first:
                method, name = text.split()
                await act(method, name, takes_ms=0)(player)
        raise AssertionError("it never came to be so")

    return step


def is_state(name: str, *states: str) -> Callable[[Player], bool]:
    """Return whether the latest lease of a name is in one of these states."""
    return lambda player: player.lease(name).state in states


def is_run(name: str, *states: str) -> Callable[[Player], bool]:
    """Return whether a run is in one of these states."""
    return lambda player: player.run(name).state in states


def has_slot(name: str) -> Callable[[Player], bool]:
    """Return whether the slot of a waiting run works."""

    def look(player: Player) -> bool:
        run = player.run(name)
        lease = player.house.query(lambda tx: tx.leases.get(run.lease))
        return lease is not None and lease.state is LeaseState.ACTIVE

    return look


async def play(house: PlanHouse, story: list[Step]) -> None:
    """Play a story to its end; a service that is killed starts again and the step is repeated."""
    player = Player(house)
    while house.step < len(story):
        try:
            await story[house.step](player)
        except Killed:
            await house.restart()
            continue
        if house.fate.is_dead:
            # Something that ran aside was killed; the step itself was done.
            await house.restart()
        house.step += 1
