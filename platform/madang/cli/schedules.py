"""Verbs about schedules: add, list, run now, pause, let go on, delete."""

from pathlib import Path
from typing import Annotated, Any

import typer

from madang.cli.leases import Id
from madang.cli.output import Json, Project, details, done, noun, show
from madang.cli.parameters import Grid, PerDevice, Priority, Reuse, Secret, parameter
from madang.domain.sweep import DEFAULT_PARALLEL, MAX_PARALLEL

_SCHEDULE = (
    "id name project person kind cron timezone overlap paused_text next_times failures "
    "last_ms last_id last_problem"
)


def add_to(app: typer.Typer) -> None:
    """Add ``schedule``."""
    group = noun(app, "schedule", "Notebooks that are submitted at the times of a cron line.")
    _adds(group)
    _acts(group)


def _shown(view: dict[str, Any], as_json: bool) -> None:
    said = view if as_json else view | {"next_times": ", ".join(_times(view)) or None}
    details(said, as_json, _SCHEDULE)


def _times(view: dict[str, Any]) -> list[str]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(view["timezone"])
    moments = (datetime.fromtimestamp(ms / 1000, zone) for ms in view["next_ms"])
    return [moment.strftime("%Y-%m-%d %H:%M %Z") for moment in moments]


def _list(project: str | None, as_json: bool) -> None:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        found = client.get("schedules", project=project)
    rows = [
        (
            *(x["id"], x["name"], x["project"], x["person"], x["kind"], x["cron"]),
            x["paused_text"] or (_times(x) or ["-"])[0],
            x["last_id"] or "-",
        )
        for x in found
    ]
    head = "id name project person kind cron next_times last_id"
    show(found, as_json, head, lambda: rows)


def _adds(group: typer.Typer) -> None:
    @group.callback()
    def default(context: typer.Context, project: Project = None, as_json: Json = False) -> None:
        """List schedules."""
        if context.invoked_subcommand is None:
            _list(project, as_json)

    @group.command("list")
    def list_command(project: Project = None, as_json: Json = False) -> None:
        """List schedules, newest first."""
        _list(project, as_json)

    @group.command("add")
    def add(
        name: Annotated[str, typer.Argument(help="For people.")],
        notebook: Annotated[str, typer.Argument(help="The .ipynb file.")],
        cron: Annotated[str, typer.Option(help="Minute, hour, day, month, weekday: '0 2 * * *'.")],
        timezone: Annotated[
            str, typer.Option(help="Such as Asia/Seoul; that of the site when left out.")
        ] = "",
        overlap: Annotated[
            bool, typer.Option("--overlap", help="Also while the one before has not ended.")
        ] = False,
        grid: Grid = None,
        params: Annotated[
            Path | None, typer.Option("--params", help="A table: .csv, .json or .parquet.")
        ] = None,
        parameters: Annotated[
            list[str] | None, typer.Option("--parameter", "-p", help="name=value, JSON or text.")
        ] = None,
        project: Annotated[str | None, typer.Option(help="Who pays.")] = None,
        file: Annotated[
            list[str] | None, typer.Option("--file", "-f", help="A file that the notebook reads.")
        ] = None,
        flavor: Annotated[str, typer.Option(help="Kind of device.")] = "gpu",
        devices: Annotated[int, typer.Option(min=0, help="Devices of one run.")] = 1,
        limit: Annotated[str, typer.Option(help="Time limit of one run.")] = "1h",
        environment: Annotated[str, typer.Option(help="Environment of the project.")] = "",
        max_parallel: Annotated[
            int, typer.Option(min=1, max=MAX_PARALLEL, help="Slots at the same time, at most.")
        ] = DEFAULT_PARALLEL,
        runs_per_device: PerDevice = 1,
        priority: Priority = 0,
        reuse: Reuse = False,
        secret: Secret = None,
        as_json: Json = False,
    ) -> None:
        """Submit a notebook again and again; with --grid or --params a sweep each time."""
        from madang.client.http import MadangClient
        from madang.client.schedules import body_of

        body = body_of(
            notebook,
            grid or [],
            params,
            dict(parameter(text) for text in parameters or []),
            cron=cron,
            timezone=timezone,
            overlap=overlap,
            project=project,
            name=name,
            files=file or [],
            flavor=flavor,
            devices=devices,
            limit=limit,
            environment=environment,
            max_parallel=max_parallel,
            runs_per_device=runs_per_device,
            priority=priority,
            reuse=reuse,
            secrets=secret or (),
        )
        with MadangClient() as client:
            _shown(client.post("schedules", body), as_json)


def _acts(group: typer.Typer) -> None:
    @group.command("show")
    def show_command(schedule: Id, as_json: Json = False) -> None:
        """Show a schedule and its next times."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            _shown(client.get(f"schedules/{schedule}"), as_json)

    @group.command("run")
    def run(schedule: Id, as_json: Json = False) -> None:
        """Submit it once at once; its next times stay as they are."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.post(f"schedules/{schedule}/run")
            done(view, as_json, "cli.schedule_ran", id=schedule, made=view["last_id"])

    @group.command("pause")
    def pause(schedule: Id, as_json: Json = False) -> None:
        """Submit nothing more of it until you let it go on."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.post(f"schedules/{schedule}/pause")
            done(view, as_json, "cli.schedule_paused", id=schedule)

    @group.command("resume")
    def resume(schedule: Id, as_json: Json = False) -> None:
        """Let a paused schedule go on with its next time."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.post(f"schedules/{schedule}/resume")
            done(view, as_json, "cli.schedule_resumed", id=schedule, next=_times(view)[0])

    @group.command("delete")
    def delete(schedule: Id, as_json: Json = False) -> None:
        """Take a schedule away; what it submitted stays."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.delete(f"schedules/{schedule}"), as_json, "cli.schedule_gone", id=schedule)
