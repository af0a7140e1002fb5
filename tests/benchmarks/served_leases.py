"""``madang serve`` on PostgreSQL and a control plane, and a crowd that asks it for notebooks.

Imported by ``bench_kueue.py``. The crowd speaks as a real hub does: one request for each lease in
the name of its person, then long polls until the lease is admitted. The hub that the service itself
speaks with is a table: nobody starts a pod.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from bench_hubs import Tree
from postgres import PostgreSQL
from processes import free_ports

from madang.settings.config import ServiceSettings
from madang.settings.home import Home

TOKEN = "the-service-token-of-the-benchmark"
UP_S, LIMIT_S = 300.0, 600.0
BESIDE = 32
"""Requests for leases under way at once; a hub sends as many as people click."""

POLICY = """
tiers: {{bench: {{max_hours: 8}}}}
projects: {{bench: {{title: Bench, tier: bench, grant: 1000000, quota: {{h200: {devices}}}}}}}
open_project: bench
rates: {{cpu: 0, h200: 1}}
kubernetes:
  namespace: {name}
  prefix: {name}
  flavors:
    h200: {{resource: nvidia.com/gpu, node_labels: {{{key}: {value}}}}}
"""
PROFILES = 'gpu-1: {titles: {ko: "1", en: "1"}, devices: 1, limit: 4h}\n'
PODS = {"MADANG_POD_IMAGE": "madang/user:1", "MADANG_POD_GPU_IMAGE": "madang/user:1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where leases go: a namespace, nodes by a label, and how many devices these offer.

    Attributes
    ----------
    public_url
        Of the proxy where there is one, without a slash at its end.
    """

    kubeconfig: Path
    namespace: str
    node_label: tuple[str, str]
    devices: int
    public_url: str = ""


class Served:
    """A running service, and the crowd at its door."""

    def __init__(self, settings: ServiceSettings, database: PostgreSQL, folder: Path) -> None:
        self._database, self._settings = database, settings
        self._api = f"{settings.service_url}/api/v1"
        argv = [str(Path(sys.executable).with_name("madang")), "serve"]
        with (folder / "service.log").open("wb") as log:
            env = {**os.environ, **PODS, **settings.to_env()}
            self._process = subprocess.Popen(argv, env=env, stdout=log, stderr=log)
        self._log = folder / "service.log"
        # No limit: a hub holds one connection for each person who waits.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=LIMIT_S)
        )

    async def until_up(self) -> None:
        """Return once it serves and knows the devices."""
        deadline = time.monotonic() + UP_S
        while time.monotonic() < deadline:
            try:
                found = await self._ask("GET", "/pool", "first")
            except (aiohttp.ClientError, OSError, RuntimeError):
                # Not there yet, or about to lead.
                found = {}
            flavors = {one["name"]: one for one in found.get("flavors", [])}
            if flavors.get("h200", {}).get("devices_total"):
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the service did not come up: {self._log.read_text()[-3000:]}")

    def cpu_s(self) -> dict[str, float]:
        """Return CPU seconds so far of the service with all that it started, and of PostgreSQL."""
        return {
            "service": Tree(self._process.pid).cpu_s(),
            "PostgreSQL": Tree(self._database.pid).cpu_s(),
        }

    @property
    def pid(self) -> int:
        """Process id of the service."""
        return self._process.pid

    async def arrive(self, people: list[str]) -> None:
        """Let everybody be known, as who asks for a notebook has logged in before."""
        await self._each(people, lambda person: self._ask("GET", "/me", person))

    async def admitted(self, people: list[str]) -> float:
        """Ask for one lease for each; return the seconds until the last is told that it has it."""
        began = time.monotonic()
        gate = asyncio.Semaphore(BESIDE)

        async def one(person: str) -> None:
            body = {"project": "bench", "profile": "gpu-1", "name": ""}
            async with gate:
                lease = await self._ask("POST", "/leases", person, json=body)
            while lease["state"] == "queued":
                query = {"wait_s": "20", "seen": lease["version"]}
                lease = await self._ask("GET", f"/leases/{lease['id']}", person, params=query)
            if lease["state"] != "admitted":
                raise RuntimeError(f"{person}: {lease['state']} {lease['reason_text']}")

        await asyncio.gather(*(one(person) for person in people))
        return time.monotonic() - began

    async def end(self, people: list[str]) -> None:
        """End everybody's lease, and wait until none is left."""

        async def one(person: str) -> None:
            for lease in await self._ask("GET", "/leases?mine=1", person):
                if lease["state"] != "ended":
                    await self._ask("DELETE", f"/leases/{lease['id']}", person)

        await self._each(people, one)
        deadline = time.monotonic() + LIMIT_S
        while (await self._health())["leases"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"leases do not end: {self._log.read_text()[-3000:]}")
            await asyncio.sleep(0.5)

    async def _health(self) -> Any:
        async with self._http.get(f"{self._settings.service_url}/healthz") as answer:
            return await answer.json()

    async def _each(self, people: list[str], work: Any) -> None:
        gate = asyncio.Semaphore(BESIDE)

        async def one(person: str) -> None:
            async with gate:
                await work(person)

        await asyncio.gather(*(one(person) for person in people))

    async def _ask(self, method: str, path: str, person: str, **given: Any) -> Any:
        headers = {"Authorization": f"token {TOKEN}", "X-Madang-Person": person}
        async with self._http.request(method, self._api + path, headers=headers, **given) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def close(self) -> None:
        """End the service."""
        await self._http.close()
        self._process.terminate()
        await asyncio.to_thread(self._process.wait, 60)


@asynccontextmanager
async def _hub() -> AsyncIterator[str]:
    """Answer as a hub that knows the service, and starts nothing."""

    async def who(_: web.Request) -> web.Response:
        return web.json_response({"name": "madang", "kind": "service"})

    async def spawn(_: web.Request) -> web.Response:
        return web.json_response({}, status=202)

    app = web.Application()
    app.router.add_get("/hub/api/user", who)
    app.router.add_post("/hub/api/users/{tail:.*}", spawn)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hub/api"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def served(place: Place, *, hub_api_url: str = "", port: int = 0) -> AsyncIterator[Served]:
    """Start PostgreSQL and service, and a hub that starts nothing where none is given."""
    database = PostgreSQL()
    try:
        with tempfile.TemporaryDirectory(prefix="madang-bench-") as name:
            async with _hub() as nobody:
                given = _settings(Path(name), place, hub_api_url or nobody, port, database)
                made = Served(given, database, Path(name))
                try:
                    await made.until_up()
                    yield made
                finally:
                    await made.close()
    finally:
        database.stop()


def _settings(
    folder: Path, place: Place, hub_api_url: str, port: int, database: PostgreSQL
) -> ServiceSettings:
    key, value = place.node_label
    policy, profiles = folder / "policy.yaml", folder / "profiles.yaml"
    policy.write_text(
        POLICY.format(name=place.namespace, devices=place.devices, key=key, value=value)
    )
    profiles.write_text(PROFILES)
    port = port or free_ports(1)[0]
    return ServiceSettings(
        home=Home(folder / "home"),
        database_url=database.direct_url,
        bind_host="127.0.0.1",
        bind_port=port,
        public_url=f"{place.public_url or f'http://127.0.0.1:{port}'}/",
        hub_api_url=hub_api_url,
        api_token=TOKEN,
        policy_path=policy,
        profiles_path=profiles,
        engine="kubernetes",
        kubeconfig=place.kubeconfig,
    )
