"""How an attempt's life is read from pods and Jobs, as nodes and controllers write them."""

from typing import Any

import pytest

from madang.engines.kubernetes.pod_life import attempt_life, is_finished, may_start, pod_life
from madang.engines.ports import AttemptLife, Trouble

T0 = 1_793_448_000_000
"""2026-10-31T12:00:00Z"""


def at(seconds: int) -> str:
    return f"2026-10-31T12:{seconds // 60:02d}:{seconds % 60:02d}Z"


def ms(seconds: int) -> int:
    return T0 + seconds * 1000


def pod(phase: str, role: str = "worker", node: str = "node-1", **status: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": "lease-a-1-x",
        "creationTimestamp": at(0),
        "labels": {"madang.dev/role": role},
    }
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        if key in status:
            metadata[key] = status.pop(key)
    return {
        "metadata": metadata,
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase, **status},
    }


def container(**state: Any) -> list[dict[str, Any]]:
    return [{"name": "main", "state": state}]


def running(role: str = "worker", begin: int = 5, **more: Any) -> dict[str, Any]:
    state = container(running={"startedAt": at(begin)})
    return pod("Running", role, containerStatuses=state, **more)


def ended(
    code: int, reason: str, role: str = "worker", end: int = 65, **more: Any
) -> dict[str, Any]:
    done = {"exitCode": code, "reason": reason, "startedAt": at(5), "finishedAt": at(end)}
    phase = "Failed" if code else "Succeeded"
    return pod(phase, role, containerStatuses=container(terminated=done), **more)


def condition(kind: str, status: str, reason: str = "", second: int = 60) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": at(second)}


def job(*conditions: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {}, "spec": spec, "status": {"conditions": list(conditions)}}


OVER = job(condition("Failed", "True", "BackoffLimitExceeded"))


@pytest.mark.parametrize(
    "waiting",
    [
        {"containerStatuses": container(waiting={"reason": "ContainerCreating"})},
        {"containerStatuses": container(waiting={"reason": "ImagePullBackOff", "message": "no"})},
        {"conditions": [condition("PodScheduled", "False", "Unschedulable")]},
        {},
    ],
)
def test_what_waits_has_not_started_and_still_may(waiting: dict[str, Any]) -> None:
    waits = pod("Pending", **waiting)
    assert attempt_life([waits], [job()]).started_ms is None
    assert pod_life(waits).lives


@pytest.mark.parametrize(
    ("waits", "is_coming"),
    [
        (pod("Pending"), True),
        (
            pod("Pending", containerStatuses=container(waiting={"reason": "ContainerCreating"})),
            True,
        ),
        (
            pod("Pending", containerStatuses=container(waiting={"reason": "ImagePullBackOff"})),
            False,
        ),
        (pod("Pending", containerStatuses=container(waiting={"reason": "ErrImagePull"})), False),
        (pod("Pending", node=""), False),
        (pod("Pending", deletionTimestamp=at(80)), False),
    ],
)
def test_what_its_node_makes_ready_is_coming(waits: dict[str, Any], is_coming: bool) -> None:
    life = attempt_life([waits], [job()])
    assert life == AttemptLife(is_coming=is_coming, trouble=life.trouble)


def test_what_runs_lives() -> None:
    life = attempt_life([running()], [job()])
    assert life == AttemptLife(started_ms=ms(5))
    assert life.is_alive


def test_a_good_end_and_a_bad_one() -> None:
    assert attempt_life([ended(0, "Completed")], [OVER]) == AttemptLife(
        started_ms=ms(5), ended_ms=ms(65), exit_code=0
    )
    assert attempt_life([ended(1, "Error")], [OVER]) == AttemptLife(
        started_ms=ms(5), ended_ms=ms(65), exit_code=1
    )


def test_memory_ran_out() -> None:
    life = attempt_life([ended(137, "OOMKilled")], [OVER])
    assert (life.exit_code, life.is_sure, life.was_told) == (137, True, False)
    assert life.is_out_of_memory
    assert not attempt_life([ended(137, "Error")], [OVER]).is_out_of_memory
    # It was its own doing, so nothing is paid back.
    assert life.machine_since_ms is None


def test_how_much_memory_there_was_is_told() -> None:
    short = ended(137, "OOMKilled")
    short["spec"]["containers"] = [{"resources": {"limits": {"memory": "1536Mi"}}}]
    assert attempt_life([short], [OVER]).memory_bytes == 1536 * 1024**2
    fine = ended(0, "Completed")
    fine["spec"] = short["spec"]
    assert attempt_life([fine], [OVER]).memory_bytes is None


