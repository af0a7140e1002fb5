"""Options that ``run``, ``sweep`` and their ``rerun`` have in common, and how a value is read."""

import json
from typing import Annotated, Any, NoReturn

import typer

from madang.cli.output import say
from madang.domain.run import MAX_PRIORITY
from madang.domain.shown import shown
from madang.domain.sweep import MAX_RUNS_PER_DEVICE
from madang.domain.sweep_grid import typed
from madang.errors import InvalidError

Priority = Annotated[
    int,
    typer.Option(
        min=-MAX_PRIORITY,
        max=MAX_PRIORITY,
        help="Before (up to 10) or after (down to -10) your others in the project.",
    ),
]
Reuse = Annotated[
    bool,
    typer.Option("--reuse", help="Take over what has succeeded already, instead of executing it."),
]
After = Annotated[
    list[str] | None,
    typer.Option(help="Id of a run or sweep that must succeed first; may be given again."),
]
CheckpointAfter = Annotated[
    float | None,
    typer.Option(help="Seconds between saves to go on from, 1 to 86400; 30 unless it says else."),
]
Notify = Annotated[
    bool | None,
    typer.Option(
        "--notify/--no-notify",
        help="Tell me by mail and webhook when all have ended; as in my settings when left out.",
    ),
]
PerDevice = Annotated[
    int,
    typer.Option(
        min=1,
        max=MAX_RUNS_PER_DEVICE,
        help="Runs of it that share the one device of a slot at the same time.",
    ),
]
Secret = Annotated[
    list[str] | None,
    typer.Option(help="Name of a secret of the project for the environment; may be given again."),
]
Grid = Annotated[
    list[str] | None,
    typer.Option("--grid", "-g", help="name=value,value or name=0..9; every combination runs."),
]


def parameter(text: str) -> tuple[str, Any]:
    """Read ``name=value``: JSON, else with the type that ``papermill -p`` gives it, else text.

    Raises
    ------
    InvalidError
        ``grid_value_not_finite`` for NaN and infinity, alone or inside of JSON.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(say("cli.parameter", given=shown(text)))
    try:
        return name, json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return name, typed(value)


def _no_constant(name: str) -> NoReturn:
    raise InvalidError("grid_value_not_finite", given=name)
