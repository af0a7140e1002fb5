"""Prints what a benchmark measured: a plain table of medians with the machine it ran on."""

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Report:
    """Rows of one benchmark: a name, our values, the peer's values of the same run, a goal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.load_before = os.getloadavg()[0]
        self.rows: list[dict[str, Any]] = []

    def add(
        self,
        what: str,
        ours: Sequence[float],
        peer: Sequence[float] = (),
        *,
        unit: str = "s",
        goal: str = "",
    ) -> None:
        """Add a row; the ratio is that of the medians."""
        row: dict[str, Any] = {"what": what, "unit": unit, "goal": goal}
        for name, values in (("ours", ours), ("peer", peer)):
            row[name] = [round(value, 3) for value in values]
            row[f"{name}_median"] = statistics.median(values) if values else None
        row["ratio"] = row["ours_median"] / row["peer_median"] if peer else None
        self.rows.append(row)

    def print(self) -> None:
        say = sys.stdout.write
        say(f"\n{self.title}\n{machine(self.load_before)}\n")
        say(f"{'':44}{'ours':>9}{'peer':>9}{'ratio':>8}  {'range of ours':>16}  goal\n")
        for row in self.rows:
            peer, ratio = row["peer_median"], row["ratio"]
            low, high = min(row["ours"]), max(row["ours"])
            say(
                f"{row['what'] + ', ' + row['unit']:44}{row['ours_median']:>9.2f}"
                + (f"{peer:>9.2f}" if peer is not None else f"{'-':>9}")
                + (f"{ratio:>8.2f}" if ratio is not None else f"{'-':>8}")
                + f"  {f'{low:.2f} to {high:.2f}':>16}  {row['goal']}\n"
            )
        sys.stdout.flush()

    def json(self) -> Mapping[str, Any]:
        return {
            "title": self.title,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "cores": cores(),
            "load_before": self.load_before,
            "load_after": os.getloadavg()[0],
            "rows": self.rows,
        }


def cores() -> int:
    return len(os.sched_getaffinity(0))


def machine(load_before: float) -> str:
    after = os.getloadavg()[0]
    return f"{cores()} cores, load average {load_before:.1f} before, {after:.1f} after; medians"


def arguments(doc: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=None, help="write the figures here too")
    return parser


def end_orderly() -> None:
    """Let SIGTERM end the benchmark through its cleaning up, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def finish(report: Report, given: argparse.Namespace) -> None:
    report.print()
    if given.json is not None:
        given.json.write_text(json.dumps(report.json(), indent=1) + "\n")
