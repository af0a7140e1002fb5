"""Troubles of what keeps people apart: Pod Security of their namespace, and network rules."""

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.reading import ClusterFacts
from madang.stack.checks.check import Check, worth_knowing

LEVEL = "pod-security.kubernetes.io/enforce"
WANTED = "restricted"


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return the findings about the people's namespace."""
    if facts.namespace.problem == "missing":
        return [Check("people_namespace", False, {"namespace": policy.namespace})]
    return [*_pod_security(facts, policy), *_network(facts, policy)]


def _pod_security(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    if facts.namespace.problem:
        return []
    labels = facts.namespace.body["metadata"].get("labels") or {}
    values = {
        "namespace": policy.namespace,
        "level": labels.get(LEVEL, "-"),
        "pinned": labels.get(f"{LEVEL}-version", "latest"),
    }
    found = [Check("pod_security", labels.get(LEVEL) == WANTED, values)]
    if found[0].is_ok and values["pinned"] != "latest":
        found.append(worth_knowing("pod_security_pinned", False, values))
    return found


def _network(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Say what objects can tell, and that no object can tell whether anybody keeps to them."""
    if facts.network_policies.problem:
        return []
    rules = facts.network_policies.items
    open_ways = [way for way in ("Ingress", "Egress") if not any(_shuts(r, way) for r in rules)]
    values = {"namespace": policy.namespace, "count": len(rules), "ways": open_ways}
    found = [Check("network_default", not open_ways, values)]
    return [*found, worth_knowing("network_enforced", False, values)]


def _shuts(rule: Object, way: str) -> bool:
    """Tell whether a rule refuses everything that no other rule allows, for every pod."""
    spec = rule["spec"]
    selector = spec.get("podSelector") or {}
    is_for_all = not selector.get("matchLabels") and not selector.get("matchExpressions")
    return is_for_all and way in (spec.get("policyTypes") or ()) and not spec.get(way.lower())
