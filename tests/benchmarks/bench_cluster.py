"""A cluster of two workers from the call to the first result, beside Dask's own on one machine.

Run by ``make bench``; no timed test. Ours goes through API, queue, a lease and TLS with a
certificate authority of its own; the peer is ``LocalCluster(n_workers=2, security=True)``, started
from the same process. distributed is imported before either clock starts.
"""

import gc
import os
import time
from collections.abc import Callable
from typing import Any

from bench_hubs import Hub, Madang, Tree
from bench_table import Report, arguments, end_orderly, finish

import madang


def _ours() -> Any:
    return madang.Cluster(workers=2)


def _peer() -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=2, threads_per_worker=1, security=True, dashboard_address="127.0.0.1:0"
    )


def _cpu_s() -> float:
    """CPU time of this process and of everything below it, our hub's holder among it."""
    return Tree(os.getpid()).cpu_s()


def first_result(make: Callable[[], Any]) -> tuple[float, float]:
    """Return seconds and CPU seconds until the first result; closes the cluster afterwards."""
    cpu = _cpu_s()
    began = time.monotonic()
    cluster = make()
    client = cluster.get_client()
    if client.submit(sum, range(1000)).result(timeout=60) != 499500:
        raise RuntimeError("the cluster computed something else")
    took = time.monotonic() - began
    used = _cpu_s() - cpu
    client.close()
    cluster.close()
    gc.collect()
    return took, used


def measure(hub: Hub, rounds: int) -> Report:
    import distributed  # noqa: F401 - not a part of what is measured

    os.environ["MADANG_HOME"] = str(hub.folder / "home")
    os.environ["MADANG_PROJECT"] = "bench"
    report = Report("Cluster of two workers to its first result")
    ours, peer = [], []
    for make in (_ours, _peer):
        first_result(make)
    for number in range(rounds):
        turns = [(ours, _ours), (peer, _peer)]
        for found, make in turns if number % 2 == 0 else turns[::-1]:
            found.append(first_result(make))
    report.add("cluster: call to first result", *_column(0, ours, peer), goal="2.0")
    report.add("cluster: CPU", *_column(1, ours, peer))
    return report


def _column(
    index: int, ours: list[tuple[float, float]], peer: list[tuple[float, float]]
) -> tuple[list[float], list[float]]:
    return [v[index] for v in ours], [v[index] for v in peer]


def main() -> None:
    end_orderly()
    given = arguments(__doc__).parse_args()
    hub = Madang()
    try:
        hub.start()
        report = measure(hub, given.rounds)
    finally:
        hub.close(bool(os.environ.get("KEEP")))
    finish(report, given)


if __name__ == "__main__":
    main()
