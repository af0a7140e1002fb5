"""What the status of a pod means, and that every meaning has words and a next step."""

import pytest

from madang.hub import told
from madang.hub.kube_trouble import LOST_AFTER_S, Trouble, exit_status, is_running, trouble

AT_S = 1_800_000_000.0
GOING = "2027-01-15T08:00:00Z"  # AT_S


def pod(phase="Running", state=None, conditions=(), going="", **status):
    statuses = [{"name": "notebook", "image": "madang/user:1", "state": state or {"running": {}}}]
    limits = {"memory": str(8 * 1024**3)}
    return {
        "metadata": {"name": "nb-x-1", **({"deletionTimestamp": going} if going else {})},
        "spec": {
            "nodeName": "node-7",
            "containers": [{"name": "notebook", "resources": {"limits": limits}}],
        },
        "status": {
            "phase": phase,
            "podIP": "10.0.0.5",
            "conditions": list(conditions),
            "containerStatuses": statuses,
            **status,
        },
    }


def ended(code, reason="Error", message=""):
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def unplaced(message):
    """Return a pod that the scheduler gave to no node, with its words."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return pod("Pending", conditions=[{**condition, "message": message}], containerStatuses=[])


def waiting(reason, message="m"):
    return {"waiting": {"reason": reason, "message": message}}


def lost(reason):
    return {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "gone"}


CASES = [
    (pod(), None, None),
    (pod("Pending", waiting("ContainerCreating")), None, None),
    (pod("Failed", ended(137, "OOMKilled")), 137, "pod_memory"),
    (pod("Running", ended(137, "OOMKilled")), 137, "pod_memory"),
    (pod("Failed", ended(1, message="no module x")), 1, "server_died"),
    (pod("Succeeded", ended(0, "Completed")), 0, "server_died"),
    (pod("Failed", reason="Evicted", message="low on memory", containerStatuses=[]), 1, None),
    (pod("Failed", ended(137), reason="Evicted"), 137, "pod_evicted"),
    (pod("Failed", ended(143), reason="DeadlineExceeded"), 143, "pod_deadline"),
    (pod("Failed", reason="NodeLost", containerStatuses=[]), 1, "pod_node_lost"),
    (pod("Failed", ended(137), [lost("DeletionByPodGC")]), 137, "pod_node_lost"),
    (pod("Failed", containerStatuses=[]), 1, "pod_ended"),
    (pod("Pending", waiting("ImagePullBackOff")), None, "pod_image"),
    (pod("Pending", waiting("ErrImagePull")), None, "pod_image"),
    (pod("Pending", waiting("InvalidImageName")), None, "pod_image"),
    (pod("Pending", waiting("CreateContainerConfigError")), None, "pod_container"),
    (unplaced("0/3 nodes are available: 3 Insufficient nvidia.com/gpu."), None, "pod_unplaced"),
    *(
        (unplaced(f"0/3 nodes are available: {why}"), None, "pod_volume")
        for why in (
            "pod has unbound immediate PersistentVolumeClaims. not found.",
            'persistentvolumeclaim "home-ada" not found.',
            "3 node(s) didn't find available persistent volumes to bind.",
            "3 node(s) had volume node affinity conflict.",
            'running PreBind plugin "VolumeBinding": binding volumes: timed out',
        )
    ),
]


@pytest.mark.parametrize(("seen", "status", "code"), CASES)
def test_what_a_pod_says(seen, status, code):
    assert exit_status(seen, AT_S) == status
    found = trouble(seen, AT_S)
    if seen["status"].get("reason") == "Evicted":
        code = "pod_evicted"
    assert (found.code if found else None) == code


def test_a_pod_that_is_going_lives_until_its_time_is_long_over():
    seen = pod(going=GOING)
    assert not is_running(seen)
    assert exit_status(seen, AT_S + LOST_AFTER_S - 1) is None
    assert exit_status(seen, AT_S + LOST_AFTER_S + 1) == 1
    found = trouble(seen, AT_S + LOST_AFTER_S + 1)
    assert (found.code, found.details) == ("pod_node_lost", {"node": "node-7"})


def test_what_may_mend_itself_is_not_over():
    assert trouble(pod("Pending", waiting("ImagePullBackOff")), AT_S).is_over is False
    assert trouble(pod("Pending", waiting("InvalidImageName")), AT_S).is_over is True
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    found = trouble(pod("Pending", conditions=[condition], containerStatuses=[]), AT_S)
    assert (found.code, found.said, found.is_over) == (
        "pod_unplaced",
        "0/3 nodes are available",
        False,
    )


def test_running_needs_an_address():
    assert is_running(pod())
    assert not is_running(pod(podIP=None))
    assert not is_running(pod("Pending"))


def test_the_server_s_last_words_are_kept_short():
    found = trouble(pod("Failed", ended(1, message="x" * 9000)), AT_S)
    assert len(found.said) == 1500
    assert found.details == {"exit_code": "1"}
    memory = trouble(pod("Failed", ended(137, "OOMKilled")), AT_S)
    assert memory.details == {"memory": "8.0 GiB"}


@pytest.mark.parametrize("given", [{}, {"status": {}}, {"metadata": {}, "status": None}])
def test_a_pod_that_says_nothing_is_no_trouble(given):
    assert exit_status(given, AT_S) is None
    assert trouble(given, AT_S) is None
    assert not is_running(given)


ALL = [trouble(seen, AT_S) for seen, _, _ in CASES] + [
    Trouble("pod_deleted"),
    Trouble("pod_cluster_away"),
    Trouble("pod_refused"),
    Trouble("pod_unplaced"),
]


@pytest.mark.parametrize("found", [one for one in ALL if one], ids=lambda one: one.code)
def test_every_trouble_has_words_in_both_languages(found):
    for part in ("message", "hint"):
        texts = told.both(f"error.{found.code}.{part}", **found.details)
        assert texts["ko"] != texts["en"]
        for value in texts.values():
            assert "{" not in value
            assert not value.startswith("error.")
