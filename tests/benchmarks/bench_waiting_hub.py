"""A hub with 500 running servers and 1,000 people who wait: login to page, beside a stock hub.

Run by ``make bench-cluster``; no timed test. Both are real hubs with real proxies on one control
plane whose nodes are played. At ours people wait in the queue of a real service, at the stock hub
as pods that no node takes. A person logs in with an empty browser; the clock runs from the POST of
the form until the page and the style sheets that it names are there, without which no browser draws
it: home of people whose server runs, and the waiting page of people who
wait. Both hubs are there all the time and take turns.
"""

import asyncio
import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))
sys.path.append(str(Path(__file__).parents[1] / "faults"))

from bench_hubs import Tree
from bench_table import Report, arguments, end_orderly, finish
from cluster import Cluster
from pod_hubs import Crowd, OurHub, StockHub, log_in, people, running
from pod_people import People, Standin
from processes import free_ports
from served_leases import TOKEN, Place, served

from madang.settings.config import SERVICE_PREFIX
from madang.settings.home import Home

LABEL = "madang.test/pool"
NODE_DEVICES = 10
QUIET_S = 10.0
PAGES = {"home page": ("r", "/hub/home"), "waiting page": ("w", "/hub/spawn-pending/{}")}


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def cpu_s(hub: Crowd) -> float:
    return Tree(hub.hub.pid).cpu_s()


def quiet(hub: Crowd) -> float:
    """Return the share of one processor that a hub takes while nobody asks anything."""
    before = cpu_s(hub)
    time.sleep(QUIET_S)
    return 100 * (cpu_s(hub) - before) / QUIET_S


def measure(ours: Crowd, stock: Crowd, given) -> Report:
    report = Report(f"Hub with {given.waiting:,} waiting and {given.running:,} running")
    hubs = (ours, stock)
    report.add("hub in quiet", [quiet(ours)], [quiet(stock)], unit="% of a core")
    for title, (letter, path) in PAGES.items():
        took = {hub.name: [] for hub in hubs}
        middle = {hub.name: [] for hub in hubs}
        bare = {hub.name: [] for hub in hubs}
        cpu = {hub.name: [] for hub in hubs}
        kib = {}
        there = people(letter, given.running if letter == "r" else given.waiting)
        for number in range(given.rounds):
            first = number * given.people
            some = [there[(first + n) % len(there)] for n in range(given.people)]
            for hub in hubs if number % 2 == 0 else hubs[::-1]:
                before = cpu_s(hub)
                each = [log_in(hub, person, path.format(person)) for person in some]
                cpu[hub.name].append(1000 * (cpu_s(hub) - before) / len(some))
                took[hub.name].append(p95([one.styled_ms for one in each]))
                middle[hub.name].append(statistics.median(one.styled_ms for one in each))
                bare[hub.name].append(p95([one.html_ms for one in each]))
                kib[hub.name] = [each[-1].size_bytes / 1024]
        report.add(f"login to {title}, p95", took["ours"], took["stock"], unit="ms", goal="1.0")
        report.add(f"login to {title}, median", middle["ours"], middle["stock"], unit="ms")
        report.add("its HTML alone, p95", bare["ours"], bare["stock"], unit="ms")
        report.add(f"weight of {title}", kib["ours"], kib["stock"], unit="KiB")
        report.add(f"hub's CPU for a login to {title}", cpu["ours"], cpu["stock"], unit="ms")
    return report


@contextlib.asynccontextmanager
async def both(cluster: Cluster, folder: Path, given):
    """Start service and hubs, and fill both hubs with people."""
    found = [People(cluster.plane, f"people-{name}") for name in ("ours", "stock")]
    mine, theirs = found
    labels = {LABEL: mine.name}
    for number in range(given.running // NODE_DEVICES):
        cluster.nodes.add(f"bench-{number}", NODE_DEVICES, labels=labels)
    standin = Standin()
    homes = [Home(folder / name) for name in ("ours", "stock")]
    for home in homes:
        home.root.mkdir(mode=0o700)
    [port] = free_ports(1)
    ours = OurHub(homes[0], f"http://127.0.0.1:{port}{SERVICE_PREFIX}", TOKEN, mine, standin)
    stock = StockHub(homes[1], theirs, standin, labels)
    place = Place(
        kubeconfig=cluster.kubeconfig,
        namespace=mine.name,
        node_label=(LABEL, mine.name),
        devices=given.running,
        public_url=f"http://127.0.0.1:{ours.port}",
    )
    api = f"http://127.0.0.1:{ours.hub_port}/hub/api"
    try:
        async with served(place, hub_api_url=api, port=port):
            with running(ours), running(stock):
                for hub in (ours, stock):
                    began = time.monotonic()
                    await hub.fill(given.running, given.waiting)
                    print(
                        f"{hub.name}: all there after {time.monotonic() - began:.0f} s", flush=True
                    )
                yield ours, stock
    finally:
        standin.close()


async def run(cluster: Cluster, folder: Path, given) -> Report:
    async with both(cluster, folder, given) as (ours, stock):
        return await asyncio.to_thread(measure, ours, stock, given)


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--running", type=int, default=500, help="servers that run, in tens")
    parser.add_argument("--waiting", type=int, default=1000, help="people who wait")
    parser.add_argument("--people", type=int, default=100, help="logins of a round to each page")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="madang-cluster-"))
    cluster = Cluster(folder, usage_sampling="5m")
    try:
        cluster.start()
        report = asyncio.run(run(cluster, folder, given))
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    finish(report, given)


if __name__ == "__main__":
    main()
