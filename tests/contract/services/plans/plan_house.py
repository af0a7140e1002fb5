"""A house whose service can be killed at any point, and set up again at a point of the past."""

import asyncio
import copy
import sqlite3
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from plan_fates import Fate, Plan, WatchedPort, WatchedStore
from services_house import House
from sqlalchemy import event

from madang.engines.hostile import HostileEngine
from madang.engines.hostile.admission import HostileAdmission
from madang.engines.ports import AdmissionEvent, AskedBack, Engine
from madang.services import bootstrap
from madang.store import Store

CAPACITY = {"sim-h200": 4}
START_MS = 1_700_000_000_000


class Steady(Random):
    """Draws the middle of everything, so that no plan's order of calls changes what is drawn."""

    def random(self) -> float:
        """Return that nothing by chance happens."""
        return 0.999

    def randint(self, a: int, b: int) -> int:
        """Return the middle."""
        return (a + b) // 2


class Inline:
    """An executor without threads: thousands of plans need neither speed-up nor switching."""

    def submit(self, call: Any, *args: Any) -> "Future[Any]":
        """Call at once."""
        done: Future[Any] = Future()
        try:
            done.set_result(call(*args))
        except BaseException as error:
            done.set_exception(error)
        return done

    def shutdown(self, **_: Any) -> None:
        """Have nothing to end."""


@dataclass(frozen=True, slots=True)
class Moment:
    """All that outlives a service at one point, and the step of the story that was under way."""

    rows: bytes
    engine: HostileEngine
    step: int
    heard: list[AdmissionEvent]


def steady_engine() -> HostileEngine:
    """Return an engine that does everything at once and nothing by chance."""
    engine = HostileEngine(1, CAPACITY, now_ms=START_MS)
    engine._world.random = Steady()
    return engine


class Rows:
    """One database for all plans of a process, filled anew for each.

    A store of its own for each plan would compile every statement anew, which takes longer than to
    play the plan. Nothing here need survive a power cut.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(f"sqlite:///{folder / 'madang.sqlite'}")

        @event.listens_for(self.store._writing, "connect")
        def hurry(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous = OFF")

        for threads in (self.store._writer, self.store._readers):
            threads.shutdown()
        self.store._writer = self.store._readers = Inline()  # type: ignore[assignment]
        self.store.migrate()
        self.folder = folder
        self.fresh = b""

    def _connection(self) -> Any:
        return self.store._writing.connect()

    def image(self) -> bytes:
        """Return all rows as they are now."""
        with self._connection() as connection:
            image = bytearray(connection.connection.driver_connection.serialize())
        # "Not in WAL mode": a database in memory, from which it is copied back, cannot be.
        image[18:20] = b"\1\1"
        return bytes(image)

    def fill(self, image: bytes) -> None:
        """Put rows of the past in place."""
        with closing(sqlite3.connect(":memory:")) as past, self._connection() as connection:
            past.deserialize(image)
            past.backup(connection.connection.driver_connection)

    def changes(self) -> int:
        """Return how many rows were ever changed."""
        with self._connection() as connection:
            return int(connection.connection.driver_connection.total_changes)


class PlanHouse(House):
    """A house with a fate over the rows of a moment."""

    def __init__(
        self, rows: Rows, fate: Fate, image: bytes, engine: HostileEngine | None = None
    ) -> None:
        self.rows = rows
        self.fate = fate
        self.step = 0
        self.kills = 0
        if image:
            rows.fill(image)
        super().__init__(rows.folder, engine or steady_engine())

    def rules(self) -> Any:
        """Read the rules once for all plans."""
        if "rules" not in _once:
            _once["rules"] = super().rules()
        return _once["rules"]

    def store(self) -> Store:
        """Open the rows; every write of services is a point."""
        return WatchedStore(self.rows.store, self.fate, self.rows.changes)  # type: ignore[return-value]

    def ports(self) -> Engine:
        """Return the engine; every change of it is a point."""
        real = self.engine
        return Engine(
            name="hostile",
            admission=WatchedPort("admission", real.admission, self.fate),  # type: ignore[arg-type]
            launcher=WatchedPort("launcher", real.launcher, self.fate),  # type: ignore[arg-type]
            meter=real.meter,
            artifacts=WatchedPort("artifacts", real.artifacts, self.fate),  # type: ignore[arg-type]
            environments=real.environments,
        )

    def moment(self) -> Moment:
        """Return what would be left if the service were killed now."""
        return Moment(self.rows.image(), copy.deepcopy(self.engine), self.step, self.fate.heard)

    def query(self, work: Any) -> Any:
        """Read rows past the service."""
        return self.rows.store.read_now(work)

    async def restart(self) -> None:
        """Start a new service over what the killed one has left."""
        self.kills += 1
        self.fate = Fate(untaken=self.fate.heard)
        await self._end_tasks()
        self.services = self._build()
        await self.services.reconciler.restore()

    async def _end_tasks(self) -> None:
        tasks = [t for t in self.services.core.live.retiring.values() if not t.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*self.services.core.live.retiring.values(), return_exceptions=True)

    async def look(self, ms: int) -> None:
        """Let the loop look once, then let time pass."""
        await self.services.reconciler.look()
        for _ in range(3):
            # What was begun aside ends now.
            await asyncio.sleep(0)
        self.engine.advance(ms)


_once: dict[str, Any] = {}


def planted(rows: Rows) -> bytes:
    """Return the rows of a new installation, with which each story begins."""
    if not rows.fresh:
        house = PlanHouse(rows, Fate(), b"")
        rows.store.write_now(lambda tx: bootstrap.plant(house.services.core, tx))
        rows.fresh = rows.image()
    return rows.fresh


async def revived(moment: Moment, rows: Rows, plan: Plan) -> PlanHouse:
    """Return a house whose service was killed at a moment of the past and has started again."""
    engine, untaken = copy.deepcopy(moment.engine), moment.heard
    if plan.forgets:
        # As the local one: what waits and what was decided is gone, and decided again.
        engine.admission = HostileAdmission(engine._world, CAPACITY)
        untaken = [event for event in untaken if isinstance(event, AskedBack)]
    house = PlanHouse(rows, Fate(untaken=untaken), moment.rows, engine)
    house.step, house.kills = moment.step, 1
    await house.services.reconciler.restore()
    return house
