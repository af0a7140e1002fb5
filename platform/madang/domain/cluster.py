"""A Dask cluster: one scheduler and its workers, inside leases of its own."""

from dataclasses import dataclass


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
