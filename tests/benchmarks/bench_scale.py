"""A large site: 6,250 nodes, 1,000 projects, 20,000 leases that run and 30,000 that wait.

Run by ``make bench-cluster``; no timed test. API server, etcd and PostgreSQL are real, the service
is a process as ``madang serve`` starts it, and people ask it with tokens of their own. Rows and
objects are there before it starts (``scale_world.py``); then pages are read while leases are asked
for and released, and each change is timed until the service tells it. Without ``--kueue`` nobody
decides: all of Kueue's objects are there, and its controller is not.

``--share 0.1`` is a tenth of the site; ``--hold`` keeps the world up between measurements.
"""

import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from bench_hubs import Tree, pss_mib
from bench_table import Report, arguments, end_orderly, finish
from scale_world import DEVICES, NAME, Size, World, admitted, node_name, person_name

from madang.domain.lease import Lease
from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.client import Api, connect
from madang.errors import MadangError
from madang.policy.segments import last_mark_ms
from madang.settings.config import SERVICE_PREFIX
from madang.units import now_ms

API = f"{SERVICE_PREFIX}/api/v1"
LOOK_S = 0.05
CHANGE_S = 1.0
START_LIMIT_S, CHANGE_LIMIT_S = 600.0, 120.0


class Hub(BaseHTTPRequestHandler):
    """Says whose token it is: the only question that the service has for a hub here."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.headers["authorization"].removeprefix("token tok-")
        scopes = ["access:services!service=madang"]
        user = {"name": name, "kind": "user", "session_id": "", "scopes": scopes}
        body = json.dumps(user).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Service:
    """The service as a process of its own, and what it has used."""

    def __init__(self, world: World) -> None:
        self._settings, self._log = world.settings, world.folder / "service.log"
        self.url = f"http://127.0.0.1:{world.settings.bind_port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; PROFILE=<file> writes where its main thread spends its time."""
        profile = os.environ.get("PROFILE")
        how = ["-m", "cProfile", "-o", profile] if profile else []
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *how, "-m", "madang.api.serve"],
                env={**os.environ, **self._settings.to_env()},
                stdout=log,
                stderr=log,
            )

    def cpu_s(self) -> float:
        """CPU seconds of its process and its forecaster."""
        return Tree(self.process.pid).cpu_s()

    def mib(self) -> tuple[float, float]:
        """Return the most memory that the process ever had, and what it and its parts have now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        return peak, pss_mib(Tree(self.process.pid).stats())

    def stop(self) -> None:
        """Stop it."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.process.kill()


