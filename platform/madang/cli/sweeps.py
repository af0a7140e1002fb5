"""Verbs about sweeps: submit many runs, watch them, show the table, cancel, pause, retry."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from madang.cli import comparing
from madang.cli.again import of_sweeps
from madang.cli.leases import Id, place
from madang.cli.notebook_help import HelpNotebook, show_parameters
from madang.cli.output import (
    Json,
    Project,
    credits,
    details,
    done,
    note,
    noun,
    say,
    show,
    show_json,
    show_text,
    state_word,
)
from madang.cli.outputs import add_delete_output
from madang.cli.parameters import (
    After,
    CheckpointAfter,
    Grid,
    Notify,
    PerDevice,
    Priority,
    Reuse,
    Secret,
    parameter,
)
from madang.cli.plans import show_plan
from madang.cli.runs import follow
from madang.domain.sweep import DEFAULT_PARALLEL, MAX_PARALLEL

_SWEEP = (
    "id name project person state runs runs_done counts max_parallel runs_per_device priority "
    "origin reused after flavor devices limit_ms notebook_sha256 submitted_ms ended_ms "
    "expected_end_ms standing waits_for"
)
_VALUES_CHARS = 48
_HEAD = "position state parameters recorded cells took credits why id"
_RIGHT = (0, 4, 5, 6)


def add_to(app: typer.Typer) -> None:
    """Add ``sweep`` and ``sweeps``."""
    app.command()(sweep)
    group = noun(app, "sweeps", "Many runs of one notebook, submitted together.")
    _sweeps(group)
    _acts(group)
    of_sweeps(group)
    comparing.of_sweeps(group)
    add_delete_output(group, "sweeps")


def sweep(
    notebook: Annotated[str, typer.Argument(help="The .ipynb file.")],
    grid: Grid = None,
    params: Annotated[
        Path | None,
        typer.Option("--params", help="A table, a run for each row: .csv, .json or .parquet."),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="name=value for all runs, JSON or text."),
    ] = None,
    project: Annotated[str | None, typer.Option(help="Who pays.")] = None,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", "-f", help="A file that the notebook reads.")
    ] = None,
    flavor: Annotated[str, typer.Option(help="Kind of device.")] = "gpu",
    devices: Annotated[int, typer.Option(min=0, help="Number of devices of one run.")] = 1,
    limit: Annotated[str, typer.Option(help="Time limit of one run, such as 90s or 2h.")] = "1h",
    environment: Annotated[
        str, typer.Option(help="Environment of the project to execute with.")
    ] = "",
    max_parallel: Annotated[
        int, typer.Option(min=1, max=MAX_PARALLEL, help="Slots at the same time, at most.")
    ] = DEFAULT_PARALLEL,
    runs_per_device: PerDevice = 1,
    priority: Priority = 0,
    reuse: Reuse = False,
    secret: Secret = None,
    after: After = None,
    checkpoint_after: CheckpointAfter = None,
    notify: Notify = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait, and show how far it is.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how many runs, device-hours and credits.")
    ] = False,
    pilot: Annotated[
        bool, typer.Option("--pilot", help="Run the first alone, show what all take, then ask.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --pilot: do not ask.")] = False,
    help_notebook: HelpNotebook = False,
    as_json: Json = False,
) -> None:
    """Submit a notebook with many sets of parameters, all or none."""
    if help_notebook:
        show_parameters(notebook, as_json)
        return
    if dry_run and pilot:
        raise typer.BadParameter(say("cli.pilot_or_dry_run"))
    from madang.client.http import MadangClient
    from madang.client.sweeps import Sweep, body_of
    from madang.client.words import spoken
    from madang.domain.sweep_grid import parse_grid
    from madang.errors import MadangError

    try:
        axes = parse_grid(grid or [])
    except MadangError as error:
        raise spoken(error) from error.__cause__
    body = body_of(
        notebook,
        axes,
        table=params,
        parameters=dict(parameter(text) for text in parameters or []),
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
        after=after or (),
        checkpoint_after=checkpoint_after,
        notify=notify,
    )
    with MadangClient() as client:
        if dry_run:
            show_plan(client.post("sweep-plans", body), as_json)
            return
        if pilot:
            _try_one(body, client, is_agreed=yes)
        job = Sweep(client.post("sweeps", body), client)
        if watch:
            _watch(job)
        if as_json:
            show_json(job.view)
        else:
            print(f"{job.id} {state_word(job.view['state'])}")
        if job.is_final:
            job.check()


def _try_one(body: dict[str, Any], client: Any, *, is_agreed: bool) -> None:
    from madang.client.pilots import ask, estimate, try_one

    def agree(plan: Mapping[str, Any]) -> bool:
        if not is_agreed:
            return ask(plan)
        note(estimate(plan))
        return True

    try_one(body, client, agree, follow)


def _watch(job: Any) -> None:
    """Follow a sweep on standard error until it ends."""
    from madang.client.progress import as_line

    if sys.stderr.isatty():
        try:
            job.wait()
        except KeyboardInterrupt:
            note("")
            note(say("cli.sweep_goes_on", id=job.id))
            raise
        return
    last = ""
    while True:
        said = as_line(job.view)
        if said != last:
            note(said)
        last = said
        if job.is_final:
            return
        job.next_change()


def _list(project: str | None, as_json: bool) -> None:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        found = client.get("sweeps", project=project)
    rows = [
        (
            *(x["id"], x["name"], x["project"], x["person"], state_word(x["state"])),
            f"{x['runs_done']}/{x['runs']}",
            x["counts"]["failed"] + x["counts"]["expired"],
            *(place(x) or "", credits(x["charged_microcredits"])),
        )
        for x in found
    ]
    head = "id name project person state runs failed place credits"
    show(found, as_json, head, lambda: rows, (5, 6, 8))


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    from madang.domain.sweep_grid import short

    def line(values: dict[str, Any]) -> str:
        said = " ".join(f"{name}={short(value)}" for name, value in values.items())
        return said if len(said) <= _VALUES_CHARS else said[: _VALUES_CHARS - 1] + "…"

    took = "-" if row["duration_ms"] is None else f"{row['duration_ms'] / 1000:,.1f} s"
    error = row["error"] or {}
    why = f"{error['name']}: {error['value']}" if error else row["reason_text"]
    return (
        *(row["position"], state_word(row["state"])),
        *(line(row["parameters"]), line(row["recorded"])),
        f"{row['cells_done']}/{row['cells_total']}",
        *(took, credits(row["charged_microcredits"]), why[:60], row["id"]),
    )


def _show(sweep_id: str, query: dict[str, Any], as_json: bool) -> None:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        view = client.get(f"sweeps/{sweep_id}")
        page = client.get(f"sweeps/{sweep_id}/runs", **query)
    if as_json:
        show_json(view | {"page": page})
        return
    counts = {state_word(state): count for state, count in view["counts"].items() if count}
    said = ", ".join(f"{state} {count}" for state, count in counts.items())
    details(view | {"counts": said}, as_json, _SWEEP)
    print()
    show(page, as_json, _HEAD, lambda: map(_row, page["rows"]), _RIGHT)
    left = page["total"] - page["offset"] - len(page["rows"])
    if left > 0:
        offset = page["offset"] + len(page["rows"])
        note(say("cli.sweep_more", count=left, offset=offset))


def _rows(sweep_id: str, state: str | None, as_csv: bool, out: Path | None, as_json: bool) -> None:
    from madang.client import sweep_tables
    from madang.client.http import MadangClient
    from madang.client.sweeps import Sweep

    with MadangClient() as client:
        found = list(Sweep.of(sweep_id, client).rows(state))
    if out is not None:
        show_text("path", f"{sweep_tables.write(found, out)}" + "\n" * (not as_json), as_json)
    elif as_csv and not as_json:
        print(sweep_tables.as_csv(found), end="")
    else:
        show(found, as_json, _HEAD, lambda: map(_row, found), _RIGHT)


def _sweeps(group: typer.Typer) -> None:
    @group.callback()
    def default(context: typer.Context, project: Project = None, as_json: Json = False) -> None:
        """List sweeps."""
        if context.invoked_subcommand is None:
            _list(project, as_json)

    @group.command("list")
    def list_command(project: Project = None, as_json: Json = False) -> None:
        """List sweeps, newest first."""
        _list(project, as_json)

    @group.command("show")
    def show_command(
        sweep: Id,
        state: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
        sort: Annotated[
            str,
            typer.Option(
                help="position, state, started, ended, duration, parameter:NAME or recorded:NAME."
            ),
        ] = "position",
        descending: Annotated[bool, typer.Option("--descending", help="Largest first.")] = False,
        offset: Annotated[int, typer.Option(min=0, help="Rows to pass over.")] = 0,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows at most.")] = 50,
        as_json: Json = False,
    ) -> None:
        """Show a sweep and a page of its table."""
        order = {"sort": sort, "descending": "true" if descending else None}
        _show(sweep, {"state": state, **order, "offset": offset, "limit": limit}, as_json)

    @group.command("rows")
    def rows(
        sweep: Id,
        state: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
        as_csv: Annotated[
            bool, typer.Option("--csv", help="Print comma-separated values.")
        ] = False,
        out: Annotated[
            Path | None, typer.Option("--out", help="Write a file: .csv or .parquet.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Give all rows of a sweep's table: parameters, recorded values, time and cost."""
        _rows(sweep, state, as_csv, out, as_json)

    @group.command("watch")
    def watch(sweep: Id, as_json: Json = False) -> None:
        """Follow a sweep until it ends; status 1 when a run did not succeed."""
        from madang.client.http import MadangClient
        from madang.client.sweeps import Sweep

        with MadangClient() as client:
            job = Sweep.of(sweep, client)
            _watch(job)
            if as_json:
                show_json(job.view)
            job.check()


