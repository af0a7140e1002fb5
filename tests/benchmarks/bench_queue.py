"""A sweep of 10,000 runs that wait: how fast it is taken, what it weighs, how fast its table reads.

Run by ``make bench-queue``; no timed test. Nothing of ours stands beside a peer here: papermill has
no queue. One run holds all devices meanwhile, so that all 10,000 wait. Memory is the proportional
set size of the service and of all that it started, before the submit, after it, and after all of
the table was read through the API and as pages.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable

import nbformat
from bench_hubs import Madang, Tree, pss_mib
from bench_table import Report, arguments, end_orderly, finish

import madang
from madang.stack.demo.visitor import Visitor
from madang.stack.secret import load_secrets

SETTLE_S = 6.0
SORTS = ("position", "state", "duration", "parameter:x")
DEVICES = 16


def write(hub: Madang, name: str, source: str) -> str:
    given = nbformat.v4.new_code_cell("x = 0\ny = 0")
    given.metadata["tags"] = ["parameters"]
    made = nbformat.v4.new_notebook(cells=[given, nbformat.v4.new_code_cell(source)])
    path = hub.folder / f"{name}.ipynb"
    path.write_text(nbformat.writes(made))
    return str(path)


def service_mib(hub: Madang) -> float:
    time.sleep(SETTLE_S)
    return pss_mib(Tree(hub.part("service")).stats())


async def timed(read: Callable[[str], Awaitable[object]], addresses: list[str]) -> list[float]:
    took_ms = []
    for address in addresses:
        began = time.monotonic()
        await read(address)
        took_ms.append((time.monotonic() - began) * 1000)
    return took_ms


async def read_table(hub: Madang, sweep: str, runs: int) -> dict[str, list[float]]:
    """Read each page of the table in each order, through the API and as a person sees it."""
    from madang.settings.home import Home

    visitor = Visitor(hub.url, "admin", load_secrets(Home(hub.home)).admin_password)
    await visitor.log_in()
    pages = range(0, runs, 100)
    api = [f"sweeps/{sweep}/runs?offset={n}&limit=100&sort={s}" for s in SORTS for n in pages]
    html = [f"sweeps/{sweep}?page={n // 100 + 1}&sort={s}" for s in SORTS for n in pages]

    async def ask(address: str) -> object:
        return await visitor.api("GET", address)

    try:
        return {"API": await timed(ask, api), "page": await timed(visitor.page, html)}
    finally:
        await visitor.close()


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measure(hub: Madang, rounds: int, runs: int) -> Report:
    os.environ["MADANG_HOME"] = str(hub.home)
    os.environ["MADANG_PROJECT"] = "bench"
    held = madang.run(write(hub, "hold", "import time\ntime.sleep(36_000)"), devices=DEVICES)
    while held.refresh().view["state"] != "running":
        time.sleep(0.2)
    waiting = write(hub, "waiting", "x + y")
    side = runs // 100
    # What a service needs once anyway: the first submit and the first look at each page.
    first = madang.sweep(waiting, {"x": range(side), "y": range(1)}, max_parallel=1)
    asyncio.run(read_table(hub, first.id, side))
    first.cancel()
    submits, gained, read, rows = [], [], [], {"API": [], "page": []}
    for _ in range(rounds):
        before = service_mib(hub)
        began = time.monotonic()
        job = madang.sweep(waiting, {"x": range(side), "y": range(100)}, max_parallel=1)
        submits.append(time.monotonic() - began)
        gained.append(service_mib(hub) - before)
        for name, took_ms in asyncio.run(read_table(hub, job.id, runs)).items():
            rows[name] += [p95(took_ms)]
        read.append(service_mib(hub) - before)
        assert job.refresh().status()["queued"] == runs
        job.cancel()
    held.cancel()
    report = Report(f"{runs:,} runs of one sweep that wait")
    report.add("submit", submits, goal="5")
    report.add("memory gained, all wait", gained, unit="MiB", goal="50")
    report.add("memory gained, table was read", read, unit="MiB", goal="50")
    report.add("100 rows of the table from the API, p95", rows["API"], unit="ms", goal="200")
    report.add("100 rows of the table as a page, p95", rows["page"], unit="ms", goal="200")
    return report


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="runs of the sweep")
    parser.set_defaults(rounds=3)
    given = parser.parse_args()
    hub = Madang()
    try:
        hub.start()
        report = measure(hub, given.rounds, given.runs)
    finally:
        hub.close(bool(os.environ.get("KEEP")))
    finish(report, given)


if __name__ == "__main__":
    main()
