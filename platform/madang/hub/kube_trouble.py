"""What the status of a pod means for the person who waits for it or whose server it was. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from madang.hub.kube_pods import CONTAINER

_NO_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"})
_NEVER_IMAGE = frozenset({"InvalidImageName"})
_NO_CONTAINER = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_LOST = frozenset({"NodeLost", "DeletionByTaintManager", "DeletionByPodGC", "TerminationByKubelet"})
# Words of the scheduler about a volume that is not there; it has no reason of its own for that.
_NO_VOLUME = re.compile(r"persistent ?volume|volume node affinity|VolumeBinding", re.IGNORECASE)
_LIMIT_CHARACTERS = 1500
LOST_AFTER_S = 60.0
"""What should have ended so long ago and has not has nobody left who could end it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a server does not come up, or is gone.

    Attributes
    ----------
    code
        Words in ``error.<code>.message`` and ``.hint``, filled from ``details``.
    said
        What the cluster or the server said about it.
    is_over
        False for what may still mend itself: a registry that is away, a full cluster.
    """

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    is_over: bool = True


def is_running(pod: Mapping[str, Any]) -> bool:
    """Tell whether the server's process runs and has an address."""
    status = pod.get("status") or {}
    is_going = bool((pod.get("metadata") or {}).get("deletionTimestamp"))
    return status.get("phase") == "Running" and bool(status.get("podIP")) and not is_going


def exit_status(pod: Mapping[str, Any], at_s: float) -> int | None:
    """Return the exit status of a pod whose server has ended; None while it may live.

    A pod that is being deleted counts as living until its time to save has been over for a while.
    """
    status = pod.get("status") or {}
    ended = _terminated(pod)
    if ended is not None:
        return int(ended.get("exitCode", 1))
    if status.get("phase") in ("Failed", "Succeeded"):
        return 0 if status["phase"] == "Succeeded" else 1
    due_s = _seconds((pod.get("metadata") or {}).get("deletionTimestamp"))
    return 1 if due_s is not None and at_s > due_s + LOST_AFTER_S else None


def trouble(pod: Mapping[str, Any], at_s: float) -> Trouble | None:
    """Return what is wrong with a pod; None while nothing is.

    Parameters
    ----------
    at_s
        Now, in seconds since the epoch.
    """
    status = pod.get("status") or {}
    said = _short(str(status.get("message") or ""))
    disruption = _condition(pod, "DisruptionTarget")
    if exit_status(pod, at_s) is not None:
        return _ended(pod, status, disruption, said)
    return _waiting(pod) or _unplaced(pod)


def _ended(
    pod: Mapping[str, Any],
    status: Mapping[str, Any],
    disruption: Mapping[str, Any],
    said: str,
) -> Trouble:
    ended = _terminated(pod) or {}
    said = said or _short(str(disruption.get("message") or ""))
    reason = str(status.get("reason") or "")
    if reason == "Evicted":
        return Trouble("pod_evicted", said=said)
    if reason == "DeadlineExceeded":
        return Trouble("pod_deadline", said=said)
    if ended.get("reason") == "OOMKilled":
        return Trouble("pod_memory", {"memory": _memory(pod)})
    is_due = bool((pod.get("metadata") or {}).get("deletionTimestamp"))
    if reason in _LOST or str(disruption.get("reason") or "") in _LOST or (is_due and not ended):
        return Trouble("pod_node_lost", {"node": _node(pod)}, said)
    if not ended:
        return Trouble("pod_ended", {"reason": reason or "?"}, said)
    last_words = _short(str(ended.get("message") or ""))
    return Trouble("server_died", {"exit_code": str(ended.get("exitCode", "?"))}, last_words)


def _waiting(pod: Mapping[str, Any]) -> Trouble | None:
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason, said = str(waiting.get("reason") or ""), _short(str(waiting.get("message") or ""))
        image = str(container.get("image") or "")
        if reason in _NO_IMAGE or reason in _NEVER_IMAGE:
            return Trouble("pod_image", {"image": image}, said, is_over=reason in _NEVER_IMAGE)
        if reason in _NO_CONTAINER:
            return Trouble("pod_container", {"reason": reason}, said, is_over=False)
    return None


def _unplaced(pod: Mapping[str, Any]) -> Trouble | None:
    placed = _condition(pod, "PodScheduled")
    if placed.get("status") != "False":
        return None
    said = str(placed.get("message") or "")
    code = "pod_volume" if _NO_VOLUME.search(said) else "pod_unplaced"
    return Trouble(code, said=_short(said), is_over=False)


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _terminated(pod: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for container in (pod.get("status") or {}).get("containerStatuses") or []:
        if container.get("name") == CONTAINER:
            found: Mapping[str, Any] | None = (container.get("state") or {}).get("terminated")
            return found
    return None


def _condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == kind:
            found: Mapping[str, Any] = condition
            return found
    return {}


def _node(pod: Mapping[str, Any]) -> str:
    return str((pod.get("spec") or {}).get("nodeName") or "?")


def _memory(pod: Mapping[str, Any]) -> str:
    for container in (pod.get("spec") or {}).get("containers") or []:
        if container.get("name") == CONTAINER:
            limit = str(((container.get("resources") or {}).get("limits") or {}).get("memory", "?"))
            return f"{int(limit) / 1024**3:.1f} GiB" if limit.isdigit() else limit
    return "?"


def _seconds(stamp: Any) -> float | None:
    if not isinstance(stamp, str):
        return None
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def _short(said: str) -> str:
    return said[-_LIMIT_CHARACTERS:]
