"""Queue objects of Kueue from what is known of projects and nodes. Pure.

One cohort holds what is guaranteed to nobody; each project has a ClusterQueue with its guarantee
that may borrow the rest and what others leave idle, and each member of it who asked a LocalQueue in
the people's namespace. Who is next says our own queue (``turns``); Kueue's order by what members
used, where its configuration has ``admissionFairSharing``, then by class and time of request, is
left with those who are let go together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.domain.queue import ProjectShare
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.workloads import POOL, VERSION

Quotas = Mapping[str, int]


def objects(
    policy: ClusterPolicy,
    shares: Sequence[ProjectShare],
    capacity: Quotas,
    *,
    is_paused: bool = False,
) -> dict[str, Object]:
    """Return every object that Kueue needs for a pool but members' queues, by path.

    Projects with a queue of the site's own have none.

    Parameters
    ----------
    capacity
        Devices by flavor that may be in use at once.
    is_paused
        Nobody is admitted; who was, stays.
    """
    shares = [share for share in shares if share.project not in policy.queues]
    given = guarantees(capacity, {share.project: share.guaranteed for share in shares})
    rest = {
        name: count - sum(each.get(name, 0) for each in given.values())
        for name, count in capacity.items()
    }
    found: dict[str, Object] = {}
    for flavor in policy.flavors:
        _add(found, "resourceflavors", _flavor(policy, flavor))
    _add(found, "cohorts", _cohort(policy, rest))
    for share in shares:
        _add(
            found,
            "clusterqueues",
            _cluster_queue(policy, share, given[share.project], is_paused=is_paused),
        )
    return found


def guarantees(capacity: Quotas, asked: Mapping[str, Quotas]) -> dict[str, dict[str, int]]:
    """Return the guarantees that the devices which are there can keep.

    Where they are fewer than promised, the largest promises give way first, one device at a time,
    by name among equals: no more is ever admitted than there is.
    """
    given = {
        project: {flavor: count for flavor, count in quotas.items() if flavor in capacity}
        for project, quotas in asked.items()
    }
    for flavor, there in capacity.items():
        while (over := sum(each.get(flavor, 0) for each in given.values()) - there) > 0:
            top = max(given, key=lambda project: (given[project].get(flavor, 0), project))
            others = [each.get(flavor, 0) for name, each in given.items() if name != top]
            step = given[top][flavor] - max(others, default=0)
            given[top][flavor] -= min(over, max(step, 1))
    return given


def queue_name(policy: ClusterPolicy, project: str, person: str) -> str:
    """Return the LocalQueue that leases of a member go into: their own, or the site's."""
    return policy.queues.get(project) or f"{project}.{person}"


def flavor_name(policy: ClusterPolicy, flavor: str) -> str:
    """Return the name of a ResourceFlavor of ours."""
    return f"{policy.prefix}-{flavor}"


def _add(found: dict[str, Object], plural: str, item: Object) -> None:
    found[f"/apis/{VERSION}/{plural}/{item['metadata']['name']}"] = item


def _object(policy: ClusterPolicy, kind: str, name: str, spec: Mapping[str, Any]) -> Object:
    return {
        "apiVersion": VERSION,
        "kind": kind,
        "metadata": {"name": name, "labels": {POOL: policy.prefix}},
        "spec": dict(spec),
    }


def _flavor(policy: ClusterPolicy, flavor: ClusterFlavor) -> Object:
    spec: dict[str, Any] = {}
    if flavor.node_labels:
        spec["nodeLabels"] = dict(flavor.node_labels)
    if flavor.tolerations:
        spec["tolerations"] = [dict(each) for each in flavor.tolerations]
    return _object(policy, "ResourceFlavor", flavor_name(policy, flavor.name), spec)


def _cohort(policy: ClusterPolicy, rest: Quotas) -> Object:
    groups = _groups(policy, policy.flavors, lambda name: {"nominalQuota": str(rest.get(name, 0))})
    return _object(policy, "Cohort", policy.prefix, {"resourceGroups": groups})


def _cluster_queue(
    policy: ClusterPolicy, share: ProjectShare, given: Quotas, *, is_paused: bool
) -> Object:
    def quota(flavor: str) -> dict[str, str]:
        own = given.get(flavor, 0)
        cap = share.max_devices_project
        more = {} if cap is None else {"borrowingLimit": str(max(cap - own, 0))}
        return {"nominalQuota": str(own), **more}

    usable = [f for f in policy.flavors if f.project in ("", share.project)]
    return _object(
        policy,
        "ClusterQueue",
        f"{policy.prefix}-{share.project}",
        {
            "cohortName": policy.prefix,
            "queueingStrategy": "BestEffortFIFO",
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": policy.namespace}},
            "resourceGroups": _groups(policy, usable, quota),
            # A guarantee is asked back from whoever has it on loan, whatever their class.
            "preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "Never"},
            "fairSharing": {"weight": str(share.weight)},
            "admissionScope": {"admissionMode": "UsageBasedAdmissionFairSharing"},
            "stopPolicy": "Hold" if is_paused else "None",
        },
    )


def local_queue(policy: ClusterPolicy, project: str, person: str) -> Object:
    """Return the queue of a member of a project."""
    made = _object(
        policy,
        "LocalQueue",
        queue_name(policy, project, person),
        {"clusterQueue": f"{policy.prefix}-{project}", "fairSharing": {"weight": "1"}},
    )
    made["metadata"]["namespace"] = policy.namespace
    return made


def _groups(policy: ClusterPolicy, flavors: Iterable[ClusterFlavor], quota: Any) -> list[Object]:
    """One group for each resource: Kueue allows a resource in one group only."""
    groups: dict[str, list[Object]] = {}
    for flavor in flavors:
        resource = {"name": flavor.resource, **quota(flavor.name)}
        made = {"name": flavor_name(policy, flavor.name), "resources": [resource]}
        groups.setdefault(flavor.resource, []).append(made)
    return [{"coveredResources": [name], "flavors": made} for name, made in groups.items()]
