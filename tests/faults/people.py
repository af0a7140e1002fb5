"""Ten people who work, change their minds, and write down what they were promised.

Each is a small state machine with a random generator of its own, so that a seed gives the same
wishes again. What the house answers they believe: every id that was acknowledged must be there in
the end, and a kernel that nobody killed must remember.
"""

import asyncio
import contextlib
import json
import sys
import time
import uuid
from pathlib import Path
from random import Random

import httpx
from notebooks import REMEMBER, run_notebook
from tornado.httpclient import HTTPError as SocketError

from madang.settings.config import SERVICE_PREFIX
from madang.stack.demo.kernel import Kernel
from madang.stack.demo.steps import CheckError
from madang.stack.demo.visitor import Visitor

NAMES = ("ada", "bora", "chan", "dana", "eve", "finn", "gil", "hana", "ivo", "jin")
PROJECTS = {"ada": "vision-lab", "bora": "vision-lab", "chan": "language-lab"}
PROJECTS |= {"dana": "language-lab"}

AWAY = frozenset({502, 503, 504})
PATIENCE_S = 45.0
"""How long somebody repeats a request to a house that does not answer."""

CELL_S = 15.0
MAX_RUNS = 2
_TROUBLE = (CheckError, httpx.HTTPError, SocketError, TimeoutError, OSError, ValueError, KeyError)
"""What a person meets while parts of the house are dead; they go on and try something else."""


