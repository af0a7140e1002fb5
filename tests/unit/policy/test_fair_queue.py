"""The rules of the queue, one by one; the model in test_fair_queue_model.py has them together."""

import pytest

from madang.domain.lease import LeaseClass, LeaseKind, WaitReason
from madang.domain.queue import ProjectShare, QueueItem
from madang.i18n import catalogue
from madang.policy.decisions import AskBack, Refuse, Start
from madang.policy.fair_queue import FairQueue

HOUR = 3_600_000


def lease(lease_id, devices=1, project="a", person="ada", at=0, **more):
    more.setdefault("lease_class", LeaseClass.BATCH)
    return QueueItem(
        lease_id=lease_id,
        attempt=more.pop("attempt", 1),
        person=person,
        project=project,
        kind=LeaseKind.SLOT,
        flavor=more.pop("flavor", "gpu"),
        devices=devices,
        submitted_ms=at,
        limit_ms=HOUR,
        **more,
    )


def share(project, guaranteed=0, **more):
    return ProjectShare(project=project, guaranteed={"gpu": guaranteed}, **more)


def submit(queue, *items, now=0):
    for item in items:
        queue.submit(item, now)
    return queue.tick(now)


def started(decisions):
    return [d.lease_id for d in decisions if isinstance(d, Start)]


def asked(decisions):
    return [d.lease_id for d in decisions if isinstance(d, AskBack)]


def reasons(queue, now=0):
    return [(w.lease_id, w.reason) for w in queue.waiting("gpu", now)]


def test_least_usage_per_weight_goes_first():
    queue = FairQueue({"gpu": 1})
    queue.set_share(share("a", usage_device_ms=10 * HOUR, weight=1), 0)
    queue.set_share(share("b", usage_device_ms=30 * HOUR, weight=4), 0)
    assert started(submit(queue, lease("x", project="a"), lease("y", project="b", at=5))) == ["y"]


def test_usage_halves_in_a_half_life_and_accrues_while_held():
    queue = FairQueue({"gpu": 2}, half_life_ms=100 * HOUR)
    queue.set_share(share("a", usage_device_ms=8.0), 0)
    assert queue.usage_device_ms("a", 100 * HOUR) == pytest.approx(4.0)
    submit(queue, lease("x", 2, project="b"))
    assert queue.usage_device_ms("b", HOUR) == pytest.approx(2 * HOUR, rel=0.01)
    queue.finished("x", HOUR)
    assert queue.usage_device_ms("b", 101 * HOUR) == pytest.approx(HOUR, rel=0.01)


def test_a_burst_at_one_instant_is_divided_by_weight():
    queue = FairQueue({"gpu": 6})
    queue.set_share(share("a", weight=2), 0)
    items = [lease(f"{project}{n}", project=project) for project in "ab" for n in range(6)]
    assert sorted(name[0] for name in started(submit(queue, *items))) == list("aaaabb")


def test_inside_a_project_class_then_member_then_time():
    queue = FairQueue({"gpu": 1})
    submit(queue, lease("first", person="ada"))
    submit(
        queue,
        lease("late", person="bora", at=9),
        lease("early", person="bora", at=1),
        lease("used", person="ada", at=0),
        lease("notebook", person="ada", at=20, lease_class=LeaseClass.INTERACTIVE),
    )
    order = [w.lease_id for w in queue.waiting("gpu", HOUR)]
    assert order[:2] == ["notebook", "early"]
    seen = []
    last = "first"
    for turn in range(1, 5):
        queue.finished(last, turn * HOUR)
        (last,) = started(queue.tick(turn * HOUR))
        seen.append(last)
    assert seen == ["notebook", "early", "late", "used"]


def test_devices_are_collected_for_the_head_and_nothing_passes_it():
    queue = FairQueue({"gpu": 4})
    submit(queue, lease("a1", 1), lease("a2", 1), lease("a3", 1))
    assert submit(queue, lease("gang", 4, project="b"), now=1) == []
    assert submit(queue, lease("small", 1, project="c"), now=2) == []
    assert reasons(queue, 2) == [
        ("gang", WaitReason.GANG),
        ("small", WaitReason.OTHERS_FIRST),
    ]
    for number, name in enumerate(["a1", "a2", "a3"]):
        queue.finished(name, 10 + number)
        decided = queue.tick(10 + number)
    assert started(decided) == ["gang"]


def test_a_newcomer_without_usage_does_not_displace_the_head():
    queue = FairQueue({"gpu": 4})
    queue.set_share(share("b", usage_device_ms=900 * HOUR), 0)
    submit(queue, lease("a1", 2))
    submit(queue, lease("gang", 4, project="b"))
    assert submit(queue, lease("new", 1, project="c"), now=1) == []
    assert [w.lease_id for w in queue.waiting("gpu", 1)] == ["gang", "new"]


