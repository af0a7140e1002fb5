"""Verbs about the bill: usage and ledger."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from madang.cli.output import Json, Project, credits, hours, note, noun, say, show, show_json


def add_to(app: typer.Typer) -> None:
    """Add usage and ledger."""
    app.command()(usage)
    _ledger(noun(app, "ledger", "The chain of entries behind every bill."))


def usage(
    project: Annotated[str | None, typer.Argument(help="Only this project.")] = None,
    since: Annotated[str | None, typer.Option(help="First day, such as 2026-11-01.")] = None,
    until: Annotated[str | None, typer.Option(help="Day after the last one.")] = None,
    as_json: Json = False,
) -> None:
    """Show what my projects held, used and paid."""
    from madang.client.http import MadangClient
    from madang.client.report import usage as ask

    with MadangClient() as client:
        found = ask(project, from_ms=_day_ms(since), to_ms=_day_ms(until), client=client)
    if as_json:
        show_json(found.to_dict())
        return
    print(found)
    for item in found.to_dict()["projects"]:
        _people(item)


def _people(project: dict[str, Any]) -> None:
    rows = [
        (
            *(p["person"], hours(p["held_device_ms"]), hours(p["used_device_ms"])),
            credits(p["microcredits"]),
        )
        for p in project["by_person"]
    ]
    if rows:
        print(f"\n{project['title']}")
        show(rows, False, "person held used credits", lambda: rows, (1, 2, 3))


def _day_ms(day: str | None) -> int | None:
    """Return the start of a day in UTC milliseconds."""
    if day is None:
        return None
    try:
        return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError as error:
        raise typer.BadParameter(say("cli.day", given=day)) from error


def _entries(project: str | None, after: int, limit: int, as_json: bool) -> None:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        found = client.get("ledger", project=project, after_seq=after, limit=limit)
    entries = found["entries"] if isinstance(found, dict) else found

    def rows() -> list[tuple[object, ...]]:
        return [
            (
                *(e.get("seq"), e.get("kind"), e.get("project"), e.get("lease")),
                hours(int(e.get("device_ms") or 0)),
                credits(int(e.get("microcredits") or 0)),
                str(e.get("hash") or "")[:12],
            )
            for e in entries
        ]

    show(found, as_json, "seq kind project lease held credits hash", rows, (0, 4, 5))


def _verify(as_json: bool) -> None:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        result = client.get("ledger/verify")
    if as_json:
        show_json(result)
    else:
        key = "cli.ledger_ok" if result["ok"] else "cli.ledger_broken"
        print(say(key, entries=result["entries"], hash=result["head_hash"]))
        for problem in result["problems"]:
            note(f"  {problem['seq']}: {problem['what']}")
        for balance in result["balances"]:
            if not balance["ok"]:
                note("  " + say("cli.balance_broken", project=balance["project"]))
    if not result["ok"]:
        raise typer.Exit(1)


def _ledger(group: typer.Typer) -> None:
    @group.callback()
    def default(context: typer.Context, project: Project = None, as_json: Json = False) -> None:
        """Show the chain of entries behind every bill."""
        if context.invoked_subcommand is None:
            _entries(project, 0, 100, as_json)

    @group.command("show")
    def show_command(
        project: Project = None,
        after: Annotated[int, typer.Option("--after", help="Entries after this number.")] = 0,
        limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
        as_json: Json = False,
    ) -> None:
        """Show entries."""
        _entries(project, after, limit, as_json)

    @group.command("verify")
    def verify(as_json: Json = False) -> None:
        """Re-compute chain, sums and balances; status 1 when anything differs."""
        _verify(as_json)
