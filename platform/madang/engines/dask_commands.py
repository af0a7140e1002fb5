"""Command lines and environment of a Dask cluster's processes, for every engine. Data in, data out.

What is the same wherever they run: TLS only, routes behind a key, no scheduler without an end, and
names under which the service knows the workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCHEDULER = "scheduler"
WORKER = "worker"
CA_FILE, CERT_FILE, KEY_FILE = "ca.pem", "cert.pem", "key.pem"

DEATH_TIMEOUT_S = 60
"""A worker that finds no scheduler for so long ends itself, even while the service is down."""

_ROUTES = (
    "distributed.http.scheduler.prometheus",
    "distributed.http.scheduler.info",
    "distributed.http.scheduler.json",
    "madang.client.scheduler_routes",
    "distributed.http.health",
    "distributed.http.statics",
)
"""With our own JSON interface; without the proxy, which reaches any host. All behind a key."""

_ORIGINS = "DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__BOKEH_APPLICATION__ALLOW_WEBSOCKET_ORIGIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where processes of a cluster run.

    Attributes
    ----------
    python
        Interpreter that executes them.
    keys
        Folder of the three PEM files, as they see it.
    scratch
        Folder for what workers spill.
    host
        Address that they listen on; empty for the one that others reach them by.
    has_cudf
        Whether the interpreter can import cuDF.
    """

    python: str
    keys: str
    scratch: str
    host: str = ""
    has_cudf: bool = False


def scheduler_argv(
    place: Place, port: int, dashboard_address: str, idle_s: int | None = None
) -> tuple[str, ...]:
    """Return the command of a scheduler.

    Parameters
    ----------
    idle_s
        It ends itself after so long without work; None for never.
    """
    idle = () if idle_s is None else ("--idle-timeout", f"{idle_s}s")
    return (
        *(place.python, "-m", "distributed.cli.dask_scheduler"),
        *(*_host(place), "--port", str(port), "--protocol", "tls"),
        *("--dashboard-address", dashboard_address, "--no-jupyter"),
        *("--preload", "madang.client.scheduler_door"),
        *(*idle, *_tls(place)),
    )


def worker_argv(
    place: Place, address: str, name: str, role: str, threads: int, *, is_cuda: bool = False
) -> tuple[str, ...]:
    """Return the command of one worker, or with ``is_cuda`` of one for each device that it sees.

    Several workers of one process can use NVLink among each other; their names are the given one
    and a number.
    """
    module = "dask_cuda.cli" if is_cuda else "distributed.cli.dask_worker"
    # Run as a module `dask_cuda.cli` is `dask cuda worker` itself, without a subcommand.
    own = () if is_cuda else ("--nworkers", "1")
    spill = ("--enable-cudf-spill",) if is_cuda and place.has_cudf else ()
    dashboard = f"{place.host}:0"
    return (
        *(place.python, "-m", module, address, *_tls(place), *own, "--name", name),
        *(*_host(place), "--dashboard-address", dashboard, "--no-dashboard"),
        *("--nthreads", str(threads)),
        *("--local-directory", f"{place.scratch}/{role}"),
        *("--death-timeout", str(DEATH_TIMEOUT_S)),
        *spill,
    )


def dask_env(backend: str) -> dict[str, str]:
    """Return what schedulers and workers need in their environment.

    Parameters
    ----------
    backend
        Of data frames: ``cudf`` or ``pandas``.
    """
    return {
        "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": repr(list(_ROUTES)),
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        "DASK_DATAFRAME__BACKEND": backend,
    }


def origins_env(host_and_port: str) -> Mapping[str, str]:
    """Return Bokeh's own check of who opens a websocket; whoever hands it on says this address."""
    return {_ORIGINS: repr([host_and_port])}


def cuda_name(names: Sequence[str]) -> str:
    """Return the name to give to the command that starts workers of these names.

    Of several workers it numbers the names itself.
    """
    return names[0] if len(names) == 1 else names[0].removesuffix("-0")


def _host(place: Place) -> tuple[str, ...]:
    return ("--host", place.host) if place.host else ()


def _tls(place: Place) -> tuple[str, ...]:
    return (
        *("--tls-ca-file", f"{place.keys}/{CA_FILE}"),
        *("--tls-cert", f"{place.keys}/{CERT_FILE}"),
        *("--tls-key", f"{place.keys}/{KEY_FILE}"),
    )
