"""What pods and Jobs say of an attempt: started, ended, how, and whose fault. Data in, data out.

Only what a node or a controller has written counts: a pod that cannot be reached is alive until
somebody who knows says that it has ended. Times have whole seconds here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from madang.domain.pod_labels import ROLE
from madang.engines.dask_commands import SCHEDULER
from madang.engines.kubernetes.names import STOPPED
from madang.engines.kubernetes.slot_job import SLOT
from madang.engines.ports import AttemptLife, Trouble

MAIN_ROLES = ("", SCHEDULER, SLOT)
"""The role that stands for its attempt; a notebook's pod, which the hub makes, has none."""

OVERDUE = "DeadlineExceeded"
OUT_OF_MEMORY = "OOMKilled"
_NOT_COMING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_BY_OWN_USE = ("TerminationByKubelet", "Evicted")
"""A node ends pods also because of what they use themselves."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PodLife:
    """What one pod says of itself.

    Attributes
    ----------
    is_gone
        It never ran, and never will: it was deleted before it had a node.
    is_lost
        It was ended, or not even started, by the cluster; when it ended may be an estimate.
    is_faultless
        It was lost by nothing that a tenant can bring about.
    told_ms
        When its deletion was asked for.
    trouble
        What keeps it from going on, while it lives.
    memory_bytes
        What it may use.
    is_coming
        It has a node, which makes it ready and has met nothing that hinders it.
    """

    role: str
    started_ms: int | None = None
    ended_ms: int | None = None
    exit_code: int | None = None
    is_gone: bool = False
    is_lost: bool = False
    is_faultless: bool = False
    is_overdue: bool = False
    is_out_of_memory: bool = False
    is_coming: bool = False
    told_ms: int | None = None
    trouble: Trouble | None = None
    memory_bytes: int | None = None

    @property
    def lives(self) -> bool:
        """Whether anything of it runs or may still come to run."""
        return self.ended_ms is None and not self.is_gone


def attempt_life(pods: Sequence[Object], jobs: Sequence[Object]) -> AttemptLife:
    """Put together what all pods and Jobs of an attempt say."""
    lives = [pod_life(pod) for pod in pods]
    started = [life.started_ms for life in lives if life.started_ms is not None]
    trouble = next((life.trouble for life in lives if life.trouble is not None), None)
    if not started:
        return AttemptLife(is_coming=any(life.is_coming for life in lives), trouble=trouble)
    # With no main role they are workers that joined: the first that ended badly stands for all.
    main = next((x for x in lives if x.role in MAIN_ROLES), None) or _worst(lives)
    ends = [life.ended_ms for life in lives if life.ended_ms is not None]
    ended_ms = None if any(life.lives for life in lives) else max(ends, default=None)
    is_overdue = any(life.is_overdue for life in lives) or any(map(is_overdue_job, jobs))
    faults = [x.ended_ms for x in lives if x.is_faultless and x.ended_ms is not None]
    return AttemptLife(
        started_ms=min(started),
        ended_ms=ended_ms,
        exit_code=main.exit_code,
        is_sure=not main.is_lost,
        # The node that it ran on is not there for it any more since then.
        machine_since_ms=max(faults) + 1 if main.is_faultless and faults else None,
        is_overdue=is_overdue,
        was_told=not is_overdue and not main.is_lost and _was_told(main, jobs),
        is_out_of_memory=main.is_out_of_memory,
        trouble=trouble,
        memory_bytes=main.memory_bytes if main.is_out_of_memory else None,
    )


def pod_life(pod: Object) -> PodLife:
    """Return what one pod says."""
    status, role = pod.get("status") or {}, pod["metadata"].get("labels", {}).get(ROLE, "")
    states = [each.get("state") or {} for each in status.get("containerStatuses") or []]
    done = [state["terminated"] for state in states if "terminated" in state]
    begun = [at for at in map(_started_ms, states) if at is not None]
    told_ms = _told_ms(pod)
    is_over = status.get("phase") in ("Succeeded", "Failed") or (done and len(done) == len(states))
    if not is_over:
        # The scheduler gives no node to what is being deleted.
        is_gone = told_ms is not None and not (pod.get("spec") or {}).get("nodeName")
        return PodLife(
            role=role,
            started_ms=min(begun, default=None),
            is_gone=is_gone,
            is_coming=not begun and told_ms is None and _is_coming(pod, states),
            told_ms=told_ms,
            trouble=_trouble(status, states),
        )
    ends = [at for at in (read_ms(each.get("finishedAt")) for each in done) if at]
    is_cut, is_faultless = _disruption(status)
    is_known = bool(ends)
    is_overdue = status.get("reason") == OVERDUE
    ended_ms = max(ends) if ends else _ended_about_ms(pod, begun)
    return PodLife(
        role=role,
        # What could not even be started has lived for no time.
        started_ms=min(begun, default=ended_ms),
        ended_ms=max([ended_ms, *begun]),
        exit_code=next((each["exitCode"] for each in done if "exitCode" in each), None),
        is_lost=not is_overdue and (is_cut or not is_known),
        is_faultless=is_faultless and not is_overdue,
        is_overdue=is_overdue,
        is_out_of_memory=any(each.get("reason") == OUT_OF_MEMORY for each in done),
        told_ms=told_ms,
        memory_bytes=_memory_bytes(pod),
    )


def is_finished(job: Object) -> bool:
    """Tell whether a Job has come to its end: it makes no pod any more."""
    return any(c["type"] in ("Complete", "Failed") for c in _true(job.get("status") or {}))


def is_overdue_job(job: Object) -> bool:
    """Tell whether a Job has ended, or is ending, by its time limit."""
    return any(c.get("reason") == OVERDUE for c in _true(job.get("status") or {}))


def is_stopped(job: Object) -> bool:
    """Tell whether a Job was asked to stop before it came to its end."""
    return is_noted(job) and not is_finished(job)


def is_noted(job: Object) -> bool:
    """Tell whether a Job was asked to stop while it had not come to its end."""
    return STOPPED in (job["metadata"].get("annotations") or {})


def may_start(job: Object) -> bool:
    """Tell whether a Job that has no pod yet may make one."""
    is_deleted = "deletionTimestamp" in job["metadata"]
    return not (is_finished(job) or is_deleted or job["spec"].get("suspend"))


def read_ms(text: str | None) -> int | None:
    """Read a time of the API; None for none, and for the beginning of time, which means none."""
    at_ms = 0 if not text else round(datetime.fromisoformat(text).timestamp() * 1000)
    return at_ms if at_ms > 0 else None


def _started_ms(state: Object) -> int | None:
    return read_ms((state.get("running") or state.get("terminated") or {}).get("startedAt"))


def _is_coming(pod: Object, states: Sequence[Object]) -> bool:
    has_node = "nodeName" in (pod.get("spec") or {})
    return has_node and not _is_image_away(states)


def _is_image_away(states: Sequence[Object]) -> bool:
    return any((state.get("waiting") or {}).get("reason") in _NOT_COMING for state in states)


def _trouble(status: Object, states: Sequence[Object]) -> Trouble | None:
    """Return what keeps a pod that lives from going on.

    A node that is not heard of any more says nothing of its pods: the controllers take their
    condition ``Ready`` away, while what the node wrote of the containers stays.
    """
    if _is_image_away(states):
        return Trouble.IMAGE
    ready = next((c for c in status.get("conditions") or [] if c["type"] == "Ready"), None)
    containers = status.get("containerStatuses") or []
    is_ready_itself = bool(containers) and all(each.get("ready") for each in containers)
    is_silent = ready is not None and ready["status"] != "True" and is_ready_itself
    return Trouble.MACHINE if is_silent else None


def _memory_bytes(pod: Object) -> int | None:
    """Return what the containers of a pod may use together; None where one has no limit."""
    containers = (pod.get("spec") or {}).get("containers") or []
    limits = [(each.get("resources") or {}).get("limits") or {} for each in containers]
    given: list[str] = [limit["memory"] for limit in limits if "memory" in limit]
    amounts = list(map(ceil, map(parse_quantity, given)))
    return sum(amounts) if amounts and len(amounts) == len(limits) else None


def _told_ms(pod: Object) -> int | None:
    metadata = pod["metadata"]
    gone_ms = read_ms(metadata.get("deletionTimestamp"))
    # It says when the grace is over.
    left_s = metadata.get("deletionGracePeriodSeconds") or 0
    return None if gone_ms is None else gone_ms - left_s * 1000


def _disruption(status: Object) -> tuple[bool, bool]:
    """Return whether the cluster ended a pod, and whether that cannot have been its own doing."""
    found = next((c for c in _true(status) if c["type"] == "DisruptionTarget"), None)
    if found is not None:
        reasons = (found.get("reason", ""), status.get("reason", ""))
        return True, reasons != _BY_OWN_USE
    # Without a container that ended, a reason of the pod says why a node gave it up.
    has_ended = any(
        "terminated" in (each.get("state") or {}) for each in status.get("containerStatuses") or []
    )
    reason = status.get("reason", "")
    return bool(reason) and (not has_ended or reason in ("Evicted", "NodeLost")), False


def _ended_about_ms(pod: Object, begun: Sequence[int]) -> int:
    """Return the best guess of the end of a pod whose node did not say when."""
    status = pod["status"]
    changed = {
        c["type"]: read_ms(c.get("lastTransitionTime")) for c in status.get("conditions") or []
    }
    # Since it is not ready any more nobody has heard of its containers.
    heard_ms = changed.get("Ready") if begun else changed.get("DisruptionTarget")
    made_ms = read_ms(status.get("startTime")) or read_ms(pod["metadata"]["creationTimestamp"])
    return max([*begun, heard_ms or made_ms or 1])


def _was_told(main: PodLife, jobs: Sequence[Object]) -> bool:
    """Tell whether it was asked to end before it did.

    A deletion that is repeated, as a kubelet does in the end, moves the time of the first one; what
    we noted on the Job stays. Ends have whole seconds.
    """
    if main.told_ms is None or main.ended_ms is None:
        return main.told_ms is not None
    noted = [(job["metadata"].get("annotations") or {}).get(STOPPED, "") for job in jobs]
    times = [int(text) // 1000 * 1000 for text in noted if text.isdecimal()]
    return min([main.told_ms, *times]) <= main.ended_ms


def _worst(lives: Sequence[PodLife]) -> PodLife:
    ended = [life for life in lives if life.ended_ms is not None]
    return next((life for life in ended if life.exit_code != 0), (ended or list(lives))[0])


def _true(status: Object) -> Iterator[Object]:
    return (c for c in status.get("conditions") or [] if c.get("status") == "True")
