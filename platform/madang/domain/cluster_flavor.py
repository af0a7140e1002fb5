"""A kind of device as nodes of a Kubernetes cluster offer it, and where what people run goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFlavor:
    """How a flavor is asked for on a cluster.

    Attributes
    ----------
    resource
        Extended resource that one device counts as, such as ``nvidia.com/gpu`` or
        ``nvidia.com/mig-1g.18gb``.
    node_labels
        Labels of the nodes that have it; they become the node selector of what runs there.
    tolerations
        Tolerations, in Kubernetes' own form, for taints of those nodes.
    devices_total
        How many may be given out; None for as many as the nodes offer.
    devices_per_node
        How many devices of one node a pod of Dask workers may ask for; workers of one pod can use
        NVLink among each other. With 1 each worker has a pod of its own, which always fits.
    sharing
        ``""`` for devices or slices of one's own, ``time-slicing`` or ``mps`` for parts of a device
        whose memory nobody keeps apart.
    project
        The one project that may use a shared flavor; empty for all.
    """

    name: str
    resource: str = "nvidia.com/gpu"
    node_labels: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, str], ...] = ()
    devices_total: int | None = None
    devices_per_node: int = 1
    memory_bytes: int = 0
    sharing: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPolicy:
    """What policy.yaml says under ``kubernetes``.

    Attributes
    ----------
    namespace
        Where everything that people run lives, and the leases' Workloads with it.
    prefix
        Begins the names of all that we make outside of that namespace (queues, flavors).
    queues
        LocalQueue by project, on a site that keeps its own queue objects; empty for ours.
    """

    namespace: str = "madang-people"
    prefix: str = "madang"
    flavors: tuple[ClusterFlavor, ...] = ()
    queues: Mapping[str, str] = field(default_factory=dict)
