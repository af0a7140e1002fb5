"""Scheduler and workers of a Dask cluster: Jobs, the name they meet by, and keys. Only data.

The Job of the scheduler owns all the rest. The scheduler runs its person's image, and nobody here
ever speaks Dask's protocol with it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from madang.domain.cluster import scheduler_key, worker_names
from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.pod_labels import CLUSTER, ROLE
from madang.engines import dask_commands as dask
from madang.engines.kubernetes.environment import base_env, is_simulated
from madang.engines.kubernetes.job import Owner, grace_s, job, labels_of, secret
from madang.engines.kubernetes.names import attempt_name, host_of, secret_name, worker_name
from madang.engines.kubernetes.security import KEYS, SCRATCH, Wanted, pod_spec
from madang.engines.ports import LaunchSpec
from madang.engines.scheduler_api import KEY_ENV
from madang.pki import ClusterKeys
from madang.settings.pods import PodSettings

API_KEY = "scheduler-key"
_PEMS = (dask.CA_FILE, dask.CERT_FILE, dask.KEY_FILE)
_COUNTED = re.compile(r"(.*worker-)(\d+)-(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """One pod of workers: how many, the number of the first, and their devices."""

    first: int
    count: int
    devices: int


def worker_pods(spec: LaunchSpec, flavor: ClusterFlavor | None) -> Sequence[Workers]:
    """Return the pods in which the workers of a lease run.

    Workers with one real device each share a pod as far as a node has devices; others have a pod
    of their own.
    """
    shares = spec.gpus_per_worker == 1 and flavor is not None and not is_simulated(spec.flavor)
    most = max(1, flavor.devices_per_node) if shares and flavor is not None else 1
    return [
        Workers(first=first, count=count, devices=count * spec.gpus_per_worker)
        for first in range(0, spec.workers, most)
        for count in [min(most, spec.workers - first)]
    ]


def known_name(said: str) -> str:
    """Return the name of a worker as the service knows it.

    Of the workers of one pod Dask-CUDA counts on from the name that the pod was given.

    Examples
    --------
    >>> known_name("worker-8-2"), known_name("lease-b-3-worker-1"), known_name("worker-0")
    ('worker-10', 'lease-b-3-worker-1', 'worker-0')
    """
    match = _COUNTED.fullmatch(said)
    return said if match is None else f"{match[1]}{int(match[2]) + int(match[3])}"


def cluster_of(spec: LaunchSpec) -> str:
    """Return the name of the cluster that an attempt is, or joins."""
    return attempt_name(*(spec.joins or (spec.lease_id, spec.attempt)))


def scheduler_job(
    spec: LaunchSpec,
    flavor: ClusterFlavor | None,
    image: str,
    namespace: str,
    settings: PodSettings,
) -> dict[str, Any]:
    """Return the scheduler, which computes nothing and so has no device.

    Parameters
    ----------
    flavor
        Where a pod without a device goes.
    """
    name = attempt_name(spec.lease_id, spec.attempt)
    host = host_of(name, namespace)
    dashboard = f":{settings.dashboard_port}"
    wanted = Wanted(
        image=image,
        argv=dask.scheduler_argv(
            _place(has_cudf=False), settings.scheduler_port, dashboard, settings.idle_ms // 1000
        ),
        env={
            **base_env(spec, 0),
            **dask.dask_env(_backend(spec)),
            **dask.origins_env(f"{host}{dashboard}"),
        },
        flavor=flavor,
        grace_s=grace_s(spec.grace_ms),
        secret_env={KEY_ENV: (secret_name(name), API_KEY)},
        secret_files=(secret_name(name), _PEMS),
    )
    return job(
        name,
        dask.SCHEDULER,
        spec,
        pod_spec(wanted, settings),
        settings,
        {CLUSTER: cluster_of(spec)},
    )


def worker_jobs(
    spec: LaunchSpec,
    flavor: ClusterFlavor | None,
    image: str,
    namespace: str,
    settings: PodSettings,
    owner: Owner,
) -> Sequence[dict[str, Any]]:
    """Return the Jobs of a lease's workers."""
    name, cluster = attempt_name(spec.lease_id, spec.attempt), cluster_of(spec)
    address = scheduler_address(cluster, namespace, settings)
    joined = None if spec.joins is None else (spec.lease_id, spec.attempt)
    names = worker_names(spec.workers, joined)
    place = _place(has_cudf=_backend(spec) == "cudf")
    made = []
    for index, pod in enumerate(worker_pods(spec, flavor)):
        role, own = f"{dask.WORKER}-{index}", names[pod.first]
        is_cuda = pod.devices == pod.count and _is_on_gpu(spec)
        argv = dask.worker_argv(place, address, own, role, spec.threads_per_worker, is_cuda=is_cuda)
        wanted = Wanted(
            image=image,
            argv=argv,
            env={**base_env(spec, pod.devices), **dask.dask_env(_backend(spec))},
            flavor=flavor,
            grace_s=grace_s(spec.grace_ms),
            devices=pod.devices,
            share=max(pod.count, pod.devices),
            secret_files=(secret_name(name), _PEMS),
        )
        body = job(
            worker_name(name, index), role, spec, pod_spec(wanted, settings), settings,
            {CLUSTER: cluster},
        )  # fmt: skip
        body["metadata"]["ownerReferences"] = owner.references()
        made.append(body)
    return made


def scheduler_address(cluster: str, namespace: str, settings: PodSettings) -> str:
    """Return where clients and workers find a scheduler."""
    return f"tls://{host_of(cluster, namespace)}:{settings.scheduler_port}"


def service(spec: LaunchSpec, settings: PodSettings, owner: Owner) -> dict[str, Any]:
    """Return the name by which the scheduler is found; it stands for the pod itself."""
    name, labels = attempt_name(spec.lease_id, spec.attempt), labels_of(spec)
    ports = {"scheduler": settings.scheduler_port, "dashboard": settings.dashboard_port}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": {**labels, CLUSTER: cluster_of(spec)},
            "ownerReferences": owner.references(),
        },
        "spec": {
            "clusterIP": "None",
            # Workers look for it while it is still starting.
            "publishNotReadyAddresses": True,
            "selector": {CLUSTER: cluster_of(spec), ROLE: dask.SCHEDULER},
            "ports": [
                {"name": key, "port": port, "targetPort": port, "protocol": "TCP"}
                for key, port in ports.items()
            ],
        },
    }


def cluster_secret(spec: LaunchSpec, keys: ClusterKeys, owner: Owner) -> dict[str, Any]:
    """Return the Secret with a cluster's keys, for an attempt that is it or joins it."""
    name = secret_name(attempt_name(spec.lease_id, spec.attempt))
    texts = dict(zip(_PEMS, (keys.ca_pem, keys.cert_pem, keys.key_pem), strict=True))
    texts[API_KEY] = scheduler_key(keys.key_pem)
    return secret(name, {**labels_of(spec), CLUSTER: cluster_of(spec)}, owner, texts)


def _place(*, has_cudf: bool) -> dask.Place:
    return dask.Place(python="python", keys=KEYS, scratch=SCRATCH, has_cudf=has_cudf)


def _is_on_gpu(spec: LaunchSpec) -> bool:
    return spec.gpus_per_worker > 0 and not is_simulated(spec.flavor)


def _backend(spec: LaunchSpec) -> str:
    return "cudf" if _is_on_gpu(spec) else "pandas"
