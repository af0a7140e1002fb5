"""The story of the demo, step by step; each step checks what it says."""

import asyncio
import base64
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from madang import shim
from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack.demo.facts import TraceFacts, result_line, trace_facts
from madang.stack.demo.kernel import Kernel
from madang.stack.demo.look import (
    code_cells,
    free_port,
    processes_of,
    project_file,
    text_of_outputs,
    trace_file,
    until,
)
from madang.stack.demo.steps import Steps, check
from madang.stack.demo.visitor import Visitor
from madang.units import cost_microcredits, credits_text

DEVICES = 4
CLUSTER_CELL = """
import madang
cluster = madang.Cluster(workers=2)
client = cluster.get_client()
print(client.submit(sum, range(1000)).result(), cluster.scheduler_address.split(":")[0])
"""
STILL_COMPUTES_CELL = "print(client.submit(sum, range(2000), pure=False).result())"


def demo(home: Path | None = None, *, keep: bool = False) -> int:
    """Tell the story; returns 0 only if every step held.

    Parameters
    ----------
    home
        Data folder to use, empty or not there yet; a fresh temporary one when None.
    keep
        Leave the data folder behind for a look.

    Raises
    ------
    LocalError
        ``demo_home_not_empty``: the folder holds something.
    """
    root = Path(tempfile.mkdtemp(prefix="madang-demo-")) if home is None else home
    if root.exists() and any(root.iterdir()):
        # The demo removes its folder; somebody's data must never be in it.
        raise LocalError("demo_home_not_empty", path=str(root))
    story = Story(Home.find(root))
    try:
        asyncio.run(story.tell())
    finally:
        if not keep and story.steps.failed == 0:
            shutil.rmtree(root, ignore_errors=True)
    if story.steps.failed:
        print(f"logs: {story.home.logs}")
    print(story.steps.summary(), flush=True)
    return 0 if story.steps.failed == 0 else 1


