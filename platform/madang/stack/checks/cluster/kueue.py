"""Troubles of Kueue: not there, too old, half installed, not running, or set to take everything."""

import re
from collections.abc import Mapping
from typing import Any

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.reading import API, ClusterFacts, Seen
from madang.engines.kubernetes.rights import KUEUE
from madang.stack.checks.check import Check, worth_knowing
from madang.stack.checks.cluster.selecting import is_selected

LEAST = (0, 18)
KINDS = (
    *("workloads", "workloads/status", "localqueues", "clusterqueues"),
    *("cohorts", "resourceflavors", "workloadpriorityclasses"),
)
_TAG = re.compile(r":v?(\d+)\.(\d+)\.(\d+)")


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return the findings about Kueue; one alone where there is none."""
    values = {"group": KUEUE, "api": API, "least": ".".join(map(str, LEAST))}
    if facts.kueue_group.problem == "missing":
        return [Check("kueue", False, values)]
    served = [one["version"] for one in facts.kueue_group.body.get("versions") or ()]
    if API not in served:
        return [Check("kueue_api", False, {**values, "served": served or ["-"]})]
    return [
        Check("kueue", True, values),
        *_kinds(facts.kueue_kinds),
        *_running(facts.kueue_deployments, values),
        *_visibility(facts.visibility),
        *_config(facts, policy),
    ]


def _kinds(seen: Seen) -> list[Check]:
    there = {one["name"] for one in seen.body.get("resources") or ()}
    missing = [f"{one}.{KUEUE}" for one in KINDS if one not in there]
    return [Check("kueue_kinds", not missing, {"missing": missing, "count": len(KINDS)})]


def _running(seen: Seen, values: Mapping[str, Any]) -> list[Check]:
    if seen.problem in ("forbidden", "silent"):
        return []
    if not seen.items:
        return [worth_knowing("kueue_unseen", False, dict(values))]
    found = []
    for one in seen.items:
        more = {**values, "where": f"{one['metadata']['namespace']}/{one['metadata']['name']}"}
        ready = (one.get("status") or {}).get("availableReplicas", 0)
        version = _version(one)
        more |= {"version": ".".join(map(str, version)) or "?", "ready": ready}
        if version:
            found.append(Check("kueue_version", version[:2] >= LEAST, more))
        found.append(Check("kueue_running", ready > 0, more))
        if ready == 1:
            found.append(worth_knowing("kueue_alone", False, more))
    return found


def _version(deployment: Object) -> tuple[int, ...]:
    """Return the version that the image's tag says; empty for a digest or a name of the site."""
    for one in deployment["spec"]["template"]["spec"]["containers"]:
        if one["name"] == "manager" and (tag := _TAG.search(one.get("image", ""))):
            return tuple(int(part) for part in tag.groups())
    return ()


def _visibility(seen: Seen) -> list[Check]:
    if seen.problem == "missing":
        return [worth_knowing("visibility", False, {"why": seen.said})]
    if seen.problem == "silent":
        return [Check("visibility_silent", False, {"why": seen.said})]
    return [] if seen.problem else [Check("visibility", True)]


def _config(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    if facts.kueue_config.problem:
        return []
    config = facts.kueue_config.body
    found = []
    waits = config.get("waitForPodsReady")
    # Up to v1beta1 it could be written and switched off.
    if isinstance(waits, Mapping) and waits.get("enable", True):
        values = {"timeout": waits.get("timeout", "5m")}
        found.append(worth_knowing("kueue_waits", False, values))
    if config.get("manageJobsWithoutQueueName") and _is_managed(config, facts, policy):
        found.append(Check("kueue_takes_all", False, {"namespace": policy.namespace}))
    found.append(worth_knowing("kueue_members", bool(config.get("admissionFairSharing")), {}))
    return found


def _is_managed(config: Mapping[str, Any], facts: ClusterFacts, policy: ClusterPolicy) -> bool:
    labels = {"kubernetes.io/metadata.name": policy.namespace}
    labels |= (facts.namespace.body.get("metadata") or {}).get("labels") or {}
    return is_selected(config.get("managedJobsNamespaceSelector") or {}, labels)
