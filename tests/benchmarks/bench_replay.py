"""How fast the queue replays the ten clusters of the shipped trace, and who waits how long.

Run by ``make bench-replay``; no timed test. Each pool is replayed once in full by the queue and by
a plain first-come-first-served queue of the same run; the first jobs are replayed five times, and
the median is given. A plain queue decides nothing but the next of one list, so the ratio is the
price of the rules.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from madang.simulate.replay import ReplayReport, Waits, replay, replay_fifo
from madang.simulate.traces import Job, read_itp

TRACE = Path(__file__).parents[2] / "notebooks" / "data" / "microsoft-itp-2021.csv.gz"
POOLS = (2_000, 1_200)
SUBSET, TIMES = 5_000, 5


def timed(act: Callable[[], ReplayReport]) -> tuple[ReplayReport, float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    report = act()
    return report, time.perf_counter() - wall, time.process_time() - processor


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


def say_waits(name: str, waits: Waits) -> None:
    seconds = [waits.mean_ms, waits.p50_ms, waits.p90_ms, waits.p99_ms, waits.max_ms]
    say(f"  {name:12} {waits.jobs:>7,}" + "".join(f"{value / 1000:>13,.0f}" for value in seconds))


def show(jobs: list[Job], capacity: int, *, is_preemptible: bool) -> None:
    label = "lent devices are asked back" if is_preemptible else "nothing is asked back"
    fair, wall, processor = timed(lambda: replay(jobs, capacity, is_preemptible=is_preemptible))
    fifo, fifo_wall, fifo_processor = timed(lambda: replay_fifo(jobs, capacity))
    say(f"\n{len(jobs):,} jobs, {capacity:,} devices, strategy {fair.strategy}, {label}")
    say(
        f"  {wall:.2f} s, {processor:.2f} CPU s, {len(jobs) / wall:,.0f} jobs/s",
    )
    say(
        f"  plain queue {fifo_wall:.2f} s, {fifo_processor:.2f} CPU s: "
        f"{processor / fifo_processor:.1f} times its CPU time"
    )
    say(
        f"  utilisation {fair.utilisation:.1%} (plain {fifo.utilisation:.1%}), "
        f"asked back {fair.asked_back:,}, unfinished {fair.jobs_unfinished}"
    )
    say(
        f"  {'wait, s':12} {'jobs':>7}"
        + "".join(f"{t:>13}" for t in ["mean", "p50", "p90", "p99", "max"])
    )
    for name, waits in fair.waits_by_project.items():
        say_waits(name, waits)
    say_waits("all", fair.waits)
    say_waits("plain queue", fifo.waits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trace", type=Path, default=TRACE)
    parser.add_argument("--jobs", type=int, default=None, help="only the first jobs")
    given = parser.parse_args()
    jobs = read_itp(given.trace, given.jobs)
    for capacity in POOLS:
        for is_preemptible in (False, True):
            show(jobs, capacity, is_preemptible=is_preemptible)
    few = jobs[:SUBSET]
    ratios, rates = [], []
    for _ in range(TIMES):
        _, wall, processor = timed(lambda: replay(few, POOLS[-1]))
        _, _, fifo_processor = timed(lambda: replay_fifo(few, POOLS[-1]))
        ratios.append(processor / fifo_processor)
        rates.append(len(few) / wall)
    say(f"\nfirst {len(few):,} jobs, {POOLS[-1]:,} devices, median of {TIMES}:")
    say(f"  {statistics.median(rates):,.0f} jobs/s, {statistics.median(ratios):.1f} times plain")


if __name__ == "__main__":
    main()