@dataclass
class Figures:
    """Everything that is measured, by name of the row."""

    rows: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Take note of one value."""
        self.rows.setdefault(name, []).append(value)

    @contextlib.asynccontextmanager
    async def timed(self, name: str) -> AsyncIterator[None]:
        """Take note of the seconds that a block takes, and say so."""
        began = time.monotonic()
        yield
        self.add(name, time.monotonic() - began)
        print(f"  {name}: {self.rows[name][-1]:.2f} s", flush=True)


class Bench:
    """The people, and hands that do what nodes and Kueue would."""

    def __init__(self, world: World, service: Service, http: httpx.AsyncClient, api: Api) -> None:
        self.world, self.service, self.http, self.api = world, service, http, api
        self.figures = Figures()
        self._turn = 0
        self._next: asyncio.Queue[Lease] = asyncio.Queue()
        self._watching: asyncio.Task[None] | None = None

    def headers(self, person: int) -> dict[str, str]:
        """Return the credential of a person."""
        return {"authorization": f"token tok-{person_name(person % self.world.size.people)}"}

    async def ask(self, path: str, person: int, method: str = "GET", **more: object) -> object:
        """Ask the API as a person."""
        url = f"{self.service.url}{API}/{path}"
        answer = await self.http.request(method, url, headers=self.headers(person), **more)
        answer.raise_for_status()
        return answer.json()

    async def pool(self) -> dict:
        """Return pool and flavor as the next person sees them."""
        self._turn += 1
        found = await self.ask("pool", self._turn * 7)
        return {**found, **found["flavors"][0]}

    async def until(self, happens: Callable[[], Awaitable[bool]], limit_s: float) -> None:
        """Wait until something is told."""
        deadline = time.monotonic() + limit_s
        while not await happens():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not told within {limit_s} s")
            await asyncio.sleep(LOOK_S)

    def watch(self) -> None:
        """Follow who may be chosen: these alone Kueue would admit."""
        self._watching = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        path, waiting = workloads.workloads(NAME), {each.id: each for each in self.world.queued}
        version = ""
        while True:
            # Just after its start the API server refuses for a while.
            with contextlib.suppress(MadangError):
                if not version:
                    version = (await self.api.get(path, limit=1))["metadata"]["resourceVersion"]
                async for event in self.api.watch(path, version):
                    found = event["object"]
                    version = found["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK" and found["spec"].get("active"):
                        lease = waiting.pop(found["metadata"]["name"], None)
                        if lease is not None:
                            self._next.put_nowait(lease)
            await asyncio.sleep(LOOK_S)

    async def stop(self) -> None:
        """Follow no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    # -- the start --------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Wait until a service that has just been started tells all that there is."""
        size = self.world.size

        async def is_up() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                found = await self.pool()
                return found["devices_total"] == size.nodes * DEVICES and found["waiting"] > 0
            return False

        async def is_charged() -> bool:
            return await asyncio.to_thread(self._uncharged) == 0

        before = self.service.cpu_s()
        async with self.figures.timed("start to whole answers"):
            await self.until(is_up, START_LIMIT_S)
        self.figures.add("CPU of the start", self.service.cpu_s() - before)
        async with self.figures.timed("and all charged up to date"):
            await self.until(is_charged, START_LIMIT_S)
        self.figures.add("CPU until all was charged", self.service.cpu_s() - before)

    def _uncharged(self) -> int:
        mark = last_mark_ms(now_ms())
        return self.world.query(
            "select count(*) from leases where state = 'active'"
            f" and coalesce(charged_to_ms, started_ms) < {mark}"
        )

    # -- pages ------------------------------------------------------------------------------------

    def pages(self) -> dict[str, Callable[[int], str]]:
        """Return the address of each page for the n-th person."""
        return {
            "standing page": lambda n: f"{SERVICE_PREFIX}/wait/{self._queued(n).id}",
            "list page": lambda _: f"{SERVICE_PREFIX}/queue",
            "home page": lambda _: f"{SERVICE_PREFIX}/",
            "standing, API": lambda n: f"{API}/leases/{self._queued(n).id}",
            "list, API": lambda _: f"{API}/queue",
            "own leases, API": lambda _: f"{API}/leases?mine=1",
        }

    async def read(self, times: int) -> None:
        """Read each page as one person after another, while things change."""
        for number in range(times):
            for name, path in self.pages().items():
                self.figures.add(name, await self._read(path(number), number))

    async def read_in_peace(self, times: int) -> None:
        """Read one page after another, for the processor's time of each."""
        idle = self.figures.rows["CPU while nothing changes"][-1] / 100
        for name, path in self.pages().items():
            before, began = self.service.cpu_s(), time.monotonic()
            for number in range(times):
                await self._read(path(number), number)
            spent_s = self.service.cpu_s() - before - idle * (time.monotonic() - began)
            self.figures.add(f"CPU of {name}", spent_s * 1000 / times)

    async def _read(self, path: str, number: int) -> float:
        """Return the milliseconds until a page was there."""
        person = self._person_of(self._queued(number))
        headers = {**self.headers(person), "accept": "text/html"}
        began = time.monotonic()
        answer = await self.http.get(self.service.url + path, headers=headers)
        took_ms = (time.monotonic() - began) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
        return took_ms

    def _queued(self, number: int) -> Lease:
        queued = self.world.queued
        return queued[len(queued) // 2 + number * 37 % (len(queued) // 2)]

    def _person_of(self, lease: Lease) -> int:
        return self.world.numbers[lease.person]

    # -- changes ----------------------------------------------------------------------------------

    async def change(self, times: int) -> None:
        """Change one thing after another, each until the service tells it."""
        for number in range(times):
            await self._submit(number)
            await self._release(number)
            if number % 4 == 0:
                await self._lose_node(number)
            await asyncio.sleep(CHANGE_S)

    async def _submit(self, number: int) -> None:
        person = number * 11
        name = f"new{number}-{int(time.time())}"
        body = {"project": f"lab-{person % self.world.size.projects:04d}", "name": name}
        async with self.figures.timed("lease asked for, to its place"):
            made = await self.ask("leases", person, "POST", json={**body, "profile": "gpu-1"})

            async def has_place() -> bool:
                # Its place is told by the forecast, and its object stands in the cluster.
                return (await self.ask(f"leases/{made['id']}", person))["standing"] is not None

            await self.until(has_place, CHANGE_LIMIT_S)
            path = f"{workloads.workloads(NAME)}/{made['id']}"

            async def is_made() -> bool:
                answer = await asyncio.to_thread(self.world.plane.ask, path)
                return answer is not None

            await self.until(is_made, CHANGE_LIMIT_S)
        await self.ask(f"leases/{made['id']}", person, "DELETE")

    async def _release(self, number: int) -> None:
        """End a lease that runs; and give its devices to one that waits, as Kueue would."""
        lease = self.world.running.pop()
        person = self._person_of(lease)
        async with self.figures.timed("lease released, to its end"):
            await self.ask(f"leases/{lease.id}", person, "DELETE")
            await self._take_pod_away(lease.id)
            await self._until_state(lease, "ended")
        if self.world.has_kueue:
            return
        following = await asyncio.wait_for(self._next.get(), CHANGE_LIMIT_S)
        path = f"{workloads.workloads(NAME)}/{following.id}/status"
        async with self.figures.timed("admitted by Kueue, to its turn"):
            await self.api.patch(path, {"status": admitted(following)})
            await self._until_state(following, "admitted")
        async with self.figures.timed("pod runs, to a running lease"):
            await self.world.run_pod(self.api, number, following)
            await self._until_state(following, "active")

    async def _until_state(self, lease: Lease, state: str) -> None:
        person = self._person_of(lease)

        async def is_so() -> bool:
            return (await self.ask(f"leases/{lease.id}", person))["state"] == state

        await self.until(is_so, CHANGE_LIMIT_S)

    async def _take_pod_away(self, name: str) -> None:
        """Let a pod go once the service has asked it to end, as its kubelet would."""
        path = f"/api/v1/namespaces/{NAME}/pods/{name}"

        async def is_told() -> bool:
            return "deletionTimestamp" in (await self.api.get(path))["metadata"]

        await self.until(is_told, CHANGE_LIMIT_S)
        await self.api.delete(path, grace_s=0)

    async def _lose_node(self, number: int) -> None:
        before = (await self.pool())["devices_total"]
        async with self.figures.timed("node gone, to a smaller pool"):
            await self.api.delete(f"/api/v1/nodes/{node_name(number)}")

            async def is_smaller() -> bool:
                return (await self.pool())["devices_total"] == before - DEVICES

            await self.until(is_smaller, CHANGE_LIMIT_S)

    async def pass_mark(self) -> None:
        """Wait for the next five minutes of the clock, when all that runs is charged at once."""
        left_ms = last_mark_ms(now_ms()) + 300_000 - now_ms()
        print(f"  the next charges are due in {left_ms // 1000} s", flush=True)
        await asyncio.sleep(left_ms / 1000 + 0.5)
        before = self.service.cpu_s()

        async def is_charged() -> bool:
            return await asyncio.to_thread(self._uncharged) == 0

        async with self.figures.timed("charges of five minutes written"):
            await self.until(is_charged, START_LIMIT_S)
        self.figures.add("CPU of these charges", self.service.cpu_s() - before)


async def measure(
    world: World, service: Service, times: int, *, skips_mark: bool
) -> tuple[Figures, dict[str, int]]:
    """Start the service and measure it."""
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(trust_env=False, timeout=120, limits=limits) as http:
        api = await connect(world.plane.kubeconfig)
        bench = Bench(world, service, http, api)
        figures = bench.figures
        try:
            bench.watch()
            listed = world.lists()
            service.start()
            await bench.begin()
            print(f"  memory after the start: {service.mib()}", flush=True)
            before, began = service.cpu_s(), time.monotonic()
            await asyncio.sleep(20)
            spent = service.cpu_s() - before
            figures.add("CPU while nothing changes", spent / (time.monotonic() - began) * 100)
            changing = asyncio.create_task(bench.change(max(4, times // 10)))
            before, began = service.cpu_s(), time.monotonic()
            await bench.read(times)
            await changing
            spent = service.cpu_s() - before
            figures.add(
                "CPU while all is read and changed", spent / (time.monotonic() - began) * 100
            )
            await bench.read_in_peace(times)
            if not skips_mark:
                await bench.pass_mark()
            peak, now = service.mib()
            figures.add("memory, most", peak)
            figures.add("memory with its parts, now", now)
        finally:
            await bench.stop()
            await api.close()
    lists = {kind: count - listed.get(kind, 0) for kind, count in world.lists().items()}
    return figures, lists


GOALS = {
    "standing page": ("p95", "300"),
    "list page": ("p95", "500"),
    "lease asked for, to its place": ("most", "5"),
    "lease released, to its end": ("most", "5"),
    "admitted by Kueue, to its turn": ("most", "5"),
    "pod runs, to a running lease": ("most", "5"),
    "node gone, to a smaller pool": ("most", "5"),
    "memory, most": ("", "1024"),
    "memory with its parts, now": ("", "1024"),
}


def report_of(size: Size, figures: Figures, lists: dict[str, int], *, has_kueue: bool) -> Report:
    """Return the table."""
    decides = "Kueue decides" if has_kueue else "Kueue's controller is off"
    report = Report(
        f"{size.nodes:,} nodes, {size.projects:,} projects, {size.active:,} leases run and"
        f" {size.waiting:,} wait; {decides}"
    )
    for name, values in figures.rows.items():
        how, goal = GOALS.get(name, ("", ""))
        unit = "s"
        if name.startswith("memory"):
            unit = "MiB"
        elif name.startswith("CPU while"):
            unit = "% of a core"
        elif "page" in name or "API" in name:
            unit, how = "ms", "" if name.startswith("CPU") else "p95"
        shown = values
        if how == "p95":
            shown = [statistics.quantiles(values, n=20)[-1]]
        elif how == "most":
            shown = [max(values)]
        report.add(f"{name}{', ' * bool(how)}{how}", shown, unit=unit, goal=goal)
    for kind, count in sorted(lists.items()):
        goal = "" if "attempt" in kind else "1"
        report.add(f"lists of {kind}", [count], unit="times", goal=goal)
    return report


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the whole site")
    parser.add_argument("--kueue", action="store_true", help="let Kueue decide meanwhile")
    parser.add_argument("--times", type=int, default=120, help="reads of each page")
    parser.add_argument("--skip-mark", action="store_true", help="wait for no five minutes")
    parser.add_argument("--hold", action="store_true", help="measure again after each Enter")
    given = parser.parse_args()
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    size = Size.share(given.share)
    world = World(size)
    try:
        began = time.monotonic()
        world.start(hub.server_address[1])
        if given.kueue:
            world.let_kueue_decide()
        print(f"the world was made in {time.monotonic() - began:.0f} s: {world.folder}", flush=True)
        while True:
            service = Service(world)
            try:
                figures, lists = asyncio.run(
                    measure(world, service, given.times, skips_mark=given.skip_mark)
                )
                finish(report_of(size, figures, lists, has_kueue=world.has_kueue), given)
            except (TimeoutError, httpx.HTTPError, RuntimeError) as error:
                if not given.hold:
                    raise
                print(f"failed: {error!r}", flush=True)
            finally:
                service.stop()
            if not given.hold or not sys.stdin.readline():
                break
    finally:
        world.stop()
        hub.shutdown()


if __name__ == "__main__":
    main()
