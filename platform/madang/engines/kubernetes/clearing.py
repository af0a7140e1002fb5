"""Takes the queue objects of an installation off a cluster, once nobody's lease needs them."""

from collections.abc import Iterator
from dataclasses import dataclass

from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.objects import Object
from madang.errors import NotFoundError

# Each names what comes after it.
_PLURALS = ("clusterqueues", "cohorts", "resourceflavors")


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was done.

    Attributes
    ----------
    removed
        Queue objects that were deleted, as ``plural/name``.
    leases
        Leases that are there still; with any, nothing was deleted.
    """

    removed: tuple[str, ...]
    leases: tuple[str, ...]


async def remove_queues(api: Api, namespace: str, prefix: str) -> Cleared:
    """Delete LocalQueues, ClusterQueues, Cohorts and ResourceFlavors that carry our label.

    Nothing while there is a lease, which would run on without anybody who counts it. A cluster
    without Kueue has none of them.

    Parameters
    ----------
    namespace
        Where people run.
    prefix
        Of the installation, as the policy has it.
    """
    ours = f"{workloads.POOL}={prefix}"
    leases = await _list(api, workloads.workloads(namespace), ours)
    if leases:
        return Cleared((), tuple(each["metadata"]["name"] for each in leases))
    removed = []
    for path in _collections(namespace):
        for item in await _list(api, path, ours):
            metadata = item["metadata"]
            if await api.delete(f"{path}/{metadata['name']}", uid=metadata["uid"]):
                removed.append(f"{path.rpartition('/')[2]}/{metadata['name']}")
    return Cleared(tuple(removed), ())


def _collections(namespace: str) -> Iterator[str]:
    yield f"/apis/{workloads.VERSION}/namespaces/{namespace}/localqueues"
    for plural in _PLURALS:
        yield f"/apis/{workloads.VERSION}/{plural}"


async def _list(api: Api, path: str, ours: str) -> list[Object]:
    try:
        found: list[Object] = (await api.get(path, labelSelector=ours))["items"]
    except NotFoundError:
        return []
    return found
