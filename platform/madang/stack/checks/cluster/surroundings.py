"""Troubles of a cluster around Madang: its version, volumes, meters, and what we may not see."""

import re

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.reading import ClusterFacts, Seen
from madang.stack.checks.check import Check, worth_knowing

LEAST_VERSION = (1, 30)
NEWEST_TRIED = (1, 36)
VENDOR = "nvidia.com/"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return the findings about the cluster itself."""
    return [_version(facts.version), *_storage(facts.storage_classes), *_dcgm(facts.dcgm, policy)]


def unread(facts: ClusterFacts) -> list[Check]:
    """Return what could not be looked at, and so is neither well nor ill."""
    parts = {
        "nodes": facts.nodes,
        "storageclasses": facts.storage_classes,
        "namespaces": facts.namespace,
        "networkpolicies": facts.network_policies,
        "deployments": facts.kueue_deployments,
        "configmaps": facts.kueue_config,
        "daemonsets": facts.dcgm,
        "resourceflavors": facts.flavors,
        "cohorts": facts.cohorts,
        "clusterqueues": facts.cluster_queues,
        "localqueues": facts.local_queues,
    }
    found = []
    hidden = [name for name, seen in parts.items() if seen.problem == "forbidden"]
    if hidden:
        found.append(worth_knowing("cluster_hidden", False, {"kinds": hidden}))
    for name, seen in parts.items():
        if seen.problem == "silent":
            found.append(Check("cluster_part_silent", False, {"kind": name, "why": seen.said}))
    return found


def _version(seen: Seen) -> Check:
    given = str(seen.body.get("gitVersion", "?"))
    # "30+" is what some providers say.
    parts = [re.sub(r"\D", "", str(seen.body.get(key, ""))) for key in ("major", "minor")]
    version = tuple(int(part or 0) for part in parts)
    values = {
        "version": given,
        "least": ".".join(map(str, LEAST_VERSION)),
        "newest": ".".join(map(str, NEWEST_TRIED)),
    }
    if version < LEAST_VERSION:
        return Check("kubernetes_old", False, values)
    return worth_knowing("kubernetes", version <= NEWEST_TRIED, values)


def _storage(seen: Seen) -> list[Check]:
    if seen.problem:
        return []
    classes = {
        one["metadata"]["name"]: (one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
        for one in seen.items
    }
    if not classes:
        return [Check("storage_class", False)]
    chosen = [name for name, is_default in classes.items() if is_default]
    values = {"names": sorted(classes), "default": chosen, "count": len(chosen)}
    if len(chosen) > 1:
        return [worth_knowing("storage_defaults", False, values)]
    return [worth_knowing("storage_default", bool(chosen), values)]


def _dcgm(seen: Seen, policy: ClusterPolicy) -> list[Check]:
    is_wanted = any(one.resource.startswith(VENDOR) for one in policy.flavors)
    if seen.problem or not is_wanted:
        return []
    if not seen.items:
        return [worth_knowing("dcgm", False, {"count": 0})]
    found = []
    for one in seen.items:
        status = one.get("status") or {}
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        where = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
        values = {"where": where, "ready": ready, "wanted": wanted}
        found.append(worth_knowing("dcgm_ready", 0 < wanted <= ready, values))
    return found
