"""From the click on Start to the first executed cell, beside stock JupyterHub in the same run.

Run by ``make bench``; no timed test. Both hubs run at once and take turns; each spawn is asked for
through the hub's API, watched through the hub's progress stream as its page does, and followed by
a kernel and one cell over the proxy. Then twelve people at once, and how soon the next in the
queue is served when devices become free.
"""

import argparse
import asyncio
import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from bench_accounts import system_users
from bench_hubs import PEOPLE, Hub, Madang, Stock
from bench_table import Report, arguments, end_orderly, finish
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from madang.stack.demo.kernel import _request as execute_request

FIRST = PEOPLE[0]


@dataclass
class Times:
    """Seconds since the click, and CPU seconds of everything on the server's side."""

    ready: list[float] = field(default_factory=list)
    cell: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class Clicks:
    """Asks for servers and runs the first cell in them."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.http = httpx.AsyncClient(trust_env=False, timeout=180)

    async def click(self, person: str, options: dict[str, Any] | None = None) -> str:
        """Ask for a server and return once the hub says that it is ready."""
        base = f"{self.hub.url}/hub/api/users/{person}/server"
        headers = {"Authorization": f"token {self.hub.token}"}
        body = {"user_options": options or self.hub.options}
        answer = await self.http.post(base, json=body, headers=headers)
        answer.raise_for_status()
        if answer.status_code == 202:
            async with self.http.stream("GET", f"{base}/progress", headers=headers) as events:
                async for line in events.aiter_lines():
                    if '"failed": true' in line:
                        raise RuntimeError(f"{self.hub.name}: {line}")
                    if '"ready": true' in line:
                        break
        return f"{self.hub.url}/user/{person}/"

    async def first_cell(self, person: str, url: str) -> None:
        """Start a kernel and wait for the result of one cell."""
        headers = {"Authorization": f"token {self.hub.tokens[person]}"}
        body = {"path": "a.ipynb", "type": "notebook", "name": "a", "kernel": {"name": "python3"}}
        answer = await self.http.post(f"{url}api/sessions", json=body, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{self.hub.name} {answer.status_code}: {answer.text[:1000]}")
        kernel = answer.json()["kernel"]["id"]
        address = url.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels"
        socket = await websocket_connect(
            HTTPRequest(address, headers=headers, connect_timeout=180, request_timeout=180)
        )
        await socket.write_message(json.dumps(execute_request("first", "1+1")))
        while True:
            message = json.loads(await asyncio.wait_for(socket.read_message(), 120) or "{}")
            if message["msg_type"] == "execute_result":
                break
        socket.close()

    async def whole(self, person: str) -> tuple[float, float]:
        began = time.monotonic()
        url = await self.click(person)
        ready = time.monotonic() - began
        await self.first_cell(person, url)
        return ready, time.monotonic() - began

    async def stop_all(self) -> None:
        def stop() -> None:
            with self.hub.api() as http:
                for person in PEOPLE:
                    with contextlib.suppress(httpx.HTTPError):
                        self.hub.stop_server(http, person)
                self.hub.wait_stopped(http)

        await asyncio.to_thread(stop)


async def one(clicks: Clicks, times: Times) -> None:
    before = clicks.hub.tree.cpu_s()
    ready, cell = await clicks.whole(FIRST)
    times.cpu.append(clicks.hub.tree.cpu_s() - before)
    times.ready.append(ready)
    times.cell.append(cell)
    await clicks.stop_all()


async def twelve(clicks: Clicks, times: Times) -> None:
    """All at once; ready and cell are those of the last one."""
    before = clicks.hub.tree.cpu_s()
    found = await asyncio.gather(*(clicks.whole(person) for person in PEOPLE))
    times.cpu.append(clicks.hub.tree.cpu_s() - before)
    times.ready.append(max(ready for ready, _ in found))
    times.cell.append(max(cell for _, cell in found))
    await clicks.stop_all()


async def handed_over(clicks: Clicks) -> tuple[float, float]:
    """Return the seconds from devices freed, and from the Stop, to the next server answering."""
    hub, everything = clicks.hub, {"project": "bench", "profile": "gpu-16"}
    await clicks.click(PEOPLE[0], everything)
    waiting = asyncio.ensure_future(clicks.click(PEOPLE[1], everything))
    headers = {"Authorization": f"token {hub.token}"}
    mine = {"Authorization": f"token {hub.tokens[PEOPLE[0]]}"}
    leases = f"{hub.url}/services/madang/api/v1/leases"
    theirs = {"Authorization": f"token {hub.tokens[PEOPLE[1]]}"}
    for _ in range(200):
        views = (await clicks.http.get(leases, headers=theirs)).json()
        if any(view["standing"] for view in views):
            break
        await asyncio.sleep(0.05)
    stopped = time.time()
    url = f"{hub.url}/hub/api/users/{PEOPLE[0]}/server"
    stopping = asyncio.ensure_future(clicks.http.delete(url, headers=headers))
    while True:
        with contextlib.suppress(httpx.HTTPError):
            answer = await clicks.http.get(f"{hub.url}/user/{PEOPLE[1]}/api", headers=theirs)
            # The hub answers for a server that is not there yet, so only ours names a version.
            if answer.status_code == 200 and "version" in answer.json():
                break
        await asyncio.sleep(0.02)
    answered = time.time()
    found = (await clicks.http.get(leases, headers=mine, params={"state": "ended"})).json()
    freed = max(lease["ended_ms"] for lease in found) / 1000
    await asyncio.gather(waiting, stopping)
    await clicks.stop_all()
    return answered - freed, answered - stopped


async def measure(ours: Madang, peer: Hub, rounds: int, crowds: int) -> Report:
    pair = [Clicks(ours), Clicks(peer)]
    single, crowd = ([Times(), Times()] for _ in range(2))
    for clicks in pair:
        # Warm: files read once, people known.
        await one(clicks, Times())
    fast = await asyncio.to_thread(ours.wait_warm)
    whose = "system users" if ours.login == "pam" else "one user"
    report = Report(f"Spawn click to first executed cell ({whose}; fast start: {fast})")
    for number in range(rounds):
        # Whoever comes first differs, so that neither always runs after the other.
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            await one(pair[which], single[which])
    for _ in range(crowds):
        for clicks, times in zip(pair, crowd, strict=True):
            await twelve(clicks, times)
    handed = [await handed_over(pair[0]) for _ in range(rounds)]
    a, b = single
    report.add("one: click to server ready", a.ready, b.ready)
    report.add("one: click to first cell", a.cell, b.cell, goal=ours.goals[0])
    report.add("one: CPU", a.cpu, b.cpu)
    if crowds:
        a, b = crowd
        report.add("twelve: click to last server ready", a.ready, b.ready)
        report.add("twelve: click to last first cell", a.cell, b.cell, goal=ours.goals[1])
        report.add("twelve: CPU", a.cpu, b.cpu)
    report.add("devices freed to next answering", [v for v, _ in handed], goal="< 2")
    report.add("stop of one to next answering", [v for _, v in handed])
    for clicks in pair:
        await clicks.http.aclose()
    return report


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--crowds", type=int, default=None, help="rounds of twelve at once")
    parser.add_argument("--login", choices=("shared", "pam"), default="shared")
    given = parser.parse_args()
    with system_users() if given.login == "pam" else contextlib.nullcontext():
        finish(run(given), given)


def run(given: argparse.Namespace) -> Report:
    ours, peer = Madang(given.login), Stock(given.login)
    keep = bool(os.environ.get("KEEP"))
    try:
        for hub in (ours, peer):
            print(f"{hub.name} up after {hub.start():.1f} s", flush=True)
        crowds = given.rounds if given.crowds is None else given.crowds
        report = asyncio.run(measure(ours, peer, given.rounds, crowds))
    finally:
        for hub in (ours, peer):
            hub.close(keep)
    return report


if __name__ == "__main__":
    main()
