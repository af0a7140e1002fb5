"""A Job that is one life: it makes one pod, and never another in its place. Data in, data out.

A Job and not a bare pod, as its time limit can be moved both ways and a pod's only down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from madang.domain.pod_labels import ROLE, pod_labels
from madang.engines.kubernetes.names import FINALIZER
from madang.engines.ports import LaunchSpec
from madang.settings.pods import PodSettings

MAX_DEADLINE_S = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The Job with which everything of a cluster or slot goes."""

    name: str
    uid: str

    def references(self) -> list[dict[str, Any]]:
        """Return what an object says of its owner."""
        return [{"apiVersion": "batch/v1", "kind": "Job", "name": self.name, "uid": self.uid}]


def labels_of(spec: LaunchSpec) -> dict[str, str]:
    """Return the labels of an attempt's objects."""
    person, project = spec.person_id or spec.person_name, spec.project_id or spec.project_name
    return pod_labels(
        lease=spec.lease_id,
        attempt=spec.attempt,
        person=person,
        project=project,
        kind=str(spec.kind),
        internet=spec.internet,
    )


def grace_s(grace_ms: int) -> int:
    """Return a grace in whole seconds; with 0 a pod would be gone before its processes are."""
    return max(1, -(-grace_ms // 1000))


def deadline_s(deadline_ms: int, start_ms: int) -> int:
    """Return a Job's time limit.

    Parameters
    ----------
    deadline_ms
        Counts from the start of the first process.
    start_ms
        From the Job to that start.
    """
    return min(MAX_DEADLINE_S, max(1, -(-(deadline_ms + max(0, start_ms)) // 1000)))


def job(
    name: str,
    role: str,
    spec: LaunchSpec,
    pod: Mapping[str, Any],
    settings: PodSettings,
    more_labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the Job of one role of an attempt."""
    labels = {**labels_of(spec), ROLE: role, **(more_labels or {})}
    body: dict[str, Any] = {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        # A pod that is being deleted may still run: it has to have ended first.
        "podReplacementPolicy": "Failed",
        # Evicted, drained or preempted is not failed, and this attempt is over all the same.
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "FailJob",
                    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                }
            ]
        },
        "template": {
            "metadata": {"labels": labels, "finalizers": [FINALIZER]},
            "spec": dict(pod),
        },
    }
    if spec.deadline_ms is not None:
        body["activeDeadlineSeconds"] = deadline_s(spec.deadline_ms, settings.start_ms)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": body,
    }


def secret(
    name: str, labels: Mapping[str, str], owner: Owner, texts: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Secret that goes with a Job."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": dict(labels),
            "ownerReferences": owner.references(),
        },
        "type": "Opaque",
        "immutable": True,
        "stringData": dict(texts),
    }
