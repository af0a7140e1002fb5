"""The pure parts of the Kubernetes engine: objects from leases and projects, devices from nodes."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.engines.kubernetes import queues, workloads
from madang.engines.kubernetes.nodes import Pool

H200 = ClusterFlavor(name="h200", node_labels={"kind": "h200"})
SLICE = ClusterFlavor(name="slice", resource="nvidia.com/mig-1g.18gb", node_labels={"kind": "mig"})
SHARED = ClusterFlavor(
    name="shared", node_labels={"kind": "shared"}, sharing="mps", project="project-a"
)
POLICY = ClusterPolicy(flavors=(H200, SLICE, SHARED))
NOW = 1_800_000_000_000


def item(**changes):
    values = {
        "lease_id": "lease-a",
        "attempt": 1,
        "person": "person-a",
        "project": "project-a",
        "kind": LeaseKind.SLOT,
        "lease_class": LeaseClass.BATCH,
        "flavor": "h200",
        "devices": 2,
        "submitted_ms": NOW,
        "limit_ms": 3_600_000,
    }
    return QueueItem(**(values | changes))


def made(one):
    return workloads.workload(one, H200, "project-a", "madang")


def test_a_workload_tells_its_item_and_whether_another_is_the_same():
    one = item(is_preemptible=False)
    found = json.loads(json.dumps(made(one)))
    assert workloads.item_of(found) == one
    assert workloads.is_same(found, one)
    assert workloads.is_same(found, replace(one, is_held_back=True, limit_ms=1))
    for other in (
        replace(one, attempt=2),
        replace(one, devices=1),
        replace(one, flavor="slice"),
        replace(one, submitted_ms=NOW + 60_000),
    ):
        assert not workloads.is_same(found, other)


def test_a_workload_edited_by_hand_is_nobodys():
    for edit in ("", "{}", "[]", '{"lease_id": "lease-a"}', made(item(lease_id="lease-b"))):
        found = made(item())
        found["metadata"]["annotations"][workloads.ITEM] = edit
        assert workloads.item_of(found) is None
    found["metadata"].pop("annotations")
    assert workloads.item_of(found) is None


@given(
    st.integers(NOW, NOW + 3 * 365 * 86_400_000),
    st.integers(250, 86_400_000),
    st.sampled_from(LeaseClass),
)
def test_who_asked_earlier_is_first_within_a_class_and_interactive_before_batch(at, later, kind):
    first = item(submitted_ms=at, lease_class=kind)
    second = item(submitted_ms=at + later, lease_class=kind)
    assert workloads.priority(first) > workloads.priority(second)
    quick = item(submitted_ms=at + later, lease_class=LeaseClass.INTERACTIVE)
    batch = item(submitted_ms=at, lease_class=LeaseClass.BATCH)
    assert workloads.priority(quick) > workloads.priority(batch)
    for each in (first, second, quick, batch):
        assert -(1 << 31) <= workloads.priority(each) < workloads.KEPT


counts = st.dictionaries(st.sampled_from(["h200", "slice"]), st.integers(0, 20))


@given(counts, st.dictionaries(st.sampled_from("abcd"), counts))
def test_no_more_is_guaranteed_than_there_is(capacity, asked):
    given_ = queues.guarantees(capacity, asked)
    assert given_.keys() == asked.keys()
    for flavor in ("h200", "slice"):
        there, wanted = capacity.get(flavor, 0), sum(q.get(flavor, 0) for q in asked.values())
        total = sum(q.get(flavor, 0) for q in given_.values())
        assert total == min(there, wanted)
        for project, quotas in given_.items():
            assert 0 <= quotas.get(flavor, 0) <= asked[project].get(flavor, 0)


def test_queue_objects_divide_all_devices_between_guarantees_and_the_cohort():
    shares = [
        ProjectShare(project="project-a", guaranteed={"h200": 3}, max_devices_project=5),
        ProjectShare(project="project-b", weight=2),
    ]
    found = queues.objects(POLICY, shares, {"h200": 8, "slice": 7, "shared": 4})
    by_name = {path.split("/")[-1]: body["spec"] for path, body in found.items()}
    cohort = by_name["madang"]["resourceGroups"]
    assert _quota(cohort, "madang-h200") == {"nominalQuota": "5"}
    own = by_name["madang-project-a"]
    assert _quota(own["resourceGroups"], "madang-h200") == {
        "nominalQuota": "3",
        "borrowingLimit": "2",
    }
    assert own["stopPolicy"] == "None"
    other = by_name["madang-project-b"]
    assert other["fairSharing"] == {"weight": "2"}
    # Devices whose memory nobody keeps apart are offered inside one project only.
    assert _quota(own["resourceGroups"], "madang-shared")
    assert _quota(other["resourceGroups"], "madang-shared") is None
    paused = queues.objects(POLICY, shares, {"h200": 8}, is_paused=True)
    stopped = [b["spec"]["stopPolicy"] for p, b in paused.items() if "/clusterqueues/" in p]
    assert stopped == ["Hold", "Hold"]


def _quota(groups, flavor):
    for group in groups:
        for each in group["flavors"]:
            if each["name"] == flavor:
                return {k: v for k, v in each["resources"][0].items() if k != "name"}
    return None


def node(devices, *, kind="h200", resource="nvidia.com/gpu", ready="True", **spec):
    return {
        "metadata": {"labels": {"kind": kind}},
        "spec": spec,
        "status": {
            "allocatable": {resource: str(devices), "cpu": "4"},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def test_nodes_offer_devices_while_pods_may_go_there():
    pool = Pool(POLICY.flavors)
    assert pool.hear("n1", node(8))
    assert not pool.hear("n1", node(8))
    pool.hear("n2", node(8, unschedulable=True))
    pool.hear("n3", node(8, ready="Unknown"))
    pool.hear("n4", node(7, kind="mig", resource="nvidia.com/mig-1g.18gb"))
    pool.hear("n5", node(8, kind="other"))
    assert (pool.offered("h200"), pool.offered("slice"), pool.offered("cpu")) == (8, 7, 0)
    assert pool.hear("n1", None)
    assert (pool.offered("h200"), pool.largest("h200")) == (0, 8)


def test_devices_held_beyond_what_nodes_offer_keep_their_names():
    pool = Pool(POLICY.flavors)
    pool.hear("n1", node(2))
    assert pool.hold(("lease-a", 1), "h200", 2) == ("h200-0", "h200-1")
    assert pool.hold(("lease-b", 1), "h200", 1) == ("h200-2",)
    pool.hear("n1", None)
    assert pool.hold(("lease-c", 1), "h200", 1) == ("h200-3",)
    pool.let_go(("lease-a", 1))
    pool.hear("n1", node(2))
    pool.drain({"h200-0"})
    assert (pool.usable("h200"), pool.healthy("h200")) == (1, 1)
    assert pool.hold(("lease-d", 1), "h200", 1) == ("h200-1",)
