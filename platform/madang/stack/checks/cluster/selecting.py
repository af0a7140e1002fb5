"""Which labels a selector means and which taints a toleration bears, as Kubernetes decides it."""

from collections.abc import Iterable, Mapping
from typing import Any

_HARD = ("NoSchedule", "NoExecute")
_OF_STATE = "node.kubernetes.io/"
"""Taints that Kubernetes sets and takes away by itself, for nodes that are not ready or closed."""


def is_selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector means an object with these labels; an empty one means all."""
    wanted = selector.get("matchLabels") or {}
    return wanted.items() <= labels.items() and all(
        _is_met(one, labels) for one in selector.get("matchExpressions") or ()
    )


def _is_met(wanted: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = wanted["key"], wanted.get("values") or ()
    match wanted["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def unborne(
    taints: Iterable[Mapping[str, str]], tolerations: Iterable[Mapping[str, str]]
) -> list[Mapping[str, str]]:
    """Return the taints that keep a pod with these tolerations away."""
    borne = tuple(tolerations)
    return [
        taint
        for taint in taints
        if taint.get("effect") in _HARD
        and not taint["key"].startswith(_OF_STATE)
        and not any(_bears(one, taint) for one in borne)
    ]


def _bears(toleration: Mapping[str, str], taint: Mapping[str, str]) -> bool:
    if toleration.get("effect", taint["effect"]) != taint["effect"]:
        return False
    if toleration.get("key") != taint["key"]:
        return False
    return toleration.get("operator") == "Exists" or (
        toleration.get("value", "") == taint.get("value", "")
    )
