"""What is sent of a schedule, after all that can be checked here was."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from madang.client import runs, sweeps
from madang.client.words import spoken
from madang.domain.run_inputs import check_fit, check_parameters
from madang.domain.sweep_grid import parse_grid
from madang.errors import MadangError


def body_of(
    notebook: str,
    grid: Iterable[str],
    table: Path | None,
    parameters: Mapping[str, Any],
    *,
    cron: str,
    timezone: str,
    overlap: bool,
    files: Iterable[str],
    max_parallel: int,
    runs_per_device: int = 1,
    **asked: Any,
) -> dict[str, Any]:
    """Return the body of a schedule: of a sweep where there is a grid or a table, else of a run.

    Raises
    ------
    InvalidError
        Anything that is not fit to run, before it is sent.
    """
    times = {"cron": cron, "timezone": timezone, "overlap": overlap}
    try:
        axes = parse_grid(list(grid))
        if axes or table is not None:
            many = {"max_parallel": max_parallel, "runs_per_device": runs_per_device}
            more = {"files": files, **many, **asked}
            body = sweeps.body_of(notebook, axes, table=table, parameters=parameters, **more)
            return body | times
        given = check_parameters(parameters)
        snapshot, facts = runs.snapshot(notebook, files)
        check_fit(given, facts)
    except MadangError as error:
        raise spoken(error) from error.__cause__
    return snapshot | {"parameters": given, **runs.asked(**asked), **times}
