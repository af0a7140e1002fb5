"""What the processes of an attempt are: roles, command lines and environments. Data in, data out.

Tenants get an environment built from nothing: never the service's own, which holds secrets.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from madang.domain.cluster import worker_names
from madang.domain.profile import device_env
from madang.engines.ports import LaunchSpec

SCHEDULER = "scheduler"
SLOT = "worker"
MAIN_ROLES = ("server", SCHEDULER, SLOT)
"""The role that stands for its attempt: when it ends, the attempt ends."""

SLOT_ARGV = (sys.executable, "-m", "madang.runner.slot")

LOOPBACK = "127.0.0.1"
CA_FILE, CERT_FILE, KEY_FILE = "ca.pem", "cert.pem", "key.pem"

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH"),
    # How this machine reaches its package registry; builds of environments ask it.
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"),
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_CONFIG_FILE", "UV_NATIVE_TLS"),
    "MADANG_WARM_GROWTH_MIB",
)
"""What a tenant's process needs of ours to find programs, libraries and packages."""

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

DEATH_TIMEOUT_S = 60
"""A worker that finds no scheduler for so long ends itself, even while the service is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One process of an attempt, by its role."""

    role: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the launcher knows of this machine.

    Attributes
    ----------
    environ
        Of the service; a few variables are passed on.
    has_dask_cuda, has_cudf
        Whether these can be imported by the interpreter.
    python
        Interpreter of clusters: the installation's, or that of an environment.
    """

    environ: Mapping[str, str]
    has_dask_cuda: bool = False
    has_cudf: bool = False
    python: str = sys.executable


def is_simulated(device_ids: Sequence[str]) -> bool:
    """Tell simulated devices by their ids; real ones are ``GPU-…`` or ``MIG-…``."""
    return any(device_id.startswith("sim-") for device_id in device_ids)


def base_env(spec: LaunchSpec, machine: Machine, person_home: Path) -> dict[str, str]:
    """Return the environment that all processes of an attempt share, its secret among it."""
    env = {name: machine.environ[name] for name in _PASSED_ON if name in machine.environ}
    env.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
    env.setdefault("LANG", "C.UTF-8")
    env.update(spec.env)
    env.update(
        HOME=str(person_home),
        USER=spec.person_name,
        MADANG_URL=spec.service_url,
        MADANG_TOKEN=spec.token,
        MADANG_LEASE=spec.lease_id,
        MADANG_ATTEMPT=str(spec.attempt),
        MADANG_PROJECT=spec.project_name,
    )
    env.update(device_env(spec.device_ids, is_simulated(spec.device_ids)))
    return env


def slot_command(argv: Sequence[str], env: Mapping[str, str]) -> Command:
    """Return the worker that takes run after run."""
    return Command(role=SLOT, argv=tuple(argv), env=env)


def cluster_commands(
    spec: LaunchSpec,
    machine: Machine,
    env: Mapping[str, str],
    folder: Path,
    ports: tuple[int, int],
) -> tuple[Command, ...]:
    """Return scheduler and workers of a cluster's first lease.

    Parameters
    ----------
    env
        Of :func:`base_env`.
    folder
        Of the attempt, with the three PEM files.
    ports
        Of the scheduler and of its dashboard.
    """
    tls = _tls(folder)
    scheduler = Command(
        role=SCHEDULER,
        argv=(
            *(machine.python, "-m", "distributed.cli.dask_scheduler"),
            *("--host", LOOPBACK, "--port", str(ports[0]), "--protocol", "tls"),
            *("--dashboard-address", f"{LOOPBACK}:{ports[1]}", "--no-jupyter"),
            *("--preload", "madang.client.scheduler_door"),
            *tls,
        ),
        # The scheduler computes nothing, so it must not take memory on a device.
        env={
            **_dask_env(spec, machine, env),
            **device_env((), is_simulated=False),
            # Bokeh's own check of who opens a websocket; whoever hands it on says this address.
            _ORIGINS: repr([f"{LOOPBACK}:{ports[1]}"]),
        },
    )
    address = f"tls://{LOOPBACK}:{ports[0]}"
    return scheduler, *worker_commands(spec, machine, env, folder, address)


def worker_commands(
    spec: LaunchSpec, machine: Machine, env: Mapping[str, str], folder: Path, address: str
) -> tuple[Command, ...]:
    """Return the workers of one lease; with ``spec.joins`` they are all that it has.

    Parameters
    ----------
    address
        Of the scheduler, whose keys lie in ``folder``.
    """
    env = _dask_env(spec, machine, env)
    connect = (address, *_tls(folder))
    if _on_gpu(spec) and machine.has_dask_cuda and spec.gpus_per_worker == 1:
        return (_cuda_workers(spec, machine, env, folder, connect),)
    return tuple(
        _worker(spec, machine, index, env, folder, connect) for index in range(spec.workers)
    )


def _on_gpu(spec: LaunchSpec) -> bool:
    return bool(spec.device_ids) and not is_simulated(spec.device_ids)


def _dask_env(spec: LaunchSpec, machine: Machine, env: Mapping[str, str]) -> dict[str, str]:
    backend = "cudf" if _on_gpu(spec) and machine.has_cudf else "pandas"
    return {
        **env,
        "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": repr(list(_ROUTES)),
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        "DASK_DATAFRAME__BACKEND": backend,
    }


def _tls(folder: Path) -> tuple[str, ...]:
    return (
        *("--tls-ca-file", str(folder / CA_FILE)),
        *("--tls-cert", str(folder / CERT_FILE)),
        *("--tls-key", str(folder / KEY_FILE)),
    )


def _names(spec: LaunchSpec) -> Sequence[str]:
    joined = None if spec.joins is None else (spec.lease_id, spec.attempt)
    return worker_names(spec.workers, joined)


def _common(spec: LaunchSpec, role: str, folder: Path) -> tuple[str, ...]:
    return (
        *("--host", LOOPBACK, "--dashboard-address", f"{LOOPBACK}:0", "--no-dashboard"),
        *("--nthreads", str(spec.threads_per_worker)),
        *("--local-directory", str(folder / "scratch" / role)),
        *("--death-timeout", str(DEATH_TIMEOUT_S)),
    )


def _cuda_workers(
    spec: LaunchSpec,
    machine: Machine,
    env: Mapping[str, str],
    folder: Path,
    connect: tuple[str, ...],
) -> Command:
    """One process that starts a worker for each device it sees, so that they can use NVLink."""
    spill = ("--enable-cudf-spill",) if machine.has_cudf else ()
    # Of several workers it numbers the names itself.
    name = _names(spec)[0] if spec.workers == 1 else _names(spec)[0].removesuffix("-0")
    return Command(
        role="worker-0",
        # Run as a module it is `dask cuda worker` itself, without a subcommand.
        argv=(
            *(machine.python, "-m", "dask_cuda.cli", *connect, "--name", name),
            *(*_common(spec, "worker-0", folder), *spill),
        ),
        env=env,
    )


def _worker(
    spec: LaunchSpec,
    machine: Machine,
    index: int,
    env: Mapping[str, str],
    folder: Path,
    connect: tuple[str, ...],
) -> Command:
    role = f"worker-{index}"
    count = spec.gpus_per_worker
    share = spec.device_ids[index * count : (index + 1) * count]
    return Command(
        role=role,
        argv=(
            *(machine.python, "-m", "distributed.cli.dask_worker", *connect),
            *("--nworkers", "1", "--name", _names(spec)[index], *_common(spec, role, folder)),
        ),
        env={**env, **device_env(share, is_simulated(share))},
    )
