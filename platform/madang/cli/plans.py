"""What sweeps and runs would be and cost at most, as it is shown before anything is submitted."""

from typing import Annotated, Any

import typer

from madang.cli.output import credits, details, hours, note, say
from madang.domain.sweep_grid import short

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what it would be and cost; submit nothing.")
]
_SWEEP = "project runs names flavor devices limit_ms max_parallel runs_per_device"
_RUN = "project parameters flavor devices limit_ms"
_COST = "most_hours most_credits left_credits"


def show_plan(plan: dict[str, Any], as_json: bool) -> None:
    """Show the plan of a sweep."""
    said = plan | {"names": ", ".join(plan["names"]), **_cost(plan)}
    details(plan if as_json else said, as_json, f"{_SWEEP} {_COST}")
    if plan["reused"] and not as_json:
        note(say("cli.sweep_reused", count=plan["reused"], runs=plan["runs"]))


def show_run_plan(plan: dict[str, Any], as_json: bool) -> None:
    """Show the plan of a run."""
    given = " ".join(f"{name}={short(value)}" for name, value in plan["parameters"].items())
    said = plan | {"parameters": given or None, **_cost(plan)}
    details(plan if as_json else said, as_json, f"{_RUN} {_COST}")
    if plan["is_reused"] and not as_json:
        note(say("cli.run_reused"))


def _cost(plan: dict[str, Any]) -> dict[str, str]:
    return {
        "most_hours": hours(plan["at_most_device_ms"]),
        "most_credits": credits(plan["at_most_microcredits"]),
        "left_credits": credits(plan["left_microcredits"]),
    }
