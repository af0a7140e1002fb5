"""A sweep through the service beside the same runs with the ``papermill`` command.

Run by ``make bench-sweep``; no timed test. Ours is one submit to a real installation: queue,
leases, ledger, slots, artifacts, from the submit to the end of the sweep, the start of slots and of
their warm processes included. The peer is what a lab does now: a loop over
``papermill in.ipynb out.ipynb -p seed N``, as many at once as we have slots.
CPU seconds are those of hub, service, slots and kernels, and of the peer's commands and kernels.

Three notebooks of five cells: that do nothing, that import pandas, scikit-learn and matplotlib, and
that also make a table of which the runs look at a few rows (``--table-mib``; tagged ``shared``
before the parameters, which the peer ignores and does in every run).

The peer twice: as it is installed, and ``lean``, without the grammar that jsonschema compiles at
each start where JupyterLab's dependencies are installed, as a bare papermill would be.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
from bench_hubs import Hub, Madang, Tree
from bench_table import Report, arguments, end_orderly, finish

import madang

IMPORTS = "import matplotlib.pyplot\nimport pandas as pd\nimport sklearn.linear_model"
TABLE = "import numpy as np\nrows = np.random.default_rng(1).random(({mib} * 2**14, 8))"
LIMIT_S = 1_800
PEERS = {
    "peer": ("-m", "papermill"),
    "lean": (
        "-c",
        "import sys; sys.modules['rfc3987_syntax'] = None\n"
        "from papermill.__main__ import papermill; papermill()",
    ),
}


@dataclass(frozen=True)
class Kind:
    """One notebook, and the ratio that is asked of it."""

    name: str
    first: str
    work: str
    goal: str
    cpu_goal: str = ""


def kinds(table_mib: int) -> list[Kind]:
    shared = f"{IMPORTS}\n{TABLE.format(mib=table_mib)}"
    return [
        Kind("trivial", "", "x = seed + 1", "8 times", "1/6"),
        Kind("imports", IMPORTS, "x = pd.Series([seed, 1]).sum()", "15 times"),
        Kind(f"shared {table_mib} MiB", shared, "x = rows[seed].sum()", "40 times"),
    ]


def write(path: Path, kind: Kind) -> Path:
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
    )
    cells = [
        (kind.first or "pass", ["shared"] if kind.first else []),
        ("seed = 0", ["parameters"]),
        (kind.work, []),
        ("y = x * 2", []),
        ("print(x, y)", []),
    ]
    for source, tags in cells:
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = tags
        made.cells.append(cell)
    nbformat.write(made, path)
    return path


def measured(work: Callable[[], int]) -> tuple[float, float]:
    """Return runs per second, and CPU seconds of one run."""
    cpu, began = Tree(os.getpid()).cpu_s(), time.monotonic()
    runs = work()
    took = time.monotonic() - began
    return runs / took, (Tree(os.getpid()).cpu_s() - cpu) / runs


def wait_for_slots_to_end() -> None:
    """Let every sweep pay the start of its slots: those of the one before keep warm for a while."""
    deadline = time.monotonic() + 60
    with madang.MadangClient() as client:
        while any(lease["state"] != "ended" for lease in client.get("leases")):
            if time.monotonic() > deadline:
                raise TimeoutError("slots of the last sweep do not end")
            time.sleep(0.5)


def ours(path: Path, runs: int, parallel: int) -> int:
    job = madang.sweep(path, {"seed": range(runs)}, max_parallel=parallel, name=path.stem)
    job.wait(LIMIT_S, progress=False).check()
    return runs


def peer(path: Path, runs: int, parallel: int, start: tuple[str, ...]) -> int:
    # What a shell finds: the installation's own papermill, and its interpreter for the kernel.
    papermill = [sys.executable, *start, "--no-progress-bar", str(path)]

    def one(number: int) -> None:
        out = path.with_name(f"out-{number}.ipynb")
        command = [*papermill, str(out), "-p", "seed", str(number)]
        done = subprocess.run(command, check=False, capture_output=True, timeout=LIMIT_S)
        if done.returncode:  # side by side they sometimes fail; a lab would start it again
            sys.stderr.write(done.stderr.decode(errors="replace")[-2_000:])
            subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)

    with ThreadPoolExecutor(parallel) as threads:
        list(threads.map(one, range(runs)))
    return runs


def measure(hub: Hub, rounds: int, runs: int, peer_runs: int, table_mib: int, only: str) -> Report:
    os.environ["MADANG_HOME"] = str(hub.folder / "home")
    os.environ["MADANG_PROJECT"] = "bench"
    parallel = len(os.sched_getaffinity(0))
    report = Report(
        f"Sweeps of {runs} runs, papermill of {peer_runs}, {parallel} at once; runs per second"
    )
    for kind in [kind for kind in kinds(table_mib) if kind.name.startswith(only)]:
        path = write(hub.folder / f"{kind.name.split()[0]}.ipynb", kind)
        found: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": [], "lean": []}
        turns: list[tuple[str, Callable[[], int]]] = [("ours", partial(ours, path, runs, parallel))]
        turns += [(n, partial(peer, path, peer_runs, parallel, how)) for n, how in PEERS.items()]
        for number in range(rounds):
            for name, work in turns if number % 2 == 0 else turns[::-1]:
                wait_for_slots_to_end()
                found[name].append(measured(work))
        columns = (("runs", "1/s", kind.goal), ("CPU of a run", "s", kind.cpu_goal))
        for index, (what, unit, goal) in enumerate(columns):
            values = {name: [v[index] for v in each] for name, each in found.items()}
            for name in PEERS:
                row = f"{kind.name}: {what}{', lean' if name == 'lean' else ''}"
                report.add(row, values["ours"], values[name], unit=unit, goal=goal)
    return report


def main() -> None:
    end_orderly()
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=200, help="runs of one sweep")
    parser.add_argument("--peer-runs", type=int, default=8, help="runs of papermill in a round")
    parser.add_argument("--table-mib", type=int, default=1024, help="size of the shared table")
    parser.add_argument("--only", default="", help="trivial, imports or shared")
    given = parser.parse_args()
    hub = Madang()
    try:
        hub.start()
        report = measure(
            hub, given.rounds, given.runs, given.peer_runs, given.table_mib, given.only
        )
    finally:
        hub.close(bool(os.environ.get("KEEP")))
    finish(report, given)


if __name__ == "__main__":
    main()