def _acts(group: typer.Typer) -> None:
    @group.command("cancel")
    def cancel(sweep: Id, as_json: Json = False) -> None:
        """Take waiting runs out of the queue, and let running ones save and stop."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.delete(f"sweeps/{sweep}"), as_json, "cli.stopping", id=sweep)

    @group.command("pause")
    def pause(sweep: Id, as_json: Json = False) -> None:
        """Start no further runs; those that run go on."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.post(f"sweeps/{sweep}/pause"), as_json, "cli.sweep_paused", id=sweep)

    @group.command("resume")
    def resume(sweep: Id, as_json: Json = False) -> None:
        """Let a paused sweep go on."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.post(f"sweeps/{sweep}/resume"), as_json, "cli.sweep_resumed", id=sweep)

    @group.command("retry")
    def retry(
        sweep: Id,
        cancelled: Annotated[
            bool, typer.Option("--cancelled", help="Those that were cancelled too.")
        ] = False,
        from_start: Annotated[
            bool, typer.Option("--from-start", help="Not from the last checkpoint of each.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Run again what failed or ran out of time."""
        from madang.client.http import MadangClient
        from madang.client.sweeps import Sweep

        with MadangClient() as client:
            view = Sweep.of(sweep, client).retry(cancelled=cancelled, from_start=from_start).view
            count = view["counts"]["queued"]
            done(view, as_json, "cli.sweep_retried", id=sweep, count=count)
