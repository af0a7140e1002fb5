"""Verbs of whoever looks after the house: maintenance and devices."""

from datetime import datetime
from typing import Annotated, Any

import typer

from madang.cli.output import Json, done, noun, say, show, show_json
from madang.client.standing import clock
from madang.errors import InvalidError
from madang.units import now_ms, parse_duration_ms

Reason = Annotated[str, typer.Option("--reason", help="Everybody who waits is told this.")]
Device = Annotated[str, typer.Argument(metavar="ID")]


def add_to(app: typer.Typer) -> None:
    """Add the nouns."""
    _maintenance(noun(app, "maintenance", "Pause new starts while the machine is worked on."))
    _house(noun(app, "upkeep", "What the house deletes by its rules."))
    _devices(noun(app, "devices", "The devices of the pool, and what is out of it."))


def moment(given: str) -> int:
    """Return UTC milliseconds of ``2h`` from now, or of a local time ``2026-11-24 18:00``."""
    try:
        return now_ms() + parse_duration_ms(given)
    except InvalidError:
        pass
    try:
        return int(datetime.fromisoformat(given).astimezone().timestamp() * 1000)
    except ValueError as error:
        raise typer.BadParameter(say("cli.moment", given=given)) from error


def _maintenance(group: typer.Typer) -> None:
    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """Pause new starts while the machine is worked on; alone, tells whether they are paused."""
        if context.invoked_subcommand is None:
            from madang.client.http import MadangClient

            with MadangClient() as client:
                _tell(client.get("maintenance"), as_json)

    @group.command("on")
    def on(
        reason: Reason,
        until: Annotated[
            str | None, typer.Option("--until", help="Expected end: 2h, or 2026-11-24 18:00.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Let nothing new start; what waits keeps its place, what runs goes on."""
        from madang.client.http import MadangClient

        body = {"reason": reason, "until_ms": None if until is None else moment(until)}
        with MadangClient() as client:
            _tell(client.post("maintenance", body), as_json)

    @group.command("off")
    def off(as_json: Json = False) -> None:
        """Let everything start again."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.delete("maintenance"), as_json, "cli.maintenance_off")


def _tell(notice: dict[str, Any] | None, as_json: bool) -> None:
    if as_json:
        show_json(notice)
    else:
        print(notice["text"] if notice else say("cli.maintenance_none"))


def _house(group: typer.Typer) -> None:
    def artifacts_(dry_run: bool, as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            told = client.get("upkeep/artifacts") if dry_run else client.post("upkeep/artifacts")
        key = "cli.retention_plan" if dry_run else "cli.retention_done"
        if not told["keep_days"]:
            key = "cli.retention_off"
        values = {name: told[name] for name in ("runs", "objects", "bytes")}
        done(told, as_json, key, days=told["keep_days"], **values)

    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """Tell what the rule about old outputs would delete now."""
        if context.invoked_subcommand is None:
            artifacts_(True, as_json)

    @group.command("artifacts")
    def artifacts(
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only tell how much it is.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Delete outputs that are older than they are kept now, not within the hour."""
        artifacts_(dry_run, as_json)


def _devices(group: typer.Typer) -> None:
    def list_(as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = client.get("devices")
        head = "device flavor state lease person since reason"
        show(found, as_json, head, lambda: [_row(device) for device in found])

    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """List the devices of the pool, who holds them, and what is out of it."""
        if context.invoked_subcommand is None:
            list_(as_json)

    @group.command("list")
    def list_command(as_json: Json = False) -> None:
        """List the devices of the pool, who holds them, and what is out of it."""
        list_(as_json)

    @group.command("drain")
    def drain(
        device: Device,
        reason: Annotated[str, typer.Option("--reason", help="Kept in the audit trail.")],
        as_json: Json = False,
    ) -> None:
        """Give a device to nobody any more; a lease that holds it keeps it."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            row = client.post("devices/drain", {"device": device, "reason": reason})
        key = "cli.device_out_later" if row["lease"] else "cli.device_out"
        done(row, as_json, key, device=device, lease=row["lease"])

    @group.command("return")
    def return_(device: Device, as_json: Json = False) -> None:
        """Give a device out again."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            row = client.post("devices/return", {"device": device})
        done(row, as_json, "cli.device_back", device=device)


def _row(device: dict[str, Any]) -> tuple[object, ...]:
    since = clock(device["since_ms"]) if device["since_ms"] else ""
    return (
        *(device["id"], device["flavor"], say(f"device.{device['state']}")),
        *(device["lease"], device["person"], since, device["reason"]),
    )
