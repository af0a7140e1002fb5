"""Verbs about what is held and waited for: leases."""

from typing import Annotated, Any

import typer

from madang.cli.output import (
    Json,
    Project,
    credits,
    details,
    done,
    noun,
    say,
    show,
    show_json,
    state_word,
)

Id = Annotated[str, typer.Argument(metavar="ID")]

_LEASE = (
    "id kind class name project person flavor devices state reason_text attempt submitted_ms "
    "started_ms ended_ms limit_ms expires_ms device_ids standing"
)


def add_to(app: typer.Typer) -> None:
    """Add the nouns."""
    _leases(noun(app, "leases", "What is held and what waits."))


def place(view: dict[str, Any]) -> str:
    """Return where a waiting lease stands, and from when."""
    from madang.client.standing import clock

    standing = view.get("standing")
    if not standing:
        return ""
    return f"{standing['position']}/{standing['waiting']} {clock(standing['expected_ms'])}"


def _leases(group: typer.Typer) -> None:
    def rows(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
        return [
            (
                *(x["id"], x["kind"], x["project"], x["person"], x["devices"], x["flavor"]),
                *(state_word(x["state"]), place(x), credits(x["charged_microcredits"])),
            )
            for x in found
        ]

    def list_(project: str | None, as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = client.get("leases", project=project)
        head = "id kind project person devices flavor state place credits"
        show(found, as_json, head, lambda: rows(found), (4, 8))

    @group.callback()
    def default(context: typer.Context, project: Project = None, as_json: Json = False) -> None:
        """List what is held and what waits."""
        if context.invoked_subcommand is None:
            list_(project, as_json)

    @group.command("list")
    def list_command(project: Project = None, as_json: Json = False) -> None:
        """List leases, newest first."""
        list_(project, as_json)

    @group.command("show")
    def show_command(lease: Id, as_json: Json = False) -> None:
        """Show one lease."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.get(f"leases/{lease}")
        details(view, as_json, _LEASE)
        if not as_json:
            for offer in view.get("alternatives") or []:
                print(say("cli.instead", text=offer["text"], change=_change_command(view, offer)))

    _change(group)
    _extend(group)
    _act(group)


def _act(group: typer.Typer) -> None:
    @group.command("stop")
    def stop(
        lease: Id,
        reason: Annotated[
            str, typer.Option("--reason", help="What its person is told, when it is not yours.")
        ] = "",
        as_json: Json = False,
    ) -> None:
        """End a lease, waiting or running."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.delete(f"leases/{lease}", why=reason or None)
        done(view, as_json, "cli.stopping", id=lease)

    @group.command("hold")
    def hold(lease: Id, as_json: Json = False) -> None:
        """Pause a waiting lease: others pass, its place is kept."""
        done(_hold(lease, True), as_json, "cli.held", id=lease)

    @group.command("go")
    def go(lease: Id, as_json: Json = False) -> None:
        """Let a paused lease wait on."""
        done(_hold(lease, False), as_json, "cli.going", id=lease)


def _hold(lease: str, is_held: bool) -> Any:
    from madang.client.http import MadangClient

    with MadangClient() as client:
        return client.post(f"leases/{lease}/hold", {"held_back": is_held})


def _change_command(view: dict[str, Any], offer: dict[str, Any]) -> str:
    wanted = f"--profile {offer['profile']}"
    if not offer["profile"]:
        wanted = f"--flavor {offer['flavor']} --devices {offer['devices']}"
    return f"madang leases change {view['id']} {wanted}"


def _change(group: typer.Typer) -> None:
    @group.command("change")
    def change(
        lease: Id,
        profile: Annotated[str, typer.Option(help="Ask for this profile instead.")] = "",
        flavor: Annotated[str, typer.Option(help="Ask for this kind of device.")] = "",
        devices: Annotated[int | None, typer.Option(help="Ask for this many devices.")] = None,
        limit: Annotated[str, typer.Option(help="Time limit: 90m, 2h.")] = "",
        start_without_me: Annotated[
            bool | None,
            typer.Option(
                "--start-without-me/--wait-for-me", help="Start when the turn comes, unclaimed."
            ),
        ] = None,
        environment: Annotated[
            str | None,
            typer.Option(help='Begin with this environment; "" for the installation\'s own.'),
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only tell what it would mean.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Change what a waiting notebook asks for; less of the same keeps the place."""
        from madang.client.http import MadangClient
        from madang.units import parse_duration_ms

        body: dict[str, Any] = {
            "profile": profile or None,
            "flavor": flavor or None,
            "devices": devices,
            "limit_s": parse_duration_ms(limit) // 1000 if limit else None,
            "start_without_me": start_without_me,
            "environment": environment,
            "dry_run": dry_run or None,
        }
        given = {key: value for key, value in body.items() if value is not None}
        with MadangClient() as client:
            view = client.post(f"leases/{lease}/change", given)
        if as_json:
            show_json(view)
            return
        keeps = view["keeps_place"] if dry_run else view["kept_place"]
        tense = "would" if dry_run else "did"
        print(say(f"cli.change.{tense}.{'keep' if keeps else 'move'}", id=lease))
        if dry_run and view["starts_now"]:
            print(say("cli.change.now"))
        elif dry_run and view["standing_after"]:
            print(say("cli.change.place", place=place({"standing": view["standing_after"]})))


def _extend(group: typer.Typer) -> None:
    @group.command("extend")
    def extend(
        lease: Id,
        by: Annotated[str, typer.Option(help="How much longer: 30m, 1h.")] = "1h",
        reason: Annotated[str, typer.Option(help="What for; it is kept.")] = "",
        as_json: Json = False,
    ) -> None:
        """Give a running lease more time."""
        from madang.client.http import MadangClient
        from madang.client.standing import clock
        from madang.units import parse_duration_ms

        body = {"by_s": parse_duration_ms(by) // 1000, "reason": reason}
        with MadangClient() as client:
            view = client.post(f"leases/{lease}/extend", body)
        if as_json:
            show_json(view)
            return
        limit_min = view["limit_ms"] // 60_000
        print(say("cli.extended", id=lease, until=clock(view["expires_ms"]), limit=limit_min))
