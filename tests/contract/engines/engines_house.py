"""One house for each engine, so that the same tests run against all of them."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from madang import shim
from madang.domain.environment import EnvironmentRef
from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.engines.hostile import Faults, HostileEngine
from madang.engines.local.admission import LocalAdmission
from madang.engines.local.artifacts import LocalArtifacts
from madang.engines.local.devices import parse_gpus
from madang.engines.local.environments import LocalEnvironments
from madang.engines.local.launcher import LocalLauncher
from madang.engines.local.meter import LocalMeter
from madang.engines.ports import AdmissionEvent, Admitted, Artifacts, Engine, LaunchSpec
from madang.settings.environment_folders import RECORD as RECORD_OF_BUILD
from madang.settings.home import Home
from madang.shim.record import MARKER, RECORD

FLAVOR = "sim-h200"
DEVICES = 4
START_MS = 1_800_000_000_000

# A slot that ends with the status that a file names, or on SIGTERM with 3.
SLOT = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *a: sys.exit(3))
print("slot", os.environ["MADANG_LEASE"], flush=True)
told = os.environ["HOME"] + "/finish-" + os.environ["MADANG_LEASE"]
while not os.path.exists(told):
    time.sleep(0.01)
sys.exit(int(open(told).read()))
"""
SLOT_ARGV = (sys.executable, "-I", "-S", "-c", SLOT)


def item(lease_id: str, devices: int = 1, **changes: object) -> QueueItem:
    values: dict[str, object] = {
        "lease_id": lease_id,
        "attempt": 1,
        "person": "person-a",
        "project": "project-a",
        "kind": LeaseKind.SLOT,
        "lease_class": LeaseClass.BATCH,
        "flavor": FLAVOR,
        "devices": devices,
        "submitted_ms": START_MS,
        "limit_ms": 3_600_000,
    }
    return QueueItem(**(values | changes))  # type: ignore[arg-type]


def spec(lease_id: str, attempt: int = 1, **changes: object) -> LaunchSpec:
    values: dict[str, object] = {
        "lease_id": lease_id,
        "attempt": attempt,
        "kind": LeaseKind.SLOT,
        "person_name": "ada",
        "project_name": "vision",
        "flavor": FLAVOR,
        "device_ids": ("sim-h200-0",),
        "limit_ms": 3_600_000,
        "service_url": "http://127.0.0.1:1/services/madang",
        "token": "attempt-token",
    }
    return LaunchSpec(**(values | changes))  # type: ignore[arg-type]


class House:
    """An engine with its time and the means to let a process end by itself."""

    engine: Engine
    is_hostile = False
    looks = 200
    """How often it is asked for an event before the test gives up; each look passes time."""

    def now(self) -> int:
        raise NotImplementedError

    async def pass_time(self, ms: int) -> None:
        """Let time of the engine pass."""
        raise NotImplementedError

    async def finish(self, lease_id: str, exit_code: int) -> None:
        raise NotImplementedError

    async def lend_and_ask_back(self) -> str:
        """Bring it about that the lease ``lease-borrower`` is asked back."""
        raise NotImplementedError

    async def restart(self) -> None:
        """Lose what the admission has in memory."""
        raise NotImplementedError

    async def build(self, ref: EnvironmentRef, run: str) -> None:
        """Do what the last step of a build does."""
        raise NotImplementedError

    async def events(self, wanted: Callable[[AdmissionEvent], bool]) -> list[AdmissionEvent]:
        """Poll until an event that is wanted has come; return all that came."""
        seen: list[AdmissionEvent] = []
        for _ in range(self.looks):
            seen.extend(await self.engine.admission.poll(self.now()))
            if any(wanted(event) for event in seen):
                return seen
            await self.pass_time(100)
        raise AssertionError(f"the event did not come; these came: {seen}")

    async def admitted(self, lease_id: str, attempt: int = 1) -> Admitted:
        def wanted(event: AdmissionEvent) -> bool:
            return (
                isinstance(event, Admitted)
                and event.lease_id == lease_id
                and event.attempt == attempt
            )

        found = next(event for event in await self.events(wanted) if wanted(event))
        assert isinstance(found, Admitted)
        return found

    async def until(self, condition: Callable[[], Awaitable[bool]], limit_s: float = 30.0) -> None:
        deadline = time.monotonic() + limit_s
        while not await condition():
            assert time.monotonic() < deadline, "condition not met in time"
            await self.pass_time(20)

    async def start(self, wanted: LaunchSpec) -> None:
        """Start as services do: again and again until it succeeds."""
        from madang.errors import LocalError

        for _ in range(50):
            try:
                await self.engine.launcher.start(wanted)
            except LocalError:
                assert self.is_hostile
                await self.pass_time(100)
            else:
                return
        raise AssertionError("never started")


