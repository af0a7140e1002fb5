"""Noun about what one is told: read it, and say how one wants to be told."""

from typing import Annotated, Any

import typer

from madang.cli.output import Json, details, done, noun, say, show, show_json
from madang.client.standing import clock
from madang.errors import NotFoundError

_SETTINGS = "mail webhook_url webhook_secret lang kinds"


def add_to(app: typer.Typer) -> None:
    """Add the noun."""
    group = noun(app, "notices", "What you were told, and how you want to be told.")

    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """List what you were told lately, the newest first."""
        if context.invoked_subcommand is None:
            _list(as_json)

    @group.command("list")
    def list_(as_json: Json = False) -> None:
        """List what you were told lately, the newest first."""
        _list(as_json)

    @group.command("read")
    def read(
        notice: Annotated[str, typer.Argument(metavar="ID", help="Id, or how it begins.")],
        as_json: Json = False,
    ) -> None:
        """Print one notice in full."""
        found = [row for row in _ask()["recent"] if row["id"].startswith(notice)]
        if len(found) != 1:
            raise NotFoundError("notice_unknown", given=notice[:60])
        if as_json:
            show_json(found[0])
        else:
            print(f"{found[0]['subject']}\n{clock(found[0]['at_ms'])}\n\n{found[0]['body']}")

    @group.command("test")
    def test(as_json: Json = False) -> None:
        """Send a test on every channel that is set; at most once a minute."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.post("me/notices/test"), as_json, "cli.notice_sent")

    _settings(group)


def _settings(group: typer.Typer) -> None:
    @group.command("settings")
    def settings(
        mail: Annotated[
            str | None, typer.Option("--mail", help="Address for mail; empty for none.")
        ] = None,
        webhook: Annotated[
            str | None, typer.Option("--webhook", help="Web address; empty for none.")
        ] = None,
        lang: Annotated[str | None, typer.Option("--lang", help="ko or en.")] = None,
        kind: Annotated[
            list[str] | None, typer.Option("--kind", help="What to be told; may be repeated.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Show how you are told; with options, change it."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.get("me/notices")
            given = {"mail": mail, "webhook_url": webhook, "lang": lang, "kinds": kind}
            changes = {key: value for key, value in given.items() if value is not None}
            if changes:
                kept = {key: view[key] for key in given}
                view = client.put("me/notices", {**kept, **changes})
        shown = {key: view[key] for key in (*_SETTINGS.split(), "known_kinds", "mail_possible")}
        if as_json:
            show_json(shown)
        else:
            details({**shown, "kinds": ", ".join(view["kinds"])}, False, _SETTINGS)


def _ask() -> dict[str, Any]:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        view: dict[str, Any] = client.get("me/notices")
        return view


def _list(as_json: bool) -> None:
    rows = _ask()["recent"]
    head = "id told kind subject"
    show(rows, as_json, head, lambda: [_row(row) for row in rows])


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    said = say(f"pages.settings.kind.{row['kind']}")
    kind = row["kind"] if said.startswith("pages.") else said
    return row["id"], clock(row["at_ms"]), kind, row["subject"]
