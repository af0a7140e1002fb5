"""Verbs about runs: submit a notebook, watch it, list, look, cancel, fetch."""

import math
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from madang.cli.again import of_runs
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
from madang.cli.parameters import After, CheckpointAfter, Priority, Reuse, Secret, parameter

_RUN = (
    "id name project person state reason_text error parameters flavor devices limit_ms "
    "notebook_sha256 "
    "submitted_ms started_ms ended_ms attempt priority origin reused_from after secrets standing"
    " waits_for"
    " output_deleted_text"
)
_BAR = 24
_LIVE_S, _LONG_S = 5, 20
_SHOWN_S = 5
"""A shorter rest is not worth a word."""


def add_to(app: typer.Typer) -> None:
    """Add ``run`` and ``runs``."""
    app.command()(run)
    group = noun(app, "runs", "Notebooks that were submitted.")
    _runs(group)
    of_runs(group)
    add_delete_output(group, "runs")


def run(
    notebook: Annotated[str, typer.Argument(help="The .ipynb file.")],
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="name=value, JSON or text.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="Who pays.")] = None,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", "-f", help="A file that the notebook reads.")
    ] = None,
    flavor: Annotated[str, typer.Option(help="Kind of device.")] = "gpu",
    devices: Annotated[int, typer.Option(min=0, help="Number of devices.")] = 1,
    limit: Annotated[str, typer.Option(help="Time limit, such as 90s or 2h.")] = "1h",
    environment: Annotated[
        str, typer.Option(help="Environment of the project to execute with.")
    ] = "",
    priority: Priority = 0,
    reuse: Reuse = False,
    secret: Secret = None,
    after: After = None,
    checkpoint_after: CheckpointAfter = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait, and show the cells.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="With --watch: save the result here.")
    ] = None,
    help_notebook: HelpNotebook = False,
    as_json: Json = False,
) -> None:
    """Submit a notebook with parameters."""
    if help_notebook:
        show_parameters(notebook, as_json)
        return
    from madang.client.http import MadangClient
    from madang.client.runs import run as submit

    given = dict(parameter(text) for text in parameters or [])
    with MadangClient() as client:
        job = submit(
            notebook,
            given,
            project=project,
            name=name,
            files=file or [],
            flavor=flavor,
            devices=devices,
            limit=limit,
            environment=environment,
            priority=priority,
            reuse=reuse,
            secrets=secret or (),
            after=after or (),
            checkpoint_after=checkpoint_after,
            client=client,
        )
        if watch or output is not None:
            follow(job)
            if output is not None and job.view["has_output"]:
                note(say("cli.saved", path=job.output(output)))
        if as_json:
            show_json(job.view)
        else:
            print(f"{job.id} {state_word(job.view['state'])}")
        if job.is_final:
            job.check()


def follow(job: Any) -> None:
    """Follow a run on standard error until it ends."""
    is_live = sys.stderr.isatty()
    last = ""
    try:
        while True:
            line = _line(job.view)
            if line != last:
                print(f"\r\x1b[K{line}" if is_live else line, end="" if is_live else "\n",
                      file=sys.stderr, flush=True)  # fmt: skip
            last = line
            if job.is_final:
                break
            # On a terminal the time that is left is counted down between two cells.
            job.next_change(_LIVE_S if is_live else _LONG_S)
    except KeyboardInterrupt:
        if is_live:
            note("")
        note(say("cli.goes_on", id=job.id))
        raise
    if is_live:
        note("")


def _line(view: dict[str, Any]) -> str:
    if view["state"] == "queued":
        standing = view.get("standing") or {}
        return " · ".join(
            part
            for part in (
                *(view["name"], say("cli.queued"), place(view), standing.get("reason_text")),
                (view.get("waits_for") or {}).get("text"),
            )
            if part
        )
    ready, total = view["cells_done"], view["cells_total"]
    full = _BAR * ready // total if total else 0
    bar = "#" * full + "." * (_BAR - full)
    said = f"{view['name']} [{bar}] {ready}/{total} {state_word(view['state'])}"
    if waits_for := view.get("waits_for"):
        return f"{said} · {waits_for['text']}"
    left = _left(view, time.time() * 1000)
    return f"{said} · {left}" if left else said


def _left(view: dict[str, Any], now_ms: float) -> str:
    """Return which cell runs and how long the rest may take, if cells take about equally long."""
    ready, total, started_ms = view["cells_done"], view["cells_total"], view.get("started_ms")
    if view["state"] != "running" or not total or ready >= total:
        return ""
    cell = say("cli.cell", number=ready + 1)
    if not ready or started_ms is None or now_ms <= started_ms:
        return cell
    left_s = (now_ms - started_ms) / 1000 / ready * (total - ready)
    if left_s < _SHOWN_S:
        return cell
    step = 5 if left_s < 60 else 60
    rounded = math.ceil(left_s / step) * step
    words = f"{rounded} s" if rounded < 60 else f"{rounded // 60} min"
    return f"{cell}, {say('cli.eta', left=words)}"


def _rows(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [
        (
            *(x["id"], x["name"], x["project"], x["person"], state_word(x["state"])),
            f"{x['cells_done']}/{x['cells_total']}",
            *(place(x) or x.get("reason_text") or "", credits(x["charged_microcredits"])),
        )
        for x in found
    ]


def _list(project: str | None, as_json: bool) -> None:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        found = client.get("runs", project=project)
    head = "id name project person state cells place credits"
    show(found, as_json, head, lambda: _rows(found), (5, 7))


def _runs(group: typer.Typer) -> None:
    @group.callback()
    def default(context: typer.Context, project: Project = None, as_json: Json = False) -> None:
        """List notebooks that were submitted."""
        if context.invoked_subcommand is None:
            _list(project, as_json)

    @group.command("list")
    def list_command(project: Project = None, as_json: Json = False) -> None:
        """List runs, newest first."""
        _list(project, as_json)

    @group.command("show")
    def show_command(run: Id, as_json: Json = False) -> None:
        """Show one run."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            details(client.get(f"runs/{run}"), as_json, _RUN)

    @group.command("cancel")
    def cancel(run: Id, as_json: Json = False) -> None:
        """Take a run out of the queue, or let it save and stop."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.delete(f"runs/{run}"), as_json, "cli.stopping", id=run)

    @group.command("log")
    def log(run: Id, as_json: Json = False) -> None:
        """Print what the cells printed."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            show_text("log", client.request("GET", f"runs/{run}/log").text, as_json)

    @group.command("output")
    def output(
        run: Id,
        to: Annotated[Path | None, typer.Option("--output", "-o", help="Save it here.")] = None,
        as_json: Json = False,
    ) -> None:
        """Save the executed notebook, whole or as far as it came."""
        from madang.client.http import MadangClient
        from madang.client.runs import Run

        with MadangClient() as client:
            show_text("path", str(Run.of(run, client).output(to)) + "\n" * (not as_json), as_json)

    @group.command("watch")
    def watch(run: Id, as_json: Json = False) -> None:
        """Follow a run until it ends; status 1 when it did not succeed."""
        from madang.client.http import MadangClient
        from madang.client.runs import Run

        with MadangClient() as client:
            job = Run.of(run, client)
            follow(job)
            if as_json:
                show_json(job.view)
            job.check()
