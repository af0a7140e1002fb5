"""Verbs about environments: list, look, build, build again, delete."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from madang.cli.output import (
    Json,
    Project,
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

_ENVIRONMENT = (
    "id name title project person kind state reason_text revision python packages size spec "
    "created_ms kernel"
)

Name = Annotated[str, typer.Argument(metavar="NAME")]
Place = Annotated[
    str | None, typer.Option("--project", help="Whose it is; not needed with one project.")
]
Python = Annotated[str | None, typer.Option(help="Version such as 3.12.")]
Watch = Annotated[bool, typer.Option("--watch", help="Wait, and print what the build prints.")]


def add_to(app: typer.Typer) -> None:
    """Add the noun."""
    group = noun(app, "environments", "Packages for notebooks, runs and clusters of a project.")
    _look(group)
    _change(group)


def _look(group: typer.Typer) -> None:
    def list_(project: str | None, as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = client.get("environments", project=project)
        head = "name project kind state revision packages size person"
        show(found, as_json, head, lambda: _rows(found), (4, 5, 6))

    @group.callback()
    def default(context: typer.Context, project: Project = None, as_json: Json = False) -> None:
        """List the environments of my projects."""
        if context.invoked_subcommand is None:
            list_(project, as_json)

    @group.command("list")
    def list_command(project: Project = None, as_json: Json = False) -> None:
        """List the environments of my projects."""
        list_(project, as_json)

    @group.command("show")
    def show_command(name: Name, project: Place = None, as_json: Json = False) -> None:
        """Show one environment and its latest build."""
        from madang.client.environments import Environment, why
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = Environment.of(name, project, client).view
        if as_json:
            show_json(view)
            return
        is_over = view["state"] in ("failed", "removed")
        shown = {**view, "size": _size(view), "reason_text": why(view) if is_over else ""}
        details(shown, as_json, _ENVIRONMENT)

    @group.command("log")
    def log(name: Name, project: Place = None, as_json: Json = False) -> None:
        """Print what the latest build printed."""
        from madang.client.environments import Environment
        from madang.client.http import MadangClient

        with MadangClient() as client:
            show_text("log", Environment.of(name, project, client).log(), as_json)

    @group.command("report")
    def report(name: Name, project: Place = None, as_json: Json = False) -> None:
        """Print what is used now: packages and versions; with --json also hashes and the lock."""
        from madang.client.environments import Environment
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = Environment.of(name, project, client).report()
        rows = [(item["name"], item["version"]) for item in found["packages"]]
        show(found, as_json, "name version", lambda: rows)


def _change(group: typer.Typer) -> None:
    @group.command("create")
    def create(
        name: Name,
        spec: Annotated[Path, typer.Argument(help="List of packages, or an environment.yml.")],
        project: Place = None,
        title: Annotated[str, typer.Option(help="What people read.")] = "",
        kind: Annotated[
            str | None, typer.Option(help="uv or conda; by the file's ending if not given.")
        ] = None,
        python: Python = None,
        watch: Watch = False,
        as_json: Json = False,
    ) -> None:
        """Build an environment from a list of packages."""
        from madang.client.environments import environment
        from madang.client.http import MadangClient

        with MadangClient() as client:
            made = environment(
                name,
                spec,
                project=project,
                title=title,
                kind=kind,
                python=python or "",
                client=client,
            )
            _begun(made, watch, as_json)

    @group.command("rebuild")
    def rebuild(
        name: Name,
        spec: Annotated[
            Path | None, typer.Argument(help="Other packages; those of before if not given.")
        ] = None,
        project: Place = None,
        python: Python = None,
        watch: Watch = False,
        as_json: Json = False,
    ) -> None:
        """Build a new revision; what runs keeps the one that it has."""
        from madang.client.environments import Environment
        from madang.client.http import MadangClient

        with MadangClient() as client:
            made = Environment.of(name, project, client).rebuild(spec, python)
            _begun(made, watch, as_json)

    @group.command("delete")
    def delete(name: Name, project: Place = None, as_json: Json = False) -> None:
        """Delete an environment; what runs with it goes on."""
        from madang.client.environments import Environment
        from madang.client.http import MadangClient

        with MadangClient() as client:
            gone = Environment.of(name, project, client)
            gone.delete()
            done(gone.view, as_json, "cli.environment_deleted", name=name)


def _begun(made: Any, watch: bool, as_json: bool) -> None:
    """Say that a build was asked for, and follow it if that was asked for too."""
    try:
        if watch:
            _watch(made)
    finally:
        if as_json:
            show_json(made.view)
        else:
            print(f"{made.name} {state_word(made.view['state'])}")


def _watch(made: Any) -> None:
    """Print the log of a build on standard error as it grows, until the build ends."""
    shown = ""
    while True:
        is_over = made.view["state"] not in ("queued", "building")
        said = made.log()
        # The service keeps the end of a long log: what was shown may have left its beginning.
        new = said[len(shown) :] if said.startswith(shown) else said
        print(new, end="", file=sys.stderr, flush=True)
        shown = said
        if is_over:
            break
        made.next_change(2)
    made.wait()
    note(say("cli.environment_ready", name=made.name, kernel=made.view["kernel"]))


def _rows(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [
        (
            *(x["name"], x["project"], x["kind"], state_word(x["state"])),
            *(x["revision"] or "-", x["packages"] or "-", _size(x), x["person"]),
        )
        for x in found
    ]


def _size(view: dict[str, Any]) -> str:
    return f"{view['size_bytes'] / 1024**2:,.0f} MiB" if view["size_bytes"] else "-"