def test_a_guarantee_passes_the_head_but_not_its_own_projects_head():
    queue = FairQueue({"gpu": 4})
    queue.set_share(share("b", 2), 0)
    queue.set_share(share("c", 1), 0)
    submit(queue, lease("a1", 2, is_preemptible=False))
    assert submit(queue, lease("gang", 4, project="b"), now=1) == []
    assert submit(queue, lease("own", 1, project="b"), now=2) == []
    assert started(submit(queue, lease("other", 1, project="c"), now=3)) == ["other"]


def test_lent_devices_are_asked_back_once_and_only_as_many_as_needed():
    queue = FairQueue({"gpu": 8}, grace_ms=7)
    queue.set_share(share("owner", 4), 0)
    first = submit(queue, *[lease(f"l{n}", 2, project="b", at=n) for n in range(4)])
    assert [d.lent for d in first] == [2, 2, 2, 2]
    decided = submit(queue, lease("need", 3, project="owner"), now=1)
    assert decided == [AskBack("l3", 1, 7, "need"), AskBack("l2", 1, 7, "need")]
    queue.submit(lease("l0", 2, project="b", at=9), 2)
    assert queue.tick(2) == []
    queue.finished("l3", 3)
    assert queue.tick(3) == []
    queue.submit(lease("l3", 2, project="b", attempt=2), 3)
    queue.finished("l2", 4)
    assert queue.tick(4) == [Start("need", 1, 0)]
    assert queue.free("gpu") == 1


def test_who_is_within_its_guarantee_or_not_preemptible_is_never_asked():
    queue = FairQueue({"gpu": 8})
    queue.set_share(share("owner", 4), 0)
    queue.set_share(share("safe", 4), 0)
    submit(queue, lease("s1", 4, project="safe"))
    submit(queue, lease("fixed", 4, project="b", is_preemptible=False))
    assert submit(queue, lease("need", 2, project="owner"), now=1) == []
    assert reasons(queue, 1) == [("need", WaitReason.DEVICES_BUSY)]


def test_a_gang_that_reaches_into_its_guarantee_is_asked_last():
    queue = FairQueue({"gpu": 8})
    queue.set_share(share("owner", 2), 0)
    queue.set_share(share("b", 3), 0)
    submit(queue, lease("single", 1, project="b"))
    submit(queue, lease("gang", 5, project="b"), lease("c1", 2, project="c"))
    decided = submit(queue, lease("need", 1, project="owner"), now=1)
    assert asked(decided) == ["c1"]
    queue.finished("c1", 2)
    queue.tick(2)
    assert asked(submit(queue, lease("more", 1, project="owner"), now=3)) == []


def test_patience_gives_borrowers_time_before_they_are_asked():
    queue = FairQueue({"gpu": 1}, lend_patience_ms=100)
    queue.set_share(share("owner", 1), 0)
    submit(queue, lease("lent", project="b"))
    assert submit(queue, lease("need", project="owner"), now=10) == []
    assert queue.tick(109) == []
    assert asked(queue.tick(110)) == ["lent"]
    assert queue.tick(111) == []


def test_caps_pass_over_and_say_so():
    queue = FairQueue({"gpu": 9})
    queue.set_share(share("a", max_devices_person=2, max_devices_project=3), 0)
    decided = submit(
        queue,
        lease("a1", 2, person="ada"),
        lease("a2", 1, person="ada", at=1),
        lease("b1", 2, person="bora", at=2),
        lease("b2", 1, person="bora", at=3),
        lease("c1", 1, project="c", at=4),
    )
    # bora's pair waits for the project's cap, so her single one behind it does not use it up.
    assert sorted(started(decided)) == ["a1", "c1"]
    assert dict(reasons(queue)) == {
        "a2": WaitReason.PERSON_CAP,
        "b1": WaitReason.PROJECT_CAP,
        "b2": WaitReason.PROJECT_CAP,
    }
    queue.finished("a1", 1)
    assert sorted(started(queue.tick(1))) == ["a2", "b1"]


def test_held_back_waits_without_blocking_and_keeps_its_place():
    queue = FairQueue({"gpu": 1})
    submit(queue, lease("run"))
    submit(queue, lease("held", at=1, is_held_back=True), lease("next", at=2))
    assert reasons(queue) == [("next", WaitReason.DEVICES_BUSY), ("held", WaitReason.HELD_BACK)]
    submit(queue, lease("held", at=1))
    assert [w.lease_id for w in queue.waiting("gpu", 0)] == ["held", "next"]
    queue.submit(lease("held", at=1, is_held_back=True), 1)
    queue.finished("run", 1)
    assert started(queue.tick(1)) == ["next"]


def test_without_devices_it_starts_at_once_whatever_the_caps():
    queue = FairQueue({"gpu": 0})
    queue.set_share(share("a", max_devices_person=0), 0)
    assert started(submit(queue, lease("cpu", 0, flavor="cpu"))) == ["cpu"]
    assert [r.item.lease_id for r in queue.running("cpu")] == ["cpu"]
    queue.finished("cpu", 1)
    assert queue.running() == []