class Story:
    """Two people of two projects on four simulated devices."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.steps = Steps()
        self.url = ""
        self.trace = TraceFacts(0, 0, 0, 0)
        self.told: dict[str, Any] = {}
        self.freed_ms = 0
        self.run: dict[str, Any] = {}
        self._kernels: list[Kernel] = []

    async def tell(self) -> None:
        """Run all steps, then stop everything whatever happened."""
        step = self.steps.run
        await step("start proxy, hub and service", self.start)
        await step("ada (vision-lab) and chan (language-lab) log in", self.log_in)
        await step("ada starts a notebook with 2 GPUs", self.first_notebook)
        await step("ada opens a Dask cluster with 2 workers: the pool is full", self.first_cluster)
        await step("chan asks for 2 GPUs, waits and is told the standing", self.second_waits)
        await step("the service is killed with -9 and comes back", self.kill_service)
        await step("nobody lost anything", self.nothing_lost)
        await step("ada lets go, chan's notebook starts by itself", self.hand_over)
        await step("the told start against what happened", self.told_against_happened)
        await step("chan's kernel reads the trace with a Dask cluster", self.tutorial)
        await step("chan submits a notebook as a run", self.submit_run)
        await step("the run's cells progress and its report is right", self.watch_run)
        await step("both projects' usage adds up to the millisecond", self.usage)
        await step("the ledger verifies", self.verify)
        await step("both stop and log out", self.log_out)
        await step("everything stops, no process is left", self.stop, always=True)

    async def start(self) -> str:
        """Start a real installation on free ports."""
        from madang.stack import up

        port = free_port()
        gpus = f"sim:{DEVICES}xh200"
        await asyncio.to_thread(
            up, self.home, port=port, gpus=gpus, detach=True, tell=lambda _line: None
        )
        self.url = f"http://127.0.0.1:{port}"
        self.trace = await asyncio.to_thread(trace_facts, trace_file())
        return self.url

    async def log_in(self) -> str:
        """Two real logins at the hub, and through it at the service."""
        password = json.loads(self.home.secrets.read_text())["user_password"]
        self.ada = Visitor(self.url, "ada", password)
        self.chan = Visitor(self.url, "chan", password)
        for visitor, project in ((self.ada, "vision-lab"), (self.chan, "language-lab")):
            await visitor.log_in()
            mine = [item["name"] for item in (await visitor.api("GET", "me"))["projects"]]
            check(project in mine, f"{visitor.name} is in {mine}")
        free = await self._free()
        check(free == DEVICES, f"{free} devices free")
        return f"{free} of {DEVICES} devices free"

    async def first_notebook(self) -> str:
        """Spawn by the profile page's form."""
        begin = time.monotonic()
        await self.ada.spawn("vision-lab", "gpu-2")
        lease = await self.ada.until_ready(60)
        self.ada_lease = lease
        check(lease["devices"] == 2 and lease["state"] == "active", f"lease {lease}")
        return f"ready {time.monotonic() - begin:.1f} s after the click, {lease['device_ids']}"

    async def first_cluster(self) -> str:
        """Open the cluster from a cell, as a student would."""
        self.ada_kernel = await self._kernel(self.ada)
        printed = await self.ada_kernel.execute(CLUSTER_CELL)
        check("499500 tls" in printed, f"the cluster printed {printed[-300:]!r}")
        clusters = await self.ada.api("GET", "clusters")
        check(len(clusters) == 1 and clusters[0]["lease"]["devices"] == 2, f"{clusters}")
        free = await self._free()
        check(free == 0, f"{free} devices free")
        return f"sum over TLS is right, {free} of {DEVICES} devices free"

    async def second_waits(self) -> str:
        """Spawn into a full pool: no error, no time-out, a standing."""
        await self.chan.spawn("language-lab", "gpu-2")
        lease = await until(self.chan.notebook_lease, lambda found: bool(found.get("standing")))
        standing = lease["standing"]
        check(lease["state"] == "queued" and standing["position"] == 1, f"{lease}")
        check(standing["latest_ms"] is not None, f"no expected start: {standing}")
        page = await self.chan.page(f"wait/{lease['id']}")
        check(standing["reason_text"] in page, "the waiting page does not say the reason")
        self.chan_lease, self.told = lease, standing
        wait_min = (standing["expected_ms"] - time.time() * 1000) / 60_000
        return (
            f"position {standing['position']} of {standing['waiting']}, "
            f"{standing['reason_text']} Expected in {wait_min:.0f} min"
        )

    async def kill_service(self) -> str:
        """Kill the service's process; its supervisor must bring it back."""
        old = self._part("service")
        os.kill(old["pid"], signal.SIGKILL)
        begin = time.monotonic()
        await until(self._service_answers, lambda answers: answers, timeout_s=30)
        new = self._part("service")
        check(new["pid"] != old["pid"], "the service was not restarted")
        return f"answers again after {time.monotonic() - begin:.1f} s"

    async def nothing_lost(self) -> str:
        """Compare the place, the server and the cluster with what they were."""
        lease = await until(self.chan.notebook_lease, lambda found: bool(found.get("standing")))
        check(lease["id"] == self.chan_lease["id"], f"another lease: {lease['id']}")
        check(lease["submitted_ms"] == self.chan_lease["submitted_ms"], "the place was lost")
        check(lease["standing"]["position"] == 1, f"standing {lease['standing']}")
        mine = await self.ada.notebook_lease()
        same = (mine["id"], mine["attempt"], mine["started_ms"])
        was = tuple(self.ada_lease[key] for key in ("id", "attempt", "started_ms"))
        check(same == was, f"ada's notebook was {was} and is {same}")
        printed = await self.ada_kernel.execute(STILL_COMPUTES_CELL)
        check("1999000" in printed, f"the cluster printed {printed[-300:]!r}")
        return "chan is still first, ada's kernel and cluster compute"

    async def hand_over(self) -> str:
        """Let go of everything; the one who waits starts without asking again."""
        await self.ada_kernel.execute("client.close(); cluster.close()")
        await self.ada.stop_server()
        self.freed_ms = int(time.time() * 1000)
        begin = time.monotonic()
        lease = await self.chan.until_ready(90)
        check(lease["id"] == self.chan_lease["id"], f"another lease: {lease['id']}")
        self.chan_lease = lease
        return f"ready {time.monotonic() - begin:.1f} s later on {lease['device_ids']}"

    async def told_against_happened(self) -> str:
        """Compare with what was told; letting go before the limits makes it come sooner."""
        admitted = self.chan_lease["admitted_ms"]
        check(admitted <= self.told["latest_ms"], f"admitted {admitted}, told {self.told}")
        check(admitted <= self.told["expected_ms"], "it came later than expected")
        sooner_min = (self.told["expected_ms"] - admitted) / 60_000
        return f"first in the queue, as told; {sooner_min:.0f} min sooner than by the limits"

    async def tutorial(self) -> str:
        """Execute the tutorial's cells in the real kernel and compare with our own sums."""
        path = "notebooks/tutorials/01_first_gpu.ipynb"
        kernel = await self._kernel(self.chan, path)
        printed = ""
        for source in code_cells(project_file(path)):
            printed += await kernel.execute(source)
        result = json.loads(result_line(printed))
        check(result.get("jobs") == self.trace.jobs, f"{result} against {self.trace}")
        hours = self.trace.gpu_seconds / 3600
        check(abs(result["gpu_hours"] - hours) < 0.5, f"{result['gpu_hours']} against {hours}")
        found = f"{result['jobs']:,} jobs, {result['gpu_hours']:,.0f} GPU-hours"
        return f"{found}, as counted without Dask"

    async def submit_run(self) -> str:
        """Two submits with one key make one run."""
        path = project_file("notebooks/jobs/trace_report.ipynb")
        body = {
            "name": "trace report",
            "project": "language-lab",
            "notebook": path.read_text("utf-8"),
            "parameters": {"cluster": 3, "top": 5},
            "files": {trace_file().name: base64.b64encode(trace_file().read_bytes()).decode()},
            "flavor": "gpu",
            "devices": 1,
            "limit_s": 600,
        }
        headers = {"Idempotency-Key": "demo-trace-report"}
        first = await self.chan.api("POST", "runs", json=body, headers=headers)
        again = await self.chan.api("POST", "runs", json=body, headers=headers)
        check(first["id"] == again["id"], "two submits made two runs")
        self.run = first
        return f"{first['id']}, submitted twice with one key, is one run"

    async def watch_run(self) -> str:
        """Follow the cells, then read the report."""
        seen: list[int] = []

        async def look() -> dict[str, Any]:
            run: dict[str, Any] = await self.chan.api("GET", f"runs/{self.run['id']}")
            if not seen or seen[-1] != run["cells_done"]:
                seen.append(run["cells_done"])
            return run

        run = await until(look, lambda found: found["state"] not in ("queued", "running"))
        check(run["state"] == "succeeded", f"{run['state']}: {run['error']} {run['reason_text']}")
        check(run["cells_done"] == run["cells_total"] > 0, f"cells {seen} of {run['cells_total']}")
        output = await self.chan.api("GET", f"runs/{run['id']}/output")
        result = json.loads(result_line(text_of_outputs(output)))
        wanted = await asyncio.to_thread(trace_facts, trace_file(), 3)
        check(result["jobs"] == wanted.jobs, f"{result} against {wanted}")
        return f"{run['cells_total']} cells, {result['jobs']:,} jobs of cluster 3, seen at {seen}"

    async def usage(self) -> str:
        """Compare each project's bill with the lives of its leases."""
        await self.chan.stop_server()
        for visitor in (self.ada, self.chan):
            await until(visitor.notebook_lease, lambda found: not found)
        await until(self._unfinished, lambda leases: not leases, timeout_s=60)
        said = []
        for visitor, name in ((self.ada, "vision-lab"), (self.chan, "language-lab")):
            leases = [x for x in await visitor.api("GET", "leases") if x["project"] == name]
            held = {x["id"]: x["devices"] * (x["ended_ms"] - x["started_ms"]) for x in leases}
            cost = sum(cost_microcredits(held[x["id"]], x["rate_microcredits"]) for x in leases)
            usage = await visitor.api("GET", "usage", params={"project": name})
            project = usage["projects"][0]
            check(project["held_device_ms"] == sum(held.values()), f"{project} against {held}")
            check(project["used"] == cost, f"{name}: {project['used']} against {cost}")
            check(project["reserved"] == 0, f"{name} has {project['reserved']} reserved")
            said.append(f"{name} {sum(held.values()) / 1000:.3f} s, {credits_text(cost)} credits")
        return "; ".join(said)

    async def verify(self) -> str:
        """Ask the command line, as an auditor would."""
        result = await self.chan.api("GET", "ledger/verify")
        check(result["ok"] and result["entries"] > 0, f"{result}")
        return f"{result['entries']} entries, head {result['head_hash'][:16]}"

    async def log_out(self) -> str:
        """After a logout at the hub the service must ask for a login again."""
        for visitor in (self.ada, self.chan):
            await visitor.log_out()
            page = await visitor.http.get("/services/madang/", follow_redirects=False)
            check(page.status_code in (302, 303, 307), f"still logged in: {page.status_code}")
            await visitor.close()
        return "the service asks for a login again"

    async def stop(self) -> str:
        """Stop all; look for anything that lives on."""
        from madang.stack import down

        for kernel in self._kernels:
            kernel.close()
        await asyncio.to_thread(down, self.home)
        left = [pid for pid, _ in shim.strays(self.home.attempts)] + processes_of(self.home)
        check(not left, f"processes left: {left}")
        return "0 processes left"

    async def _kernel(self, visitor: Visitor, path: str = "") -> Kernel:
        kernel = Kernel(self.url, visitor.name, await visitor.server_token())
        await kernel.start(path)
        self._kernels.append(kernel)
        return kernel

    async def _free(self) -> int:
        pool = await self.ada.api("GET", "pool")
        return sum(item["devices_free"] for item in pool["flavors"])

    async def _unfinished(self) -> list[Any]:
        leases = [*await self.ada.api("GET", "leases"), *await self.chan.api("GET", "leases")]
        return [lease for lease in leases if lease["state"] != "ended"]

    async def _service_answers(self) -> bool:
        answer = await self.ada.http.get("/services/madang/healthz")
        return answer.status_code == 200

    def _part(self, name: str) -> dict[str, Any]:
        from madang.stack import status

        parts: list[dict[str, Any]] = status(self.home)["parts"]
        return next(part for part in parts if part["name"] == name)
