"""Troubles of what the service may do: each missing right, as the rule that would give it."""

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.reading import ClusterFacts
from madang.engines.kubernetes.rights import Right, rights
from madang.stack.checks.check import Check, worth_knowing


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return one finding for each rule that is missing, or that all are there."""
    who = facts.account or "-"
    if facts.rights_unread:
        values = {"who": who, "why": facts.rights_unread}
        return [worth_knowing("rights_unread", False, values)]
    if not facts.denied:
        count = sum(1 for _ in rights())
        name = "rights" if facts.account else "rights_own"
        return [Check(name, True, {"who": who, "count": count})]
    missing: dict[tuple[str, str, bool], list[Right]] = {}
    for right in facts.denied:
        missing.setdefault((right.group, right.resource, right.is_inside), []).append(right)
    return [Check("right", False, {"who": who, **_rule(rule, policy)}) for rule in missing.values()]


def _rule(rule: list[Right], policy: ClusterPolicy) -> dict[str, str]:
    first = rule[0]
    verbs = ", ".join(one.verb for one in rule)
    group, resource = first.group, first.resource
    return {
        "verbs": verbs,
        "resource": f"{resource}.{group}".rstrip("."),
        "place": policy.namespace if first.is_inside else "*",
        "kind": f"Role ({policy.namespace})" if first.is_inside else "ClusterRole",
        "rule": f'{{apiGroups: ["{group}"], resources: [{resource}], verbs: [{verbs}]}}',
    }
