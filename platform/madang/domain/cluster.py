"""A Dask cluster: one scheduler and its workers, inside leases of its own.

The first lease of a cluster holds the scheduler and the workers that were asked for; whatever it
grows by is a lease of workers alone, which join that scheduler.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

MAX_WORKERS = 64
"""Workers that a cluster may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One row of the cluster table; ``lease`` is its first lease, growth adds others."""

    id: str
    lease: str
    person: str
    project: str
    name: str
    workers: int
    gpus_per_worker: int
    threads_per_worker: int
    created_ms: int


def worker_names(count: int, joined: tuple[str, int] | None = None) -> Sequence[str]:
    """Return the names under which the workers of one attempt are known to their scheduler.

    Parameters
    ----------
    joined
        Lease and attempt of workers that joined later; None for those of the first lease.

    Examples
    --------
    >>> worker_names(2)
    ['worker-0', 'worker-1']
    >>> worker_names(1, ("lease-b", 3))
    ['lease-b-3-worker-0']
    """
    prefix = "" if joined is None else f"{joined[0]}-{joined[1]}-"
    return [f"{prefix}worker-{index}" for index in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEndpoint:
    """How a client reaches a scheduler; the three PEM texts are secrets of the owner.

    Attributes
    ----------
    address
        ``tls://host:port``.
    dashboard_url
        Plain HTTP address on loopback, or empty.
    """

    address: str
    dashboard_url: str
    ca_pem: str
    cert_pem: str
    key_pem: str


def scheduler_key(key_pem: str) -> str:
    """Return what a scheduler's JSON interface asks for, derived from its private key.

    Whoever may use the cluster has that key anyway; nobody else on the machine does.
    """
    return hashlib.sha256(b"madang scheduler api\0" + key_pem.encode()).hexdigest()