class HostileHouse(House):
    is_hostile = True

    def __init__(self, faults: Faults) -> None:
        self.hostile = HostileEngine(7, {FLAVOR: DEVICES}, faults, now_ms=START_MS)
        self.engine = self.hostile.engine()
        self.hostile.engine()

    def now(self) -> int:
        return self.hostile.clock()

    async def pass_time(self, ms: int) -> None:
        self.hostile.advance(ms)

    async def finish(self, lease_id: str, exit_code: int) -> None:
        self.hostile.finish(lease_id, exit_code)

    async def lend_and_ask_back(self) -> str:
        await self.engine.admission.enqueue(item("lease-borrower", DEVICES))
        await self.admitted("lease-borrower")
        self.hostile.ask_back("lease-borrower")
        return "lease-borrower"

    async def restart(self) -> None:
        fresh = HostileEngine(8, {FLAVOR: DEVICES}, now_ms=self.now())
        self.hostile.admission = fresh.admission
        self.hostile.advance(0)
        self.hostile = fresh
        self.engine = fresh.engine()

    async def build(self, ref: EnvironmentRef, run: str) -> None:
        self.hostile.environments.finish(ref, run, {"numpy": "2.4.0"})


class LocalHouse(House):
    def __init__(self, root: Path, artifacts: Artifacts | None = None) -> None:
        self.home = Home(root)
        self.artifacts = artifacts or LocalArtifacts(self.home.artifacts)
        self._now = START_MS
        self.devices = parse_gpus(f"sim:{DEVICES}xh200")
        self._build()

    def _build(self) -> None:
        self.engine = Engine(
            name="local",
            admission=LocalAdmission(self.devices, clock=self.now),
            launcher=LocalLauncher(
                self.home, {**os.environ, "MADANG_SERVICE_TOKEN": "s3rvice"}, SLOT_ARGV
            ),
            meter=LocalMeter(self.devices),
            artifacts=self.artifacts,
            environments=LocalEnvironments(self.home.environments()),
        )

    def now(self) -> int:
        return self._now

    async def pass_time(self, ms: int) -> None:
        self._now += ms
        await asyncio.sleep(min(ms, 10) / 1000)

    async def finish(self, lease_id: str, exit_code: int) -> None:
        told = self.home.person("ada") / f"finish-{lease_id}"
        temporary = told.with_suffix(".tmp")
        temporary.write_text(str(exit_code))
        temporary.replace(told)

    async def lend_and_ask_back(self) -> str:
        admission = self.engine.admission
        owner = ProjectShare(project="project-b", guaranteed={FLAVOR: DEVICES})
        await admission.set_shares([ProjectShare(project="project-a"), owner])
        await admission.enqueue(item("lease-borrower", DEVICES))
        await self.admitted("lease-borrower")
        await admission.enqueue(item("lease-owner", 1, project="project-b"))
        return "lease-borrower"

    async def restart(self) -> None:
        self._build()

    async def build(self, ref: EnvironmentRef, run: str) -> None:
        write_build(await self.engine.environments.python(ref), run)


def write_build(interpreter: str, run: str) -> None:
    """Leave what a build leaves: an interpreter, and the record."""
    python = Path(interpreter)
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    listed = [{"name": "numpy", "version": "2.4.0"}]
    record = {"run": run, "python": "3.12.1", "size_bytes": 1, "packages": listed}
    (python.parent.parent / RECORD_OF_BUILD).write_text(json.dumps(record))


def marked(root: Path) -> list[int]:
    prefix = f"{MARKER}={root}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if any(v.startswith(prefix) for v in (entry / "environ").read_bytes().split(b"\0")):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def end_all(root: Path) -> None:
    records = [path.parent for path in root.rglob(RECORD)]  # noqa: ASYNC240 - a test
    for record in records:
        shim.stop(record, 0)
    deadline = time.monotonic() + 20
    while any((r := shim.read(record)) and r.is_alive for record in records):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    for record in records:
        shim.sweep(record)
    assert marked(root) == []


@pytest.fixture(params=["calm", "hostile", "local"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    if request.param == "local":
        yield LocalHouse(tmp_path)
    else:
        faults = Faults.all() if request.param == "hostile" else Faults()
        yield HostileHouse(faults)
    await end_all(tmp_path)


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[LocalHouse]:
    yield LocalHouse(tmp_path)
    await end_all(tmp_path)
