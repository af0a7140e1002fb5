"""Readers of job traces (gzip CSV with a header), as plain jobs sorted by time.

Called by tests, benchmarks and :mod:`madang.simulate.replay`.
"""

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from madang.errors import InvalidError
from madang.units import MS_PER_S


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a trace: when it was submitted, by which project, how long it ran, on how many."""

    submit_ms: int
    project: str
    duration_ms: int
    devices: int


COLUMNS = ("submit_s", "cluster", "duration_s", "gpus")


def read_itp(path: Path, limit: int | None = None) -> list[Job]:
    """Read ``microsoft-itp-2021.csv.gz``; each cluster of the trace becomes a project.

    Parameters
    ----------
    limit
        Read only the first jobs; all when None.

    Raises
    ------
    InvalidError
        ``file_missing`` without the file, ``trace_columns`` when columns differ, ``trace_row``
        when a row does not hold whole numbers.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if tuple(header) != COLUMNS:
                raise InvalidError(
                    "trace_columns", path=path.name, given=header[:8], limit=list(COLUMNS)
                )
            jobs = [_job(row, number, path) for number, row in enumerate(rows, 2) if row]
    except FileNotFoundError as error:
        raise InvalidError("file_missing", path=str(path)) from error
    jobs.sort(key=lambda job: job.submit_ms)
    return jobs[:limit]


def _job(row: list[str], number: int, path: Path) -> Job:
    try:
        submit_s, cluster, duration_s, gpus = row
        # Jobs that ended within their first second are kept, as the shortest that can be charged.
        duration_ms = max(int(duration_s) * MS_PER_S, 1)
        return Job(int(submit_s) * MS_PER_S, f"cluster-{cluster}", duration_ms, int(gpus))
    except ValueError as error:
        raise InvalidError("trace_row", path=path.name, line=number, given=row[:8]) from error


def device_ms_by_project(jobs: Iterable[Job]) -> dict[str, int]:
    """Return the device time that each project's jobs take, by name."""
    found: dict[str, int] = {}
    for job in jobs:
        found[job.project] = found.get(job.project, 0) + job.devices * job.duration_ms
    return dict(sorted(found.items()))
