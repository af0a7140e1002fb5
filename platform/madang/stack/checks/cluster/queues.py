"""Troubles of Kueue's objects: edited by hand, not ours, not active, or named and not there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.objects import OWNER, Object
from madang.engines.kubernetes.queues import flavor_name
from madang.engines.kubernetes.reading import ClusterFacts
from madang.engines.kubernetes.workloads import POOL
from madang.settings.cluster_policy import nearest
from madang.stack.checks.check import Check

_STOPPED = "Stopped"
_WRITTEN = frozenset(
    {
        *("resourceGroups", "cohortName", "namespaceSelector", "preemption", "fairSharing"),
        *(
            "stopPolicy",
            "queueingStrategy",
            "admissionScope",
            "nodeLabels",
            "tolerations",
            "clusterQueue",
        ),
    }
)
"""Fields that Madang writes; others are an administrator's to add."""


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return the findings about queues and quotas."""
    kinds = {
        "ResourceFlavor": facts.flavors,
        "Cohort": facts.cohorts,
        "ClusterQueue": facts.cluster_queues,
        "LocalQueue": facts.local_queues,
    }
    if any(seen.problem for seen in kinds.values()):
        return []
    every = {kind: seen.items for kind, seen in kinds.items()}
    found = [
        check
        for kind, objects in every.items()
        for one in objects
        if is_ours(one, policy)
        for check in (*_edited(kind, one), *_inactive(kind, one))
    ]
    found += _foreign(policy, every["ResourceFlavor"])
    for project, queue in policy.queues.items():
        found += _named(project, queue, policy, every)
    return found or [Check("quotas", True, {"count": sum(map(len, every.values()))})]


def is_ours(one: Object, policy: ClusterPolicy) -> bool:
    """Tell by its label and by who keeps its fields whether this installation made an object."""
    pool = (one["metadata"].get("labels") or {}).get(POOL)
    return pool == policy.prefix and any(entry.get("manager") == OWNER for entry in _managers(one))


def _managers(one: Object) -> Sequence[Mapping[str, Any]]:
    return one["metadata"].get("managedFields") or ()


def _edited(kind: str, one: Object) -> Iterator[Check]:
    """Look for fields that somebody else has and we don't: saying the same as we do is no edit."""
    own: set[str] = set()
    for entry in _managers(one):
        if entry.get("manager") == OWNER:
            own |= _fields(entry)
    for entry in _managers(one):
        fields = sorted(_fields(entry) - own)
        if entry.get("manager") != OWNER and fields:
            values = {
                "object": f"{kind} {one['metadata']['name']}",
                "who": entry.get("manager", "?"),
                "when": entry.get("time", "?"),
                "fields": fields,
            }
            is_ours = any(field.split(".")[1] in _WRITTEN for field in fields)
            yield Check("quota_edited", False, values, is_serious=is_ours)


def _fields(entry: Mapping[str, Any]) -> set[str]:
    """Return the fields below ``spec`` that an entry owns, without the values in their keys."""
    found: set[str] = set()

    def walk(owned: Mapping[str, Any], path: str) -> None:
        inner = {key[2:]: more for key, more in owned.items() if key.startswith("f:")}
        for name, more in inner.items():
            walk(more, f"{path}.{name}")
        if not inner and path != "spec":
            found.add(path)

    walk((entry.get("fieldsV1") or {}).get("f:spec") or {}, "spec")
    return found


def _inactive(kind: str, one: Object) -> Iterator[Check]:
    active = _condition(one, "Active")
    if kind == "ClusterQueue" and active.get("status") == "False":
        yield _not_active(kind, one, active)


def _not_active(kind: str, one: Object, active: Mapping[str, str]) -> Check:
    values = {
        "object": f"{kind} {one['metadata']['name']}",
        "reason": active.get("reason", "?"),
        "why": active.get("message", "?"),
    }
    # Stopped is what a pause of ours does.
    return Check("queue_inactive", False, values, is_serious=values["reason"] != _STOPPED)


def _foreign(policy: ClusterPolicy, flavors: list[Object]) -> Iterator[Check]:
    names = {flavor_name(policy, one.name) for one in policy.flavors}
    for one in flavors:
        name = one["metadata"]["name"]
        if name in names and not is_ours(one, policy):
            yield Check("quota_foreign", False, {"object": f"ResourceFlavor {name}"})


def _named(
    project: str, queue: str, policy: ClusterPolicy, every: Mapping[str, list[Object]]
) -> Iterator[Check]:
    """Look at a LocalQueue of the site that the policy names."""
    known = {one["metadata"]["name"]: one for one in every["LocalQueue"]}
    values: dict[str, Any] = {"project": project, "queue": queue, "namespace": policy.namespace}
    if queue not in known:
        yield Check("queue_missing", False, {**values, "known": nearest(queue, known) or ["-"]})
        return
    active = _condition(known[queue], "Active")
    if active.get("status") == "False":
        yield _not_active("LocalQueue", known[queue], active)
    parent = known[queue]["spec"].get("clusterQueue", "")
    groups = next(
        (
            one["spec"].get("resourceGroups") or ()
            for one in every["ClusterQueue"]
            if one["metadata"]["name"] == parent
        ),
        (),
    )
    covered = {name for group in groups for name in group.get("coveredResources") or ()}
    wanted = {one.resource for one in policy.flavors if one.project in ("", project)}
    missing = sorted(wanted - covered)
    if missing:
        more = {**values, "parent": parent, "missing": missing}
        yield Check("queue_covers", False, more, is_serious=not wanted & covered)


def _condition(one: Object, kind: str) -> Mapping[str, str]:
    conditions = (one.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})
