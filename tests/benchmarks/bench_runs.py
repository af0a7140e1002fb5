"""The bare engine beside stock papermill: one process loops over one 5-cell notebook.

Run by ``make bench-runs``; no timed test. Both sides are ``papermill.execute_notebook`` in a new
process each round, with papermill imported and one run done before the clock starts; CPU seconds
are those of that process and of everything that it started.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from bench_hubs import Tree
from bench_table import Report, arguments, end_orderly, finish

CELLS = 5


def write(folder: Path) -> Path:
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
    )
    for number in range(CELLS):
        source = f"x{number} = {number}\nprint(x{number})\nx{number}"
        made.cells.append(nbformat.v4.new_code_cell(source))
    made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, folder / "in.ipynb")
    return folder / "in.ipynb"


def loop(path: Path, engine: str | None, runs: int) -> None:
    """Be the process that is measured, and print its figures of one run."""
    import papermill

    def once(number: int) -> None:
        done = papermill.execute_notebook(
            path,
            path.with_name("out.ipynb"),
            parameters={"x0": number},
            engine_name=engine,
            progress_bar=False,
        )
        way = done.metadata.get("madang", {}).get("kernel")
        printed = "".join(output.get("text", "") for output in done.cells[-1].outputs)
        if way != (engine and "forked") or printed != f"{CELLS - 1}\n":
            raise RuntimeError(f"not what was to be measured: {way}")

    once(0)
    tree = Tree(os.getpid())
    began, cpu = time.monotonic(), tree.cpu_s()
    for number in range(runs):
        once(number)
    took, used = time.monotonic() - began, Tree(os.getpid()).cpu_s() - cpu
    sys.stdout.write(json.dumps([took / runs, used / runs]) + "\n")


def one_round(path: Path, engine: str | None, runs: int) -> list[float]:
    command = [sys.executable, __file__, "--loop", str(path), "--engine", engine or ""]
    done = subprocess.run(
        [*command, "--runs", str(runs)], check=True, capture_output=True, text=True, timeout=600
    )
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    end_orderly()
    parser: argparse.ArgumentParser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of one round")
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.loop:
        loop(given.loop, given.engine or None, given.runs)
        return
    report = Report(f"One run of a {CELLS}-cell notebook, in a loop of {given.runs}")
    ours: list[list[float]] = []
    peer: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder))
        for number in range(given.rounds):
            turns = [(ours, "madang"), (peer, None)]
            for found, engine in turns if number % 2 == 0 else turns[::-1]:
                found.append(one_round(path, engine, given.runs))
    for index, what in enumerate(("run: wall", "run: CPU")):
        report.add(what, [v[index] for v in ours], [v[index] for v in peer], goal="0.20")
    finish(report, given)


if __name__ == "__main__":
    main()
