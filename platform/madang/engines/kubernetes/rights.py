"""What the service may do in a cluster: no more than this, and nothing of it may be missing.

The chart grants the same list; ``madang doctor --cluster`` asks the API server for each of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REVIEWS = "/apis/authorization.k8s.io/v1"
KUEUE, VISIBILITY = "kueue.x-k8s.io", "visibility.kueue.x-k8s.io"
ACCOUNT = "system:serviceaccount"

_READ = ("get", "list", "watch")
_KEEP = (*_READ, "create", "patch")


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource; ``is_inside`` the people's namespace, or for the whole cluster."""

    group: str
    resource: str
    verb: str
    is_inside: bool


_RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...] = (
    ("", ("pods",), (*_READ, "patch", "delete"), True),
    ("", ("services", "secrets"), ("get", "create"), True),
    ("", ("pods/log",), ("get",), True),
    ("batch", ("jobs",), ("get", "list", "watch", "create", "patch", "delete"), True),
    ("networking.k8s.io", ("networkpolicies",), ("get", "create"), True),
    (KUEUE, ("workloads",), (*_KEEP, "delete"), True),
    (KUEUE, ("localqueues",), _KEEP, True),
    (VISIBILITY, ("localqueues/pendingworkloads",), ("get",), True),
    (KUEUE, ("clusterqueues", "cohorts", "resourceflavors"), _KEEP, False),
    (VISIBILITY, ("clusterqueues/pendingworkloads",), ("get",), False),
    ("", ("nodes",), _READ, False),
)


def rights() -> Iterator[Right]:
    """Yield each right that the service needs."""
    for group, resources, verbs, is_inside in _RULES:
        for resource in resources:
            for verb in verbs:
                yield Right(group, resource, verb, is_inside)


def review(right: Right, namespace: str, account: str = "") -> tuple[str, Mapping[str, Any]]:
    """Return path and body of the question whether somebody has a right.

    Parameters
    ----------
    namespace
        Where the people's work lives.
    account
        Service account as ``namespace/name``; empty for whoever asks.
    """
    resource, _, sub = right.resource.partition("/")
    attributes = {"group": right.group, "resource": resource, "verb": right.verb}
    attributes |= {"subresource": sub} if sub else {}
    attributes |= {"namespace": namespace} if right.is_inside else {}
    spec: dict[str, Any] = {"resourceAttributes": attributes}
    kind = "SelfSubjectAccessReview"
    if account:
        kind = "SubjectAccessReview"
        home, _, name = account.partition("/")
        spec["user"] = f"{ACCOUNT}:{home}:{name}"
        spec["groups"] = [f"{ACCOUNT}s", f"{ACCOUNT}s:{home}", "system:authenticated"]
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    return f"{REVIEWS}/{kind.lower()}s", body
