"""Verbs about what is held and waited for: leases and clusters."""

from typing import Annotated, Any

import typer

from madang.cli.output import Json, Project, credits, details, noun, say, show

Id = Annotated[str, typer.Argument(metavar="ID")]

_LEASE = (
    "id kind class name project person flavor devices state reason_text attempt submitted_ms "
    "started_ms ended_ms limit_ms expires_ms device_ids standing"
)


def add_to(app: typer.Typer) -> None:
    """Add the nouns."""
    _leases(noun(app, "leases", "What is held and what waits."))
    _clusters(noun(app, "clusters", "Dask clusters."))


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
                *(x["state"], place(x), credits(x["charged_microcredits"])),
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
    def stop(
        lease: Id,
        reason: Annotated[
            str, typer.Option("--reason", help="What its person is told, when it is not yours.")
        ] = "",
    ) -> None:
        """End a lease, waiting or running."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            client.delete(f"leases/{lease}", why=reason or None)
        print(say("cli.stopping", id=lease))


def _clusters(group: typer.Typer) -> None:
    def rows(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
        return [
            (
                *(x["id"], x["name"], x["project"], x["person"]),
                *(f"{x['workers']}x{x['gpus_per_worker']}", x["state"]),
                *(place(x["lease"]), x.get("dashboard_url") or ""),
            )
            for x in found
        ]

    def list_(as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = client.get("clusters")
        head = "id name project person size state place dashboard"
        show(found, as_json, head, lambda: rows(found))

    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """Dask clusters."""
        if context.invoked_subcommand is None:
            list_(as_json)

    @group.command("list")
    def list_command(as_json: Json = False) -> None:
        """List clusters that have not ended."""
        list_(as_json)

    @group.command("stop")
    def stop(cluster: Id) -> None:
        """Let a cluster go."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            client.delete(f"clusters/{cluster}")
        print(say("cli.stopping", id=cluster))
