"""Verbs about what is held and waited for: leases; and the list of projects."""

from typing import Annotated, Any

import typer

from madang.cli.output import Json, Project, credits, details, done, noun, show, state_word

Id = Annotated[str, typer.Argument(metavar="ID")]

_LEASE = (
    "id kind class name project person flavor devices state reason_text attempt submitted_ms "
    "started_ms ended_ms limit_ms expires_ms device_ids standing"
)


def add_to(app: typer.Typer) -> None:
    """Add the nouns."""
    _leases(noun(app, "leases", "What is held and what waits."))
    projects(noun(app, "projects", "My projects and their budgets."))


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
            details(client.get(f"leases/{lease}"), as_json, _LEASE)

    @group.command("stop")
    def stop(lease: Id, as_json: Json = False) -> None:
        """End a lease, waiting or running."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.delete(f"leases/{lease}"), as_json, "cli.stopping", id=lease)

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


def projects(group: typer.Typer) -> None:
    """Add the list of projects."""

    @group.callback()
    def default(as_json: Json = False) -> None:
        """My projects and their budgets."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            known = client.get("me")["projects"]
        show(
            known,
            as_json,
            "project title role tier left granted",
            lambda: [
                (
                    *(p["name"], p["title"], p["role"], p["tier"]),
                    *(credits(p["left_microcredits"]), credits(p["granted_microcredits"])),
                )
                for p in known
            ],
            (4, 5),
        )
