"""Verbs about Dask clusters: list, look, change the number of workers, let go."""

from typing import Annotated, Any

import typer

from madang.cli.leases import Id, place
from madang.cli.output import Json, details, done, noun, show, show_text, state_word

_CLUSTER = "id name project person state size adapt address dashboard_url created_ms"


def add_to(app: typer.Typer) -> None:
    """Add the noun."""
    group = noun(app, "clusters", "Dask clusters.")
    _look(group)
    _change(group)


def _look(group: typer.Typer) -> None:
    def rows(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
        return [
            (
                *(x["id"], x["name"], x["project"], x["person"]),
                *(_size(x), state_word(x["state"])),
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

    @group.command("show")
    def show_command(cluster: Id, as_json: Json = False) -> None:
        """Show one cluster."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.get(f"clusters/{cluster}")
        details(view if as_json else {**view, "size": _size(view)}, as_json, _CLUSTER)

    @group.command("log")
    def log(cluster: Id, as_json: Json = False) -> None:
        """Print the end of what scheduler and workers printed."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            show_text("log", client.request("GET", f"clusters/{cluster}/log").text, as_json)


def _change(group: typer.Typer) -> None:
    @group.command("scale")
    def scale(
        cluster: Id,
        workers: Annotated[int, typer.Argument(min=0, help="Number of workers in all.")],
        as_json: Json = False,
    ) -> None:
        """Bring a cluster to a number of workers: more wait in the queue, fewer are given back."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.post(f"clusters/{cluster}/scale", {"workers": workers})
        done(view, as_json, "cli.scaled", id=cluster, asked=view["workers_asked"])

    @group.command("adapt")
    def adapt(
        cluster: Id,
        minimum: Annotated[int, typer.Argument(min=0, help="Workers at least.")],
        maximum: Annotated[int, typer.Argument(min=0, help="Workers at most; 0 turns it off.")],
        as_json: Json = False,
    ) -> None:
        """Let the number of workers follow what the scheduler could use."""
        from madang.client.http import MadangClient

        body = {"minimum": minimum, "maximum": maximum}
        with MadangClient() as client:
            view = client.post(f"clusters/{cluster}/adapt", body)
        key = "cli.adapting" if view["adapt"] else "cli.adapting_off"
        done(view, as_json, key, id=cluster, **body)

    @group.command("stop")
    def stop(cluster: Id, as_json: Json = False) -> None:
        """Let a cluster go."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            done(client.delete(f"clusters/{cluster}"), as_json, "cli.stopping", id=cluster)


def _size(view: dict[str, Any]) -> str:
    """Return workers and devices of each; what was asked for beside what is held."""
    asked = view.get("workers_asked", view["workers"])
    held = view.get("workers_held", asked)
    count = f"{asked}" if held in (asked, 0) else f"{held}/{asked}"
    return f"{count}x{view['gpus_per_worker']}"
