"""Dask clusters, their parts, and what opens them."""

from madang.api.shapes.base import Count, Inside, Shape, TimeMs
from madang.api.shapes.leases import Lease, Standing
from madang.domain.lease import LeaseState


class Part(Shape):
    """A lease of a cluster and the workers in it."""

    lease: str
    state: LeaseState
    is_wanted: bool
    workers: Count
    names: list[str]
    standing: Standing | None


class Adapt(Shape):
    """Between which numbers a cluster follows its scheduler, and what keeps it from doing so."""

    minimum: Count
    maximum: Count
    wanted: Count | None
    why_not: str


class Cluster(Shape):
    """One Dask scheduler and its workers."""

    id: str
    name: str
    project: str
    person: str
    lease: Lease
    workers: Count
    gpus_per_worker: Count
    threads_per_worker: Count
    state: LeaseState
    created_ms: TimeMs
    environment: Inside | None
    versions: dict[str, str]
    workers_asked: Count
    workers_held: Count
    parts: list[Part]
    adapt: Adapt | None
    address: str
    dashboard_url: str
    ready: bool
    version: str


class Worker(Shape):
    """A worker as its scheduler knows it; zeros from a scheduler of an earlier version."""

    name: str
    address: str
    threads: Count
    memory_bytes: Count
    limit_bytes: Count
    cpu_percent: Count
    processing: Count


class Facts(Shape):
    """What a scheduler counts now."""

    workers: Count
    cores: Count
    tasks: Count
    processing: Count
    waiting: Count
    memory: Count
    erred: Count
    bytes: Count
    named: list[Worker]


class ClusterWithFacts(Cluster):
    """A cluster with what its scheduler counts; null while it does not answer."""

    facts: Facts | None


class Credentials(Shape):
    """Address and keys of a cluster, for its owner."""

    address: str
    dashboard_url: str
    ca_pem: str
    cert_pem: str
    key_pem: str
