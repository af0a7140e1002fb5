"""What the trace must give, computed here with the standard library alone, from the same file."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """Sums over the trace: number of jobs, GPU-milliseconds in seconds, jobs with one GPU."""

    jobs: int
    gpu_seconds: int
    one_gpu_jobs: int
    clusters: int


def trace_facts(path: Path, cluster: int = 0) -> TraceFacts:
    """Read the gzip CSV row by row; ``cluster`` 0 means all."""
    jobs = gpu_seconds = single = 0
    seen = set()
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if cluster and int(row["cluster"]) != cluster:
                continue
            gpus = int(row["gpus"])
            jobs += 1
            gpu_seconds += gpus * int(row["duration_s"])
            single += gpus == 1
            seen.add(row["cluster"])
    return TraceFacts(jobs, gpu_seconds, single, len(seen))


def result_line(printed: str) -> str:
    """Return the JSON of the last line that begins with ``RESULT``."""
    lines = [line for line in printed.splitlines() if line.startswith("RESULT ")]
    return lines[-1].removeprefix("RESULT ") if lines else "{}"
