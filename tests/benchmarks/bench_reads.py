"""Reads of the API while 2,000 leases wait, beside JupyterHub's own reads in the same run.

Run by ``make bench``; no timed test. The service runs as a process of its own on SQLite, with a
stock hub that knows its people; 32 people read from it at once, without a pause, while one lease
changes after every 500 answers. Then the same 32 read from the hub: each their own user model, and
the first page of all users as an administrator. What counts is the CPU time of the server for one
answer; for us that of the service and what the hub used for knowing the tokens.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from bench_hubs import Stock, Tree
from bench_table import Report, arguments, end_orderly, finish
from reading_client import Read, Taken, read_for

from madang import wiring
from madang.domain.project import Membership, Role
from madang.services import Services, bootstrap, leasing
from madang.services.requests import Actor, LeaseRequest
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.settings.home import Home
from madang.stack import ports
from madang.store import Tx

CLIENTS, PEOPLE, PROJECTS = 32, 200, 20
API = f"{SERVICE_PREFIX}/api/v1"
READS = ("pool", "queue", "leases?mine=1", "lease", "usage", "me", "profiles")
POLICY = (
    "tiers: {bench: {max_hours: 8}}\n"
    + "projects:\n"
    + "".join(
        f"  lab-{number:02d}: {{title: Lab {number}, tier: bench, grant: 100000}}\n"
        for number in range(PROJECTS)
    )
    + "rates: {cpu: 0, sim-h200: 1}\n"
)
PROFILES = """
cpu: {titles: {ko: "0", en: "0"}, flavor: cpu, devices: 0, limit: 4h}
gpu-1: {titles: {ko: "1", en: "1"}, devices: 1, limit: 4h}
gpu-4: {titles: {ko: "4", en: "4"}, devices: 4, limit: 2h}
"""
SERVICE = """
c.JupyterHub.services.append({{"name": "madang", "url": "{url}", "api_token": "{token}"}})
c.JupyterHub.load_roles.append(
    {{"name": "user", "scopes": ["self", "access:services!service=madang"]}})
"""


def person_name(number: int) -> str:
    """Return the hub name of a person."""
    return f"p{number:03d}"


class Peer(Stock):
    """A stock hub with the people, that also knows the service's tokens."""

    def __init__(self, service_port: int) -> None:
        super().__init__()
        self.service_token = secrets.token_hex(16)
        self._service_url = f"http://127.0.0.1:{service_port}"

    def write_config(self, text: str) -> Path:
        more = SERVICE.format(url=self._service_url, token=self.service_token)
        return super().write_config(text + more)

    def admit(self) -> None:
        """Make the people and a token for each who reads."""
        with self.api() as http:
            names = [person_name(number) for number in range(PEOPLE)]
            http.post("/users", json={"usernames": names}).raise_for_status()
            for name in names[:CLIENTS]:
                made = http.post(f"/users/{name}/tokens", json={"note": "bench"})
                self.tokens[name] = made.json()["token"]

    def hub_tree(self) -> Tree:
        """Return the hub alone, without its proxy."""
        for pid in self.tree.stats():
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"jupyterhub\0-f" in line:
                return Tree(pid)
        raise RuntimeError("the hub's process is not there")


def fill(settings: ServiceSettings, waiting: int) -> list[str]:
    """Write people, memberships and waiting leases; returns one lease of each person."""
    services = wiring.build(settings)
    core = services.core
    core.store.migrate()
    core.store.write_now(lambda tx: bootstrap.plant(core, tx))
    mine: list[str] = []
    core.store.write_now(lambda tx: mine.extend(_lease_all(services, tx, waiting)))
    core.store.close()
    return mine