@pytest.mark.parametrize(
    ("item", "code", "details"),
    [
        (lease("x", 5), "more_devices_than_pool", {"given": 5, "limit": 4, "flavor": "gpu"}),
        (lease("x", 3), "more_devices_than_cap", {"given": 3, "limit": 2, "flavor": "gpu"}),
        (lease("x", 1, flavor="cpu"), "more_devices_than_pool", {"given": 1, "limit": 0}),
        (lease("x", 1, flavor="tpu"), "unknown_flavor", {"given": "tpu", "known": ["gpu"]}),
    ],
)
def test_what_can_never_start_is_refused_once(item, code, details):
    queue = FairQueue({"gpu": 4})
    queue.set_share(share("a", max_devices_person=2, max_devices_project=4), 0)
    (decision,) = submit(queue, item)
    assert isinstance(decision, Refuse)
    assert decision.code == code
    assert details.items() <= decision.details.items()
    for part in ("message", "hint"):
        for words in catalogue()[f"error.{code}.{part}"]:
            assert words.format(**decision.details)
    assert queue.tick(1) == []
    assert queue.waiting_items() == []


def test_a_lower_cap_refuses_what_waits_but_lost_devices_do_not():
    queue = FairQueue({"gpu": 4})
    submit(queue, lease("run", 4))
    submit(queue, lease("big", 4), lease("fit", 2, at=1))
    queue.set_capacity("gpu", 3)
    assert queue.free("gpu") == 0
    queue.finished("run", 1)
    assert started(queue.tick(1)) == ["fit"]
    queue.set_share(share("a", max_devices_project=8), 2)
    assert queue.tick(2) == []
    assert [w.lease_id for w in queue.waiting("gpu", 2)] == ["big"]
    queue.set_share(share("a", max_devices_project=3), 3)
    assert [(d.lease_id, d.code) for d in queue.tick(3)] == [("big", "more_devices_than_cap")]


def test_repeats_and_late_events_change_nothing():
    queue = FairQueue({"gpu": 2})
    item = lease("x")
    submit(queue, item, item)
    assert submit(queue, item) == []
    queue.withdraw("x", 1)
    assert queue.free("gpu") == 1
    for _ in range(2):
        queue.finished("x", 2)
        queue.withdraw("gone", 2)
    assert queue.tick(2) == []
    assert queue.free("gpu") == 2


def test_the_next_attempt_waits_for_the_devices_of_the_present_one():
    queue = FairQueue({"gpu": 2})
    submit(queue, lease("x"))
    assert submit(queue, lease("x", attempt=2)) == []
    queue.finished("x", 5)
    assert queue.tick(5) == [Start("x", 2, 1)]
    submit(queue, lease("x", attempt=3))
    queue.withdraw("x", 6)
    queue.finished("x", 7)
    assert queue.tick(7) == []


def test_adopted_leases_hold_their_devices_after_a_restart():
    queue = FairQueue({"gpu": 2})
    queue.submit(lease("x", 2), 0)
    queue.started(lease("x", 2), 0)
    queue.started(lease("x", 2), 0)
    assert queue.free("gpu") == 0
    assert submit(queue, lease("y")) == []
    queue.started(lease("z"), 1)
    assert queue.free("gpu") == 0
    queue.finished("x", 2)
    assert started(queue.tick(2)) == ["y"]


def test_a_copy_goes_its_own_way():
    queue = FairQueue({"gpu": 2})
    submit(queue, lease("x", 2))
    submit(queue, lease("y", 2))
    copy = queue.copy()
    copy.finished("x", 1)
    assert started(copy.tick(1)) == ["y"]
    assert queue.free("gpu") == 0
    assert [w.lease_id for w in queue.waiting("gpu", 1)] == ["y"]


def test_asking_for_places_decides_nothing():
    queue = FairQueue({"gpu": 3})
    queue.submit(lease("x", 2), 0)
    queue.submit(lease("y", 2, at=1), 0)
    assert reasons(queue) == [("x", WaitReason.STARTING), ("y", WaitReason.GANG)]
    assert queue.waiting("nothing", 0) == []
    assert started(queue.tick(0)) == ["x"]


def test_a_gang_that_reaches_into_its_guarantee_is_asked_when_nothing_else_is_lent():
    queue = FairQueue({"gpu": 8})
    queue.set_share(share("owner", 2), 0)
    queue.set_share(share("b", 3), 0)
    submit(queue, lease("own", 2, project="b"))
    submit(queue, lease("gang", 5, project="b", at=1), lease("fixed", 1, is_preemptible=False))
    assert asked(submit(queue, lease("need", 2, project="owner"), now=1)) == ["gang"]


def test_what_cannot_be_asked_back_counts_first_towards_the_guarantee():
    queue = FairQueue({"gpu": 4})
    queue.set_share(share("owner", 2), 0)
    queue.set_share(share("b", 2), 0)
    submit(queue, lease("early", 2, project="b"))
    submit(queue, lease("fixed", 2, project="b", is_preemptible=False))
    assert asked(submit(queue, lease("need", 2, project="owner"), now=1)) == ["early"]
