"""What the processes of an attempt are: roles, command lines and environments. Data in, data out.

Tenants get an environment built from nothing: never the service's own, which holds secrets.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from madang.domain.cluster import worker_names
from madang.domain.profile import device_env
from madang.engines.dask_commands import (
    SCHEDULER,
    Place,
    cuda_name,
    dask_env,
    origins_env,
    scheduler_argv,
    worker_argv,
)
from madang.engines.ports import LaunchSpec

SLOT = "worker"
MAIN_ROLES = ("server", SCHEDULER, SLOT)
"""The role that stands for its attempt: when it ends, the attempt ends."""

SLOT_ARGV = (sys.executable, "-m", "madang.runner.slot")

LOOPBACK = "127.0.0.1"

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH"),
    # How this machine reaches its package registry; builds of environments ask it.
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"),
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_CONFIG_FILE", "UV_NATIVE_TLS"),
    "MADANG_WARM_GROWTH_MIB",
)
"""What a tenant's process needs of ours to find programs, libraries and packages."""


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
    dashboard = f"{LOOPBACK}:{ports[1]}"
    scheduler = Command(
        role=SCHEDULER,
        argv=scheduler_argv(_place(machine, folder), ports[0], dashboard),
        # The scheduler computes nothing, so it must not take memory on a device.
        env={
            **_dask_env(spec, machine, env),
            **device_env((), is_simulated=False),
            **origins_env(dashboard),
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
    place, names, threads = _place(machine, folder), _names(spec), spec.threads_per_worker
    if _on_gpu(spec) and machine.has_dask_cuda and spec.gpus_per_worker == 1:
        # One process that starts a worker for each device it sees, so that they can use NVLink.
        role, name = "worker-0", cuda_name(names)
        argv = worker_argv(place, address, name, role, threads, is_cuda=True)
        return (Command(role=role, argv=argv, env=env),)
    made = []
    for index, name in enumerate(names):
        role, count = f"worker-{index}", spec.gpus_per_worker
        share = spec.device_ids[index * count : (index + 1) * count]
        argv = worker_argv(place, address, name, role, threads)
        made.append(
            Command(role=role, argv=argv, env={**env, **device_env(share, is_simulated(share))})
        )
    return tuple(made)


def _place(machine: Machine, folder: Path) -> Place:
    return Place(
        python=machine.python,
        keys=str(folder),
        scratch=str(folder / "scratch"),
        host=LOOPBACK,
        has_cudf=machine.has_cudf,
    )


def _on_gpu(spec: LaunchSpec) -> bool:
    return bool(spec.device_ids) and not is_simulated(spec.device_ids)


def _dask_env(spec: LaunchSpec, machine: Machine, env: Mapping[str, str]) -> dict[str, str]:
    backend = "cudf" if _on_gpu(spec) and machine.has_cudf else "pandas"
    return {**env, **dask_env(backend)}


def _names(spec: LaunchSpec) -> Sequence[str]:
    joined = None if spec.joins is None else (spec.lease_id, spec.attempt)
    return worker_names(spec.workers, joined)