def _lease_all(services: Services, tx: Tx, waiting: int) -> list[str]:
    core, mine = services.core, []
    people = [tx.people.ensure(person_name(number), core.clock()) for number in range(PEOPLE)]
    for number, person in enumerate(people):
        project = tx.projects.find(f"lab-{number % PROJECTS:02d}")
        role = Role.OWNER if number < PROJECTS else Role.MEMBER
        tx.projects.set_member(Membership(person=person.id, project=project.id, role=role))
    for number in range(waiting):
        person = people[number % PEOPLE]
        project = tx.projects.find(f"lab-{number % PEOPLE % PROJECTS:02d}")
        profile = "gpu-4" if number % 7 == 0 else "gpu-1"
        asked = LeaseRequest(project=project.name, profile=profile, name=f"s{number // PEOPLE}")
        lease = leasing.notebook_lease(core, Actor(person=person), project, asked)
        tx.leases.add(lease)
        # The last ones stay waiting: the first are admitted while the benchmark runs.
        mine[number % PEOPLE : number % PEOPLE + 1] = [lease.id]
    return mine


@dataclass
class Service:
    """Our service as a process of its own."""

    settings: ServiceSettings
    process: subprocess.Popen[bytes] | None = None
    tree: Tree = field(default_factory=lambda: Tree(0))

    def start(self) -> None:
        with (self.settings.home.root / "service.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *self._profile(), "-m", "madang.api.serve"],
                env={**os.environ, **self.settings.to_env()},
                stdout=log,
                stderr=log,
            )
        self.tree = Tree(self.process.pid)
        url = f"http://127.0.0.1:{self.settings.bind_port}{SERVICE_PREFIX}/healthz"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"the service did not start: {self.settings.home.root}")

    @staticmethod
    def _profile() -> list[str]:
        """PROFILE=<file> writes where the service's main thread spent its time."""
        path = os.environ.get("PROFILE")
        return ["-m", "cProfile", "-o", path] if path else []

    def close(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


class Crowd:
    """The 32 people, and what each of them reads in turn."""

    def __init__(self, peer: Peer, lease_ids: list[str]) -> None:
        self._peer, self._lease_ids = peer, lease_ids

    def of_us(self, only: str = "") -> list[Callable[[int], Read]]:
        return [self._reader(number, only) for number in range(CLIENTS)]

    def _reader(self, number: int, only: str) -> Callable[[int], Read]:
        token = self._peer.tokens[person_name(number)]
        paths = {name: name for name in READS} | {"lease": f"leases/{self._lease_ids[number]}"}

        def read(turn: int) -> Read:
            name = only or READS[(turn + number) % len(READS)]
            return Read(name, f"{API}/{paths[name]}", token)

        return read

    def of_peer(self, only: str = "") -> list[Callable[[int], Read]]:
        return [self._peer_reader(number, only) for number in range(CLIENTS)]

    def _peer_reader(self, number: int, only: str) -> Callable[[int], Read]:
        name = person_name(number)
        reads = {
            "user": Read("user", f"/hub/api/users/{name}", self._peer.tokens[name]),
            "users": Read("users", "/hub/api/users", self._peer.token),
        }

        def read(turn: int) -> Read:
            return reads[only or ("user", "users")[(turn + number) % 2]]

        return read


async def change_now_and_then(service: Service, lease_id: str, taken: Taken, every: int) -> None:
    """Hold one waiting lease back, or let it go on, after so many answers."""
    headers = {
        "Authorization": f"token {service.settings.api_token}",
        "X-Madang-Person": person_name(PEOPLE - 1),
    }
    url = f"http://127.0.0.1:{service.settings.bind_port}{API}/leases/{lease_id}/hold"
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
        for turn in itertools.count():
            while taken.count < (turn + 1) * every:  # noqa: ASYNC110 - it is only counted
                await asyncio.sleep(0.05)
            answer = await http.post(url, json={"held_back": turn % 2 == 0})
            answer.raise_for_status()


@dataclass
class Figures:
    """CPU milliseconds of one answer, and percentiles, of each round."""

    cpu_ms: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def add(self, taken: Taken, cpu_s: float) -> None:
        times = taken.every()
        self.cpu_ms.append(cpu_s * 1000 / taken.count)
        self.p50.append(times[len(times) // 2])
        self.p95.append(times[len(times) * 95 // 100])
        self.rate.append(taken.count / taken.seconds)


class Bench:
    """Both sides and their clients."""

    def __init__(self, service: Service, peer: Peer, lease_ids: list[str], every: int) -> None:
        self.service, self.peer, self.every = service, peer, every
        self.crowd, self.leases = Crowd(peer, lease_ids), lease_ids
        self.hub = peer.hub_tree()

    async def ours(self, seconds: float, figures: Figures, only: str = "") -> Taken:
        taken = Taken()
        changing = asyncio.create_task(
            change_now_and_then(self.service, self.leases[PEOPLE - 1], taken, self.every)
        )
        before = self.service.tree.cpu_s() + self.hub.cpu_s()
        port = self.service.settings.bind_port
        try:
            await read_for(port, self.crowd.of_us(only), seconds, taken)
        finally:
            changing.cancel()
        if changing.done() and not changing.cancelled():
            changing.result()
        figures.add(taken, self.service.tree.cpu_s() + self.hub.cpu_s() - before)
        return taken

    async def theirs(self, seconds: float, figures: Figures, only: str = "") -> Taken:
        before = self.hub.cpu_s()
        # At the hub itself, as ours is: the proxy would cost both the same.
        taken = Taken()
        await read_for(self.peer.ports["hub"], self.crowd.of_peer(only), seconds, taken)
        figures.add(taken, self.hub.cpu_s() - before)
        return taken


async def measure(bench: Bench, rounds: int, seconds: float) -> Report:
    report = Report(
        f"{CLIENTS} people read while leases wait; a change after {bench.every} answers"
    )
    ours, peer, single, cheapest = Figures(), Figures(), Figures(), Figures()
    await bench.ours(2, Figures())
    await bench.theirs(2, Figures())
    for _ in range(rounds):
        await bench.ours(seconds, ours)
        await bench.theirs(seconds, peer)
        await bench.ours(seconds / 2, single, "lease")
        await bench.theirs(seconds / 2, cheapest, "user")
    add = report.add
    add("CPU of an answer, all reads", ours.cpu_ms, peer.cpu_ms, unit="ms", goal="0.1")
    add("CPU of an answer, one thing", single.cpu_ms, cheapest.cpu_ms, unit="ms")
    add("CPU, all reads beside its cheapest", ours.cpu_ms, cheapest.cpu_ms, unit="ms")
    add("answer, p50", ours.p50, peer.p50, unit="ms")
    add("answer, p95", ours.p95, peer.p95, unit="ms", goal="< 100")
    add("answers a second", ours.rate, peer.rate, unit="1/s")
    for name in READS:
        figures = Figures()
        taken = await bench.ours(seconds / 4, figures, name)
        kib = taken.bytes[name] / 1024
        add(f"CPU, {name} ({kib:.0f} KiB)", figures.cpu_ms, unit="ms")
    return report


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--waiting", type=int, default=2000, help="leases that wait")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of one phase")
    parser.add_argument("--every", type=int, default=500, help="answers between two changes")
    given = parser.parse_args()
    port = ports.choose(None, set())
    peer = Peer(port)
    folder = peer.folder / "ours"
    folder.mkdir()
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "profiles.yaml").write_text(PROFILES)
    settings = ServiceSettings(
        home=Home(folder),
        database_url=f"sqlite:///{folder / 'madang.sqlite'}",
        bind_host="127.0.0.1",
        bind_port=port,
        public_url=f"{peer.url}/",
        hub_api_url=f"http://127.0.0.1:{peer.ports['hub']}/hub/api",
        api_token=peer.service_token,
        policy_path=folder / "policy.yaml",
        profiles_path=folder / "profiles.yaml",
        gpus="sim:16xh200",
    )
    service = Service(settings)
    try:
        lease_ids = fill(settings, given.waiting)
        peer.start()
        peer.admit()
        service.start()
        bench = Bench(service, peer, lease_ids, given.every)
        report = asyncio.run(measure(bench, given.rounds, given.seconds))
    finally:
        service.close()
        peer.close(bool(os.environ.get("KEEP")))
    finish(report, given)


if __name__ == "__main__":
    main()
