"""Verbs about runs and sweeps that are there: again with changes, and in which order."""

from pathlib import Path
from typing import Annotated, Any

import typer

from madang.cli.leases import Id
from madang.cli.output import Json, done, show_json, state_word
from madang.cli.parameters import Grid, Notify, Reuse, parameter
from madang.cli.plans import DryRun, show_plan, show_run_plan
from madang.domain.run import MAX_PRIORITY
from madang.domain.sweep import MAX_PARALLEL, MAX_RUNS_PER_DEVICE

_Name = Annotated[str | None, typer.Option(help="For people; the old one when left out.")]
_Level = Annotated[
    int, typer.Argument(min=-MAX_PRIORITY, max=MAX_PRIORITY, help="From -10 to 10; 0 is usual.")
]
_Flavor = Annotated[str | None, typer.Option(help="Kind of device; the old one when left out.")]
_Devices = Annotated[
    int | None, typer.Option(min=0, help="Devices of one run; as before when left out.")
]
_Limit = Annotated[
    str | None, typer.Option(help="Time limit of one run: 90s, 2h; the old one when left out.")
]
_Environment = Annotated[
    str | None,
    typer.Option(help='The old one when left out; "" for that of the installation.'),
]
_NewLevel = Annotated[
    int | None,
    typer.Option(
        "--priority", min=-MAX_PRIORITY, max=MAX_PRIORITY, help="The old one when left out."
    ),
]


def of_runs(group: typer.Typer) -> None:
    """Add ``rerun`` and ``priority`` to ``runs``."""

    @group.command("rerun")
    def rerun(
        run: Id,
        parameters: Annotated[
            list[str] | None,
            typer.Option("--set", "--parameter", "-p", help="name=value; others stay."),
        ] = None,
        name: _Name = None,
        flavor: _Flavor = None,
        devices: _Devices = None,
        limit: _Limit = None,
        environment: _Environment = None,
        priority: _NewLevel = None,
        reuse: Reuse = False,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Submit a run like this one with changes, from the same snapshot."""
        from madang.client.http import MadangClient
        from madang.client.runs import Run

        given = dict(parameter(text) for text in parameters or [])
        with MadangClient() as client:
            old = Run.of(run, client)
            size = {"flavor": flavor, "devices": devices}
            size |= {"limit": limit, "environment": environment}
            if dry_run:
                show_run_plan(old.plan_rerun(given, reuse=reuse, **size), as_json)
                return
            new = old.rerun(given, name=name, priority=priority, reuse=reuse, **size)
            if as_json:
                show_json(new.view)
            else:
                print(f"{new.id} {state_word(new.view['state'])}")

    @group.command("priority", context_settings={"ignore_unknown_options": True})
    def priority(run: Id, level: _Level, as_json: Json = False) -> None:
        """Let a waiting run be taken before or after your others in the project."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.patch(f"runs/{run}", {"priority": level})
            done(view, as_json, "cli.priority", id=run, level=level)


def of_sweeps(group: typer.Typer) -> None:
    """Add ``rerun`` and ``priority`` to ``sweeps``."""

    @group.command("rerun")
    def rerun(
        sweep: Id,
        grid: Grid = None,
        params: Annotated[
            Path | None, typer.Option("--params", help="A table: .csv, .json or .parquet.")
        ] = None,
        parameters: Annotated[
            list[str] | None,
            typer.Option("--parameter", "-p", help="name=value instead of all old values."),
        ] = None,
        overrides: Annotated[
            list[str] | None, typer.Option("--set", help="name=value in every row.")
        ] = None,
        name: _Name = None,
        flavor: _Flavor = None,
        devices: _Devices = None,
        limit: _Limit = None,
        environment: _Environment = None,
        max_parallel: Annotated[
            int | None,
            typer.Option(min=1, max=MAX_PARALLEL, help="The old number when left out."),
        ] = None,
        runs_per_device: Annotated[
            int | None,
            typer.Option(min=1, max=MAX_RUNS_PER_DEVICE, help="The old number when left out."),
        ] = None,
        priority: _NewLevel = None,
        only_failed: Annotated[
            bool, typer.Option("--only-failed", help="Only what failed or ran out of time.")
        ] = False,
        reuse: Reuse = False,
        notify: Notify = None,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Submit a sweep like this one with changes, from the same snapshot.

        What --grid, --params or -p name takes the place of the old values; each set of the other
        values meets each new point. --set changes a value in every row instead.
        """
        from madang.client.http import MadangClient
        from madang.client.sweeps import Sweep
        from madang.client.words import spoken
        from madang.domain.sweep_grid import parse_grid
        from madang.errors import MadangError

        try:
            axes = parse_grid(grid or [])
        except MadangError as error:
            raise spoken(error) from error.__cause__
        with MadangClient() as client:
            old = Sweep.of(sweep, client)
            asked: dict[str, Any] = {
                "table": params,
                "parameters": dict(parameter(text) for text in parameters or []),
                "overrides": dict(parameter(text) for text in overrides or []),
                "name": name,
                "flavor": flavor,
                "devices": devices,
                "limit": limit,
                "environment": environment,
                "max_parallel": max_parallel,
                "runs_per_device": runs_per_device,
                "priority": priority,
                "only_failed": only_failed,
                "reuse": reuse,
                "notify": notify,
            }
            if dry_run:
                show_plan(old.plan_rerun(axes, **asked), as_json)
                return
            new = old.rerun(axes, **asked)
            if as_json:
                show_json(new.view)
            else:
                print(f"{new.id} {state_word(new.view['state'])}")

    @group.command("priority", context_settings={"ignore_unknown_options": True})
    def priority(sweep: Id, level: _Level, as_json: Json = False) -> None:
        """Let its runs be taken before or after your others in the project."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.patch(f"sweeps/{sweep}", {"priority": level})
            done(view, as_json, "cli.priority", id=sweep, level=level)
