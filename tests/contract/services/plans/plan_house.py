"""A house whose service can be killed at any point, and set up again at a point of the past."""

import asyncio
import copy
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from plan_fates import Fate, Plan, WatchedPort, WatchedStore
from services_house import House
from sqlalchemy import event

from madang.engines.hostile import HostileEngine
from madang.engines.hostile.admission import HostileAdmission
from madang.engines.ports import Engine
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


def steady_engine() -> HostileEngine:
    """Return an engine that does everything at once and nothing by chance."""
    engine = HostileEngine(1, CAPACITY, now_ms=START_MS)
    engine._world.random = Steady()
    return engine


class PlanHouse(House):
    """A house with a fate; its rows need not survive a power cut, only its service's end."""

    def __init__(
        self, folder: Path, fate: Fate, rows: bytes = b"", engine: HostileEngine | None = None
    ) -> None:
        self.fate = fate
        self.step = 0
        self.kills = 0
        folder.mkdir(parents=True, exist_ok=True)
        if rows:
            (folder / "madang.sqlite").write_bytes(rows)
        super().__init__(folder, engine or steady_engine())

    def raw_store(self) -> Store:
        """Open the rows without a fate."""
        made = Store(f"sqlite:///{self.folder / 'madang.sqlite'}")

        @event.listens_for(made._writing, "connect")
        def hurry(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous = OFF")

        for threads in (made._writer, made._readers):
            threads.shutdown()
        made._writer = made._readers = Inline()  # type: ignore[assignment]
        return made

    def store(self) -> Store:
        """Open the rows; every write of services is a point."""
        self.rows = self.raw_store()
        return WatchedStore(self.rows, self.fate, self._changes)  # type: ignore[return-value]

    def _changes(self) -> int:
        with self.rows._writing.connect() as connection:
            return int(connection.connection.driver_connection.total_changes)  # type: ignore[union-attr]

    def ports(self) -> Engine:
        """Return the engine; every change of it is a point."""
        real = self.engine
        return Engine(
            name="hostile",
            admission=WatchedPort("admission", real.admission, self.fate),  # type: ignore[arg-type]
            launcher=WatchedPort("launcher", real.launcher, self.fate),  # type: ignore[arg-type]
            meter=real.meter,
            artifacts=WatchedPort("artifacts", real.artifacts, self.fate),  # type: ignore[arg-type]
        )

    def moment(self) -> Moment:
        """Return what would be left if the service were killed now."""
        with self.rows._writing.connect() as connection:
            rows = connection.connection.driver_connection.serialize()  # type: ignore[union-attr]
        return Moment(rows, copy.deepcopy(self.engine), self.step)

    def query(self, work: Any) -> Any:
        """Read rows past the service."""
        return self.rows.read_now(work)

    async def restart(self) -> None:
        """Start a new service over what the killed one has left."""
        self.kills += 1
        plan = self.fate.plan
        if plan is not None and plan.forgets:
            self.engine.admission = HostileAdmission(self.engine._world, CAPACITY)
        self.fate = Fate()
        await self._end_tasks()
        self.rows.close()
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


_planted: list[bytes] = []


async def planted_rows(folder: Path) -> bytes:
    """Return the rows of a new installation, with which each story begins."""
    if not _planted:
        house = PlanHouse(folder / "planted", Fate())
        house.rows.migrate()
        house.rows.write_now(lambda tx: bootstrap.plant(house.services.core, tx))
        _planted.append(house.moment().rows)
        house.rows.close()
    return _planted[0]


async def revived(moment: Moment, folder: Path, plan: Plan) -> PlanHouse:
    """Return a house whose service was killed at a moment of the past and has started again."""
    engine = copy.deepcopy(moment.engine)
    if plan.forgets:
        engine.admission = HostileAdmission(engine._world, CAPACITY)
    house = PlanHouse(folder, Fate(), moment.rows, engine)
    house.step, house.kills = moment.step, 1
    await house.services.reconciler.restore()
    return house
