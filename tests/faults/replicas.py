"""Two real services on one real PostgreSQL, behind one address, as a cluster keeps them.

Each has a wire of its own to the database, which can be lost alone. The address hands each
connection to some replica that says it is ready, and asks both again and again. Both use one data
folder, so the processes of attempts are the same to either of them.
"""

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from postgres import PostgreSQL, Wire

from madang import shim
from madang.api.relay import Relay, start
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.settings.home import Home
from madang.stack.demo.look import free_port

TOKEN = "the-service-token-of-two-replicas"
PROFILES = Path(__file__).parents[2] / "hub_config" / "profiles.yaml"
PLAIN = "sslmode=disable&gssencmode=disable"
ASK_S = 0.3
NAMES = ("one", "two")


def until(happens, what, limit_s=60.0):
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + limit_s
    while not (found := happens()):
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.05)
    return found


class Replica:
    """One service as a process, which can be started again under its name."""

    def __init__(self, name, folder, wire, settings):
        self.name, self.wire = name, wire
        self._log = folder / f"{name}.log"
        self._env = {**os.environ, **settings.to_env()}
        self.port = settings.bind_port
        self.url = f"http://127.0.0.1:{settings.bind_port}{SERVICE_PREFIX}"
        self.process = None

    def start(self):
        """Start it."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "madang.api.serve"], env=self._env, stdout=log, stderr=log
            )

    def tell(self, number):
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self, limit_s=20):
        """Wait for its end, and return its exit status."""
        return self.process.wait(limit_s)

    def health(self):
        """Return status and words of its health page; None when it does not answer."""
        try:
            answer = httpx.get(
                f"{self.url}/healthz", timeout=3.0, headers={"Accept-Language": "en"}
            )
        except httpx.TransportError:
            return None
        return answer.status_code, answer.json()

    @property
    def leads(self):
        """Whether it is well, and not as one that stands by."""
        health = self.health()
        return health is not None and health[0] == 200 and "stands_by" not in health[1]

    @property
    def stands_by(self):
        """Whether it is well, as one that stands by."""
        health = self.health()
        return health is not None and health[0] == 200 and "stands_by" in health[1]

    def log(self):
        """Return what it printed."""
        return self._log.read_text()


class Replicas:
    """Both of them, their database and their address.

    Parameters
    ----------
    settings
        Of either, beside what makes them replicas.
    """

    def __init__(self, folder, policy, **settings):
        self.home = Home(folder / "home")
        self.home.root.mkdir()
        (folder / "policy.yaml").write_text(policy)
        self.postgres = PostgreSQL()
        self._door = free_port()
        self.url = f"http://127.0.0.1:{self._door}{SERVICE_PREFIX}"
        self.all = {name: self._made(name, folder, settings) for name in NAMES}
        self._ready = set()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(one,)) for one in self.all.values()
        ]
        self._threads.append(threading.Thread(target=lambda: asyncio.run(self._open())))

    def _made(self, name, folder, more):
        wire = Wire(self.postgres.wire._target)
        address = self.postgres.url.replace(f":{self.postgres.wire.port}/", f":{wire.port}/")
        settings = ServiceSettings(
            home=self.home,
            database_url=address,
            bind_host="127.0.0.1",
            bind_port=free_port(),
            reached_at=self.url,
            replica=name,
            public_url="http://127.0.0.1:1/",
            hub_api_url="http://127.0.0.1:1/hub/api",
            api_token=TOKEN,
            policy_path=folder / "policy.yaml",
            profiles_path=PROFILES,
            **{"gpus": "sim:2xh200", **more},
        )
        return Replica(name, folder, wire, settings)

    def up(self):
        """Start everything; returns once one leads and the other stands by."""
        for one in [*self.all.values(), *self._threads]:
            one.start()
        self.settled(300)

    def settled(self, limit_s=60.0):
        """Wait until one leads and the other stands by; return both, the leader first."""

        def both():
            for one, other in itertools.permutations(self.all.values()):
                if one.leads and other.stands_by:
                    return one, other
            return None

        return until(both, "one leads and the other stands by", limit_s)

    def term(self):
        """Return the number of the newest term, as the database has it."""
        with self.postgres.connect() as connection:
            return connection.execute("SELECT term FROM leadership").fetchone()[0]

    def records(self):
        """Return (lease, attempt, role, record) of everything that was ever started."""
        found = []
        for folder in sorted(self.home.attempts.glob("lease-*.*/*")):
            record = shim.read(folder) if folder.is_dir() else None
            if record is not None:
                lease, _, attempt = folder.parent.name.rpartition(".")
                found.append((lease, int(attempt), folder.name, record))
        return found

    def down(self):
        """End everything."""
        self._stopping.set()
        for one in self._threads:
            one.join(10)
        for one in self.all.values():
            if one.process and one.process.poll() is None:
                one.tell(signal.SIGCONT)
                one.tell(signal.SIGTERM)
                one.ended()
            one.wire.stop()
        self.postgres.stop()

    def _ask(self, one):
        """Find out whether a replica is ready, as a kubelet does: three failures are a no."""
        failures = 0
        while not self._stopping.wait(ASK_S):
            health = one.health()
            failures = 0 if health and health[0] == 200 else failures + 1
            if not failures:
                self._ready.add(one.port)
            elif failures >= 3:
                self._ready.discard(one.port)

    async def _open(self):
        relay = Relay(lambda: ("127.0.0.1", random.choice(sorted(self._ready) or [1])))
        server = await start(relay, host="127.0.0.1", port=self._door)
        await asyncio.to_thread(self._stopping.wait)
        server.close()
        await relay.close()