class Person(Visitor):
    """One person; :meth:`work` goes on until the day is over."""

    def __init__(self, house, name, seed, promises, marks):
        super().__init__(house.url, name, house.password())
        self._house = house
        self._random = Random(f"{seed}:{name}")
        self._promises = promises
        self._marks = Path(marks)
        self._kernel = None
        self._kernel_of = None
        self._remembers = False
        self.project = PROJECTS.get(name, "open")
        self.trouble = 0

    async def work(self, is_over):
        """Do one thing after the other until it is over."""
        while not is_over.is_set():
            try:
                await self._one_thing()
            except _TROUBLE:
                self.trouble += 1
                await asyncio.sleep(0.5)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_over.wait(), self._random.uniform(0.2, 1.5))

    async def _one_thing(self):
        lease = await self.notebook_lease_now()
        things = [
            (3, self.open_cluster),
            (4, self.submit_run),
            (2, self.use_or_close_cluster),
            (1, self.cancel_run),
            (1, self.look_around),
        ]
        if not lease:
            things.append((5, self.start_notebook))
        elif lease["state"] == "queued":
            things += [(3, self.change_mind), (2, self.wait), (1, self.stop_notebook)]
        else:
            things += [(8, self.run_cell), (1, self.extend), (1, self.stop_notebook)]
        weights = [weight for weight, _ in things]
        thing = self._random.choices([thing for _, thing in things], weights)[0]
        await thing()

    # -- speaking ---------------------------------------------------------------------------------

    async def ask(self, method, path, body=None):
        """Return (status, JSON); repeats with the same key while nobody answers, at most a while.

        Status 0: nobody answered, and what became of it is not known.
        """
        headers = {"X-Madang-CSRF": self._csrf, "Accept": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.UUID(int=self._random.getrandbits(128)).hex
        deadline = time.monotonic() + PATIENCE_S
        while True:
            status, data, is_away = 0, None, True
            with contextlib.suppress(httpx.TransportError):
                answer = await self.http.request(
                    method,
                    f"{SERVICE_PREFIX}/api/v1/{path}",
                    headers=headers,
                    json=body,
                    follow_redirects=False,
                )
                status, data = answer.status_code, _json(answer)
                is_away = status in AWAY or _is_of_hub(answer)
            if not is_away or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.4)
        await self._count(method, path, status, data)
        return status, data

    async def _count(self, method, path, status, data):
        said = data.get("code", "") if isinstance(data, dict) and status >= 400 else ""
        seen = self._promises.statuses
        key = f"{status or 'none'} {said}".strip()
        seen[key] = seen.get(key, 0) + 1
        if status >= 500 and status not in AWAY:
            clue = data.get("details", {}).get("id", "") if isinstance(data, dict) else ""
            said = await asyncio.to_thread(self._house.said, clue)
            self._promises.wrong.append(f"{self.name}: {method} {path}: {status} {data}\n{said}")

    async def _made(self, noun, path, body):
        """Ask for something new and write down its id; returns the view, or None."""
        status, view = await self.ask("POST", path, body)
        if status not in (200, 201, 202):
            return None
        self._promises.ids[view["id"]] = noun
        self._promises.did(noun)
        return view

    async def mine(self, path, **wanted):
        """Return what of a list is this person's own."""
        status, found = await self.ask("GET", path)
        if status != 200:
            return []
        return [one for one in found if one["person"] == self.name]

    # -- notebooks --------------------------------------------------------------------------------

    async def notebook_lease_now(self):
        """Return the unfinished notebook lease, empty when there is none or nobody says."""
        leases = await self.mine("leases?kind=notebook&mine=1")
        lease = next((one for one in leases if one["state"] != "ended"), {})
        if lease:
            self._promises.ids[lease["id"]] = "notebook"
            if lease["state"] == "queued" and not lease["attempt"]:
                self._promises.places[lease["id"]] = lease["submitted_ms"]
        return lease

    async def start_notebook(self):
        profile = self._random.choice(("gpu-1", "gpu-1", "gpu-2", "cpu"))
        await self.spawn(self.project, profile)
        self._promises.did("start")
        await self.wait()

    async def wait(self):
        """Look at the waiting page for a while; it takes the turn when it comes."""
        until = time.monotonic() + self._random.uniform(3, 12)
        while time.monotonic() < until:
            lease = await self.notebook_lease_now()
            if lease.get("state") == "admitted" and not lease["claimed"]:
                await self.ask("POST", f"leases/{lease['id']}/claim")
            if not lease or lease["state"] == "active":
                return
            await asyncio.sleep(0.5)

    async def change_mind(self):
        lease = await self.notebook_lease_now()
        if lease.get("state") != "queued":
            return
        profile = self._random.choice(("cpu", "gpu-1", "gpu-2"))
        status, _ = await self.ask("POST", f"leases/{lease['id']}/change", {"profile": profile})
        self._promises.places.pop(lease["id"], None)
        if status == 200:
            self._promises.did("change")

    async def run_cell(self):
        """Count in the kernel's memory; the count says whether it is the kernel of before."""
        lease = await self.notebook_lease_now()
        if lease.get("state") == "admitted" and not lease["claimed"]:
            await self.ask("POST", f"leases/{lease['id']}/claim")
        if lease.get("state") != "active" or not (await self.server()).get("ready"):
            await asyncio.sleep(0.5)
            return
        key = (lease["id"], lease["attempt"])
        if self._kernel_of != key:
            await self.leave_kernel()
            self._kernel = Kernel(self.url, self.name, await self.server_token())
            await self._kernel.start()
            self._kernel_of, self._remembers = key, False
        try:
            async with asyncio.timeout(CELL_S):
                printed = await self._kernel.execute(REMEMBER)
        except (CheckError, TimeoutError):
            # The proxy was killed, or the kernel: its server has started it anew.
            async with asyncio.timeout(CELL_S):
                await self._kernel.connect()
                printed = await self._kernel.execute(REMEMBER)
        self._promises.did("cell")
        if self._remembers and "fresh" in printed:
            self._promises.forgot.append((*key, time.time_ns() // 1_000_000))
        self._remembers = "kept" in printed or "fresh" in printed

    async def extend(self):
        lease = await self.notebook_lease_now()
        if lease.get("state") == "active":
            status, _ = await self.ask("POST", f"leases/{lease['id']}/extend", {"by_s": 600})
            if status == 200:
                self._promises.did("extend")

    async def stop_notebook(self):
        lease = await self.notebook_lease_now()
        if lease:
            self._promises.cancelled.add(lease["id"])
            await self.leave_kernel()
            await self.stop_server()
            self._promises.did("stop")

    async def leave_kernel(self):
        """Close the connection to the kernel, if there is one."""
        kernel, self._kernel, self._kernel_of = self._kernel, None, None
        if kernel is not None:
            with contextlib.suppress(*_TROUBLE):
                await kernel.leave()

    # -- clusters and runs ------------------------------------------------------------------------

    async def open_cluster(self):
        if await self._clusters():
            return
        gpus = self._random.choice((0, 0, 1))
        body = {"project": self.project, "workers": 1, "gpus_per_worker": gpus}
        made = await self._made("cluster", "clusters", body)
        if made is not None:
            self._promises.ids[made["lease"]["id"]] = "lease"

    async def _clusters(self):
        return [c for c in await self.mine("clusters") if c["lease"]["state"] != "ended"]

    async def use_or_close_cluster(self):
        found = await self._clusters()
        if not found:
            return
        cluster = self._random.choice(found)
        if self._random.random() < 0.4:
            self._promises.cancelled.add(cluster["lease"]["id"])
            await self.ask("DELETE", f"clusters/{cluster['id']}")
            self._promises.did("cluster closed")
        elif cluster["ready"]:
            status, keys = await self.ask("GET", f"clusters/{cluster['id']}/credentials")
            if status == 200:
                await self._compute(keys)

    async def _compute(self, keys):
        program = Path(__file__).with_name("compute.py")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(program)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(40):
                out, _ = await process.communicate(json.dumps(keys).encode())
            if out.strip() == b"499500":
                self._promises.did("computed")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def submit_run(self):
        open_runs = [r for r in await self.mine("runs") if r["state"] in ("queued", "running")]
        if len(open_runs) >= MAX_RUNS:
            return
        seconds = round(self._random.uniform(0.1, 3.0), 1)
        body = {
            "project": self.project,
            "name": f"{self.name} {seconds}",
            "notebook": run_notebook(),
            "parameters": {"marks": str(self._marks), "seconds": seconds},
            "flavor": self._random.choice(("cpu", "gpu", "gpu")),
            "limit_s": 600,
        }
        body["devices"] = 0 if body["flavor"] == "cpu" else 1
        await self._made("run", "runs", body)

    async def cancel_run(self):
        open_runs = [r for r in await self.mine("runs") if r["state"] in ("queued", "running")]
        if open_runs:
            run = self._random.choice(open_runs)
            self._promises.cancelled.add(run["id"])
            await self.ask("DELETE", f"runs/{run['id']}")
            self._promises.did("run cancelled")

    async def look_around(self):
        for path in ("pool", "queue", "profiles", "usage", "me"):
            await self.ask("GET", path)

    # -- the end of the day -----------------------------------------------------------------------

    async def complaints(self):
        """Return what is wrong with the person's server at the hub: nobody could start it again."""
        try:
            pending = (await self.server()).get("pending")
        except _TROUBLE as error:
            return [f"{self.name} cannot ask the hub: {error}"]
        return [f"the server of {self.name} is stopping"] if pending == "stop" else []

    async def choose_mail(self):
        """Ask to be told by mail, so that the silent mail server has something to do."""
        kinds = ["turn", "ended", "run"]
        body = {"mail": f"{self.name}@example.org", "lang": "ko", "kinds": kinds}
        status, data = await self.ask("PUT", "me/notices", body)
        if status != 200:
            raise CheckError(f"no notices for {self.name}: {status} {data}")

    async def go_home(self):
        """End notebooks, clusters and runs that wait; what executes is left to end by itself."""
        await self.leave_kernel()
        for run in await self.mine("runs"):
            if run["state"] == "queued":
                self._promises.cancelled.add(run["id"])
                await self.ask("DELETE", f"runs/{run['id']}")
        for cluster in await self._clusters():
            self._promises.cancelled.add(cluster["lease"]["id"])
            await self.ask("DELETE", f"clusters/{cluster['id']}")
        for lease in await self.mine("leases"):
            if lease["state"] != "ended" and lease["kind"] != "slot":
                self._promises.cancelled.add(lease["id"])
                await self.ask("DELETE", f"leases/{lease['id']}")


def _is_of_hub(answer):
    """Tell whether the hub answered for a service that a new proxy does not know yet."""
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    return answer.is_redirect or (is_page and not answer.is_success)


def _json(answer):
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return answer.text[:200]
