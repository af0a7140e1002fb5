"""Memory of the service, and of one idle person with a notebook server and a kernel.

Run by ``make bench``; no timed test. Both hubs hold the same number of people at once, each with
one idle kernel; the proportional set size of everything that stands for a person is added up and
divided by them: keeper, server, kernel and, where there is one, the parent that servers are forked
from. Stock JupyterHub stands beside it in the same run.
"""

import asyncio
import contextlib
import os
from pathlib import Path

from bench_hubs import PEOPLE, Hub, Madang, Stock, pss_mib
from bench_spawn import Clicks
from bench_table import Report, arguments, end_orderly, finish

SETTLE_S = 6.0


def _argv(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def people_of(hub: Hub) -> list[int]:
    """Return the processes of people: below the keepers for us, below the hub for stock."""
    house = set()
    for pid in hub.tree.stats():
        line = _argv(pid)
        names = (
            *("configurable-http-proxy", "-m jupyterhub -f", "madang.hub.main", "madang.api"),
            "madang/stack/log_writer",
        )
        if pid == hub.tree.root or any(name in line for name in names) or "stack import up" in line:
            house.add(pid)
    return [pid for pid in hub.tree.stats() if pid not in house]


async def fill(hub: Hub, count: int) -> None:
    clicks = Clicks(hub)
    for person in PEOPLE[:count]:
        await clicks.whole(person)
    await clicks.http.aclose()


async def fill_after_warm_up(hub: Hub, count: int) -> None:
    clicks = Clicks(hub)
    await clicks.whole(PEOPLE[0])
    if isinstance(hub, Madang):
        await asyncio.to_thread(hub.wait_warm)
    await clicks.stop_all()
    await clicks.http.aclose()
    await fill(hub, count)


def measure(ours: Madang, peer: Hub, rounds: int, count: int) -> Report:
    for hub in (ours, peer):
        # The first server of a day is started the ordinary way, and so is a stock one's.
        asyncio.run(fill_after_warm_up(hub, count))
    report = Report(f"Memory, {count} idle people with one kernel each; {ours.wait_warm()}")
    service, mine, theirs = [], [], []
    for _ in range(rounds):
        asyncio.run(asyncio.sleep(SETTLE_S))
        service.append(pss_mib([ours.part("service")]))
        mine.append(pss_mib(people_of(ours)) / count)
        theirs.append(pss_mib(people_of(peer)) / count)
    report.add("service", service, unit="MiB", goal="150")
    report.add("one idle person", mine, theirs, unit="MiB", goal="0.6")
    report.add("hub", [pss_mib([ours.part("hub")])], unit="MiB")
    return report


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--people", type=int, default=8)
    given = parser.parse_args()
    ours, peer = Madang(), Stock()
    try:
        for hub in (ours, peer):
            hub.start()
        report = measure(ours, peer, given.rounds, given.people)
    finally:
        for hub in (ours, peer):
            hub.close(bool(os.environ.get("KEEP")))
    finish(report, given)


if __name__ == "__main__":
    main()