@pytest.mark.parametrize(("ready", "is_silent"), [("True", False), ("False", True)])
def test_a_node_that_is_silent_is_told_while_its_pod_may_live(ready: str, is_silent: bool) -> None:
    """The controllers take `Ready` away; what the node wrote of its containers stays."""
    states = [{"name": "main", "ready": True, "state": {"running": {"startedAt": at(5)}}}]
    found = pod(
        "Running", containerStatuses=states, conditions=[{"type": "Ready", "status": ready}]
    )
    life = attempt_life([found], [])
    assert life.is_alive
    assert life.trouble is (Trouble.MACHINE if is_silent else None)
    # A container that is not ready itself says nothing of its node.
    states[0]["ready"] = False
    assert attempt_life([found], []).trouble is None


def test_an_image_that_is_not_there_is_told() -> None:
    found = pod("Pending", containerStatuses=container(waiting={"reason": "ImagePullBackOff"}))
    life = attempt_life([found], [])
    assert (life.trouble, life.is_coming) == (Trouble.IMAGE, False)


def test_told_to_stop() -> None:
    gone = {"deletionTimestamp": at(80), "deletionGracePeriodSeconds": 20}
    assert attempt_life([running(**gone)], [job(suspend=True)]).was_told
    life = attempt_life([ended(143, "Error", **gone)], [OVER])
    assert (life.exit_code, life.was_told, life.is_sure) == (143, True, True)


@pytest.mark.parametrize(
    ("noted", "was_told"), [(64, True), (65, True), (67, False), (None, False)]
)
def test_a_deletion_that_is_repeated_makes_nobody_end_by_themselves(noted, was_told) -> None:
    moved = {"deletionTimestamp": at(70), "deletionGracePeriodSeconds": 0}
    stopped = job(suspend=True)
    if noted is not None:
        stopped["metadata"]["annotations"] = {"madang.dev/stopped-ms": str(ms(noted) + 400)}
    assert attempt_life([ended(143, "Error", **moved)], [stopped]).was_told is was_told


def test_what_ended_before_it_was_deleted_was_not_told() -> None:
    gone = {"deletionTimestamp": at(90), "deletionGracePeriodSeconds": 0}
    assert not attempt_life([ended(1, "Error", **gone)], [OVER]).was_told


@pytest.mark.parametrize(
    ("reason", "is_faultless"),
    [
        ("EvictionByEvictionAPI", True),
        ("PreemptionByScheduler", True),
        ("DeletionByTaintManager", True),
        ("TerminationByKubelet", True),
    ],
)
def test_disrupted_is_lost_and_no_fault_of_its_person(reason: str, is_faultless: bool) -> None:
    more = {
        "conditions": [condition("DisruptionTarget", "True", reason)],
        "deletionTimestamp": at(80),
        "deletionGracePeriodSeconds": 20,
    }
    life = attempt_life([ended(143, "Error", **more)], [OVER])
    assert not life.is_sure
    assert not life.was_told
    assert life.ended_ms == ms(65)
    assert (life.machine_since_ms == ms(65) + 1) is is_faultless
    assert life.started_ms is not None
    assert life.machine_since_ms is not None
    assert life.machine_since_ms > life.started_ms


def test_evicted_for_what_it_used_is_lost_and_not_paid_back() -> None:
    evicted = pod(
        "Failed",
        reason="Evicted",
        message="The node was low on resource: ephemeral-storage.",
        startTime=at(2),
        conditions=[condition("DisruptionTarget", "True", "TerminationByKubelet", 30)],
    )
    life = attempt_life([evicted], [OVER])
    assert (life.is_sure, life.machine_since_ms) == (False, None)
    # The node gave no container, so what is known is when it was cut.
    assert (life.started_ms, life.ended_ms) == (ms(30), ms(30))


def test_refused_by_the_node_before_it_began() -> None:
    refused = pod("Failed", reason="UnexpectedAdmissionError", startTime=at(3))
    life = attempt_life([refused], [OVER])
    assert (life.started_ms, life.ended_ms, life.is_sure) == (ms(3), ms(3), False)


