"""Verbs about an installation: up, down, serve, migrate, remove-queues, status, doctor, demo."""

from pathlib import Path
from typing import Annotated, Any

import typer

from madang import __version__
from madang.cli.output import Json, done, note, say, show, show_json
from madang.client.standing import clock
from madang.client.table import pad, width
from madang.client.words import language
from madang.errors import UnavailableError
from madang.settings.home import Home

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Data folder (MADANG_HOME).", show_default=False)
]


def up(
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Public port.")] = 8000,
    gpus: Annotated[str, typer.Option(help="auto, nvml, or sim:8xh200.")] = "auto",
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is up.")] = False,
    policy: Annotated[Path | None, typer.Option(help="Projects, grants, rates.")] = None,
    profiles: Annotated[Path | None, typer.Option(help="What people can pick.")] = None,
    hub_config: Annotated[Path | None, typer.Option(help="The hub's file.")] = None,
    login: Annotated[str, typer.Option(help="shared (one password) or pam.")] = "shared",
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file: certificate and chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file: its key.")] = None,
    public_host: Annotated[str | None, typer.Option(help="Name that people use.")] = None,
    dashboard_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of Dask dashboards.")
    ] = None,
    dashboard_url: Annotated[
        str | None, typer.Option(help="Address of that port behind your own proxy.")
    ] = None,
) -> None:
    """Start proxy, hub and service on this machine."""
    from madang import stack

    stack.up(
        Home.find(home),
        host=host,
        port=port,
        gpus=gpus,
        detach=detach,
        policy=policy,
        profiles=profiles,
        hub_config=hub_config,
        login=login,
        tls_cert=tls_cert,
        tls_key=tls_key,
        public_host=public_host,
        dashboard_port=dashboard_port,
        dashboard_url=dashboard_url,
    )


def down(
    home: HomeOption = None,
    keep_leases: Annotated[
        bool, typer.Option("--keep-leases", help="Leave servers, clusters and runs running.")
    ] = False,
) -> None:
    """Stop the installation and everything that runs in it."""
    from madang import stack

    if not stack.down(Home.find(home), keep_leases=keep_leases):
        note(say("cli.nothing_up"))


def serve() -> None:
    """Run the service alone, beside an existing hub; settings come from the environment."""
    from madang import stack

    stack.serve()


def migrate(as_json: Json = False) -> None:
    """Bring the database to this version's tables; settings come from the environment."""
    from madang import stack

    stack.migrate()
    done({"version": __version__}, as_json, "cli.migrated", version=__version__)


def remove_queues(
    namespace: Annotated[str, typer.Option(help="Where people run.")] = "madang-people",
    prefix: Annotated[str, typer.Option(help="Begins the names of the queues.")] = "madang",
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            envvar="KUBECONFIG",
            show_envvar=False,
            help="Names the cluster (KUBECONFIG); else the one that this runs in.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Delete an installation's queues of Kueue, unless a lease needs them; after helm uninstall."""
    from madang import stack

    removed, leases = stack.remove_queues(namespace, prefix, kubeconfig=kubeconfig)
    told = {"removed": list(removed), "leases": list(leases)}
    if leases:
        done(told, as_json, "cli.queues_needed", count=len(leases), first=leases[0])
    else:
        done(told, as_json, "cli.queues_removed", count=len(removed))


def status(home: HomeOption = None, as_json: Json = False) -> None:
    """Tell which parts are up, and where; status 3 when it is not up."""
    from madang import stack

    known = stack.status(Home.find(home))
    if as_json:
        show_json(known)
    else:
        print(known["address"] if known["is_up"] else say("cli.nothing_up"))
        rows = [
            (
                *(part["name"], say("cli.alive" if part["is_alive"] else "cli.gone")),
                *(part["pid"], clock(part["since_ms"]), part["log"]),
            )
            for part in known["parts"]
        ]
        show(rows, False, "part state pid since log", lambda: rows, (2,))
        if known["is_up"]:
            fast = known["fast_start"]
            print(say("cli.fast_start_on" if fast["is_on"] else "cli.fast_start_off", **fast))
            kernels = fast["kernels"]
            if kernels["forked"] or kernels["fresh"]:
                print(say("cli.kernels_fresh" if kernels["fresh"] else "cli.kernels", **kernels))
    if not known["is_up"]:
        raise typer.Exit(UnavailableError.exit_code)


def doctor(
    home: HomeOption = None,
    as_json: Json = False,
    is_cluster: Annotated[
        bool, typer.Option("--cluster", help="Check a Kubernetes cluster instead.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(
            envvar="MADANG_POLICY",
            show_envvar=False,
            help="With --cluster: the file whose flavors are looked for.",
        ),
    ] = None,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            envvar="KUBECONFIG",
            show_envvar=False,
            help="With --cluster: names it (KUBECONFIG); else the one that this runs in.",
        ),
    ] = None,
    service_account: Annotated[
        str, typer.Option(help="With --cluster: NAMESPACE/NAME whose rights are looked at.")
    ] = "",
) -> None:
    """Check this machine, or a cluster, and say the next step; status 1 when something is wrong."""
    from madang import stack

    lang = language()
    if is_cluster:
        checks = stack.cluster_doctor(policy, kubeconfig=kubeconfig, account=service_account)
    else:
        checks = stack.doctor(Home.find(home))
    found = [
        {
            "name": check.name,
            "status": check.status,
            "ok": check.is_ok,
            "text": check.text(lang),
            "why": check.why(lang),
            "next_step": check.next_step(lang),
        }
        for check in checks
    ]
    if as_json:
        show_json(found)
    else:
        _tell(found)
    if any(check["status"] == "bad" for check in found):
        raise typer.Exit(1)


def _tell(found: list[dict[str, Any]]) -> None:
    """Print what is well on a line each, and under what is not why it matters and what to do."""
    marks = {status: say(f"cli.status_{status}") for status in ("ok", "warn", "bad")}
    columns = max(width(mark) for mark in marks.values()) + 2
    for check in found:
        print(f"{pad(marks[check['status']], columns)}{check['text']}")
        for more in (check["why"], check["next_step"]):
            if more:
                print(f"{' ' * columns}{more}")


def demo(
    home: HomeOption = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave its data folder behind.")] = False,
) -> None:
    """Tell the whole story on simulated GPUs, and check every step."""
    from madang.stack.demo import demo as tell

    raise typer.Exit(tell(home, keep=keep))


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (up, down, serve, migrate, remove_queues, status, doctor, demo):
        app.command()(verb)
