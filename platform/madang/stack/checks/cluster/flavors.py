"""Troubles of a flavor: labels that no node has, devices that nobody offers, taints, sharing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.reading import ClusterFacts
from madang.settings.cluster_policy import nearest
from madang.stack.checks.check import Check, worth_knowing
from madang.stack.checks.cluster.selecting import unborne

SHARING_LABEL = "nvidia.com/gpu.sharing-strategy"
_FEW = 5


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return the findings about each flavor of the policy."""
    if not policy.flavors:
        return [worth_knowing("flavors", False, {})]
    if facts.nodes.problem:
        return []
    nodes = facts.nodes.items
    if not nodes:
        return [Check("nodes", False)]
    found: list[Check] = []
    for flavor in policy.flavors:
        found += _flavor(flavor, nodes)
    return found


def _flavor(flavor: ClusterFlavor, nodes: Sequence[Object]) -> list[Check]:
    matched = [one for one in nodes if flavor.node_labels.items() <= _labels(one).items()]
    if not matched:
        return [_no_node(flavor, nodes)]
    awake = [one for one in matched if _is_awake(one)]
    if not awake:
        return [Check("flavor_asleep", False, {"flavor": flavor.name, "nodes": _names(matched)})]
    found = [*_taints(flavor, awake), *_sharing(flavor, awake)]
    return [*found, *_devices(flavor, awake)]


def _no_node(flavor: ClusterFlavor, nodes: Sequence[Object]) -> Check:
    """Say which label is wrong, and what comes nearest to it on the nodes that there are."""
    values: dict[str, Any] = {"flavor": flavor.name, "nodes": len(nodes)}
    for key, value in flavor.node_labels.items():
        there = Counter(_labels(one)[key] for one in nodes if key in _labels(one))
        if not there:
            keys = {known for one in nodes for known in _labels(one)}
            near = nearest(key, keys)[0] if keys else "-"
            return Check("flavor_key", False, {**values, "label": key, "near": near})
        if value not in there:
            near = nearest(value, there)[0]
            more = {"label": key, "value": value, "near": near, "count": there[near]}
            return Check("flavor_label", False, {**values, **more})
    labels = [f"{key}={value}" for key, value in flavor.node_labels.items()]
    return Check("flavor_labels", False, {**values, "labels": labels})


def _taints(flavor: ClusterFlavor, nodes: Sequence[Object]) -> list[Check]:
    kept = {one["metadata"]["name"]: unborne(_taints_of(one), flavor.tolerations) for one in nodes}
    away = [name for name, taints in kept.items() if taints]
    if not away:
        return []
    taint = kept[away[0]][0]
    shown = f"{taint['key']}={taint.get('value', '')}:{taint['effect']}".replace("=:", ":")
    values = {
        "flavor": flavor.name,
        "taint": shown,
        "label": taint["key"],
        "effect": taint["effect"],
        "away": _few(away),
        "count": len(away),
        "nodes": len(nodes),
    }
    return [Check("flavor_taint", False, values, is_serious=len(away) == len(nodes))]


def _taints_of(node: Object) -> Sequence[Mapping[str, str]]:
    taints: Sequence[Mapping[str, str]] = (node.get("spec") or {}).get("taints") or ()
    return taints


def _sharing(flavor: ClusterFlavor, nodes: Sequence[Object]) -> list[Check]:
    """Look whether nodes share devices in another way than the policy says to people."""
    for node in nodes:
        given = _labels(node).get(SHARING_LABEL, "none").replace("none", "")
        if given != flavor.sharing and SHARING_LABEL in _labels(node):
            values = {
                "flavor": flavor.name,
                "node": node["metadata"]["name"],
                "given": given or "none",
                "said": flavor.sharing or "none",
            }
            # Shared without saying so is a leak; not shared is only less than was thought.
            return [Check("flavor_sharing", False, values, is_serious=bool(given))]
    return []


def _devices(flavor: ClusterFlavor, nodes: Sequence[Object]) -> list[Check]:
    values: dict[str, Any] = {"flavor": flavor.name, "nodes": len(nodes)}
    resource = flavor.resource
    offered = {one["metadata"]["name"]: _count(one, "allocatable", resource) for one in nodes}
    there = {one["metadata"]["name"]: _count(one, "capacity", resource) for one in nodes}
    total = sum(offered.values())
    values |= {"resource": resource, "devices": total}
    if not any(there.values()):
        domain = f"{resource.partition('/')[0]}/"
        others = {name for one in nodes for name in _offers(one) if name.startswith(domain)} or {
            name for one in nodes for name in _offers(one) if "/" in name
        }
        offers = nearest(resource, others) or ["-"]
        return [Check("flavor_device", False, {**values, "offers": offers})]
    found = [Check("flavor", total > 0, values)]
    without = [name for name, count in there.items() if not count]
    if without:
        found.append(worth_knowing("flavor_some", False, {**values, "without": _few(without)}))
    broken = sum(there.values()) - total
    if broken > 0:
        found.append(worth_knowing("flavor_broken", False, {**values, "count": broken}))
    if flavor.devices_total is not None and flavor.devices_total > total:
        more = {**values, "given": flavor.devices_total}
        found.append(worth_knowing("flavor_more", False, more))
    return found


def _labels(node: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = node["metadata"].get("labels") or {}
    return labels


def _is_awake(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return is_ready and not (node.get("spec") or {}).get("unschedulable")


def _offers(node: Object) -> Mapping[str, str]:
    offers: Mapping[str, str] = (node.get("status") or {}).get("capacity") or {}
    return offers


def _count(node: Object, kind: str, resource: str) -> int:
    given = str(((node.get("status") or {}).get(kind) or {}).get(resource, "0"))
    return int(given) if given.isdecimal() else 0


def _names(nodes: Sequence[Object]) -> list[str]:
    return _few([one["metadata"]["name"] for one in nodes])


def _few(names: Sequence[str]) -> list[str]:
    more = len(names) - _FEW
    return [*names[:_FEW], *([f"+{more}"] if more > 0 else [])]