def test_a_node_that_says_nothing_ends_nothing() -> None:
    unheard = running(
        conditions=[
            condition("Ready", "False", "NodeNotReady", 70),
            condition("DisruptionTarget", "True", "DeletionByTaintManager", 75),
        ],
        deletionTimestamp=at(100),
        deletionGracePeriodSeconds=20,
    )
    assert attempt_life([unheard], [job()]).is_alive
    unknown = {**unheard, "status": {**unheard["status"], "phase": "Unknown"}}
    assert attempt_life([unknown], [job()]).is_alive


def test_a_lost_node_is_an_estimate() -> None:
    lost = running(
        conditions=[
            condition("Ready", "False", "NodeNotReady", 70),
            condition("DisruptionTarget", "True", "DeletionByPodGC", 300),
        ],
    )
    lost["status"]["phase"] = "Failed"
    life = attempt_life([lost], [OVER])
    assert (life.started_ms, life.ended_ms, life.is_sure) == (ms(5), ms(70), False)
    assert life.machine_since_ms == ms(70) + 1
    assert life.exit_code is None


def test_a_node_that_forgot_its_container() -> None:
    done = {"exitCode": 137, "reason": "ContainerStatusUnknown"}
    forgot = pod("Failed", containerStatuses=container(terminated=done), startTime=at(4))
    life = attempt_life([forgot], [OVER])
    assert (life.is_sure, life.ended_ms) == (False, ms(4))


def test_a_program_that_is_not_in_the_image() -> None:
    done = {
        **{"exitCode": 128, "reason": "StartError", "message": "exec: python: not found"},
        **{"startedAt": "1970-01-01T00:00:00Z", "finishedAt": at(9)},
    }
    life = attempt_life([pod("Failed", containerStatuses=container(terminated=done))], [OVER])
    assert life == AttemptLife(started_ms=ms(9), ended_ms=ms(9), exit_code=128)


def test_the_time_limit_ends_it() -> None:
    gone = {"deletionTimestamp": at(80), "deletionGracePeriodSeconds": 20}
    ending = job(condition("FailureTarget", "True", "DeadlineExceeded"))
    life = attempt_life([running(**gone)], [ending])
    assert (life.is_alive, life.is_overdue, life.was_told) == (True, True, False)
    over = job(condition("Failed", "True", "DeadlineExceeded"))
    life = attempt_life([ended(143, "Error", **gone)], [over])
    assert (life.is_overdue, life.was_told, life.is_sure) == (True, False, True)
    by_node = ended(137, "Error")
    by_node["status"]["reason"] = "DeadlineExceeded"
    assert attempt_life([by_node], [job()]).is_overdue


def test_deleted_before_it_had_a_node_it_never_lived() -> None:
    gone = {"deletionTimestamp": at(3), "deletionGracePeriodSeconds": 0}
    never = pod("Pending", node="", **gone)
    assert not pod_life(never).lives
    assert attempt_life([never], [job(suspend=True)]) == AttemptLife()
    # On a node it may be starting at this moment.
    assert pod_life(pod("Pending", **gone)).lives


def test_a_cluster_has_ended_when_all_of_it_has_and_its_scheduler_says_how() -> None:
    scheduler = ended(0, "Completed", "scheduler", 70)
    life = attempt_life([running("worker-0", 3), scheduler], [OVER])
    assert (life.started_ms, life.ended_ms, life.exit_code) == (ms(3), None, 0)
    life = attempt_life([ended(9, "Error", "worker-0", 75), scheduler], [OVER])
    assert (life.ended_ms, life.exit_code) == (ms(75), 0)


def test_of_workers_alone_the_first_that_ended_badly_counts() -> None:
    good, bad = ended(0, "Completed", "worker-0"), ended(3, "Error", "worker-1")
    assert attempt_life([good, bad], []).exit_code == 3
    assert attempt_life([good, running("worker-1")], []).is_alive
    assert attempt_life([good], []).exit_code == 0


def test_what_the_hub_started_is_read_as_well() -> None:
    server = ended(0, "Completed")
    del server["metadata"]["labels"]["madang.dev/role"]
    assert attempt_life([server], []) == AttemptLife(started_ms=ms(5), ended_ms=ms(65), exit_code=0)


def test_which_jobs_may_still_make_a_pod() -> None:
    assert may_start(job())
    assert not may_start(job(suspend=True))
    assert not may_start(OVER)
    assert not may_start(job(condition("Complete", "True")))
    assert not may_start({**job(), "metadata": {"deletionTimestamp": at(1)}})
    assert may_start(job(condition("Failed", "False")))
    assert not is_finished(job(condition("Suspended", "True")))
