"""Whose turn it is, told beforehand, is what the queue itself decides at its next tick."""

import random
from dataclasses import replace

import pytest

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.policy.decisions import Start
from madang.policy.fair_queue import FairQueue

NOW = 1_800_000_000_000
FLAVOR = "h200"


def item(number, devices=1, **changes):
    one = QueueItem(
        lease_id=f"lease-{number}",
        attempt=1,
        person="ada",
        project="a",
        kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH,
        flavor=FLAVOR,
        devices=devices,
        submitted_ms=NOW + number * 1_000,
        limit_ms=3_600_000,
    )
    return replace(one, **changes)


def played(chance):
    """Return a queue that has a past: use, holders, caps, guarantees, held-back leases."""
    queue = FairQueue({FLAVOR: chance.randint(0, 12)})
    for project in "abc":
        share = ProjectShare(
            project=project,
            weight=chance.randint(1, 3),
            guaranteed={FLAVOR: chance.choice([0, 0, 3])},
            usage_device_ms=chance.random() * 1e8,
            max_devices_person=chance.choice([None, None, 3]),
            max_devices_project=chance.choice([None, None, 5]),
        )
        queue.set_share(share, NOW)
    for number in range(40):
        one = item(
            number,
            chance.choice([1, 1, 1, 2, 4]),
            project=chance.choice("abc"),
            person=chance.choice(["ada", "bora"]),
            lease_class=chance.choice(list(LeaseClass)),
            is_held_back=chance.random() < 0.1,
        )
        if chance.random() < 0.2:
            queue.started(one, NOW + number)
        else:
            queue.submit(one, NOW + number)
    for running in queue.running()[::2]:
        queue.finished(running.item.lease_id, NOW + 100_000)
    return queue


def starts(queue, now):
    return [one.lease_id for one in queue.copy().tick(now) if isinstance(one, Start)]


@pytest.mark.parametrize("seed", range(300))
def test_it_is_what_a_tick_starts_in_its_order(seed):
    queue, now = played(random.Random(seed)), NOW + 200_000
    expected, order = starts(queue, now), queue.waiting(FLAVOR, now)
    head = queue._pools[FLAVOR].head
    front = queue.front(FLAVOR, now)
    told = [one.lease_id for one in front.starting]
    if front.reclaiming:
        # The tick asks back for one after another, and lets nobody pass meanwhile.
        assert told[: len(expected)] == expected
    else:
        assert told == expected
    # Nothing has changed but who is the head.
    queue._pools[FLAVOR].head = head
    assert starts(queue, now) == expected
    assert [one.lease_id for one in queue.waiting(FLAVOR, now)] == [one.lease_id for one in order]


@pytest.mark.parametrize("seed", range(100))
def test_a_turn_that_was_given_stays_and_the_rest_is_as_if_it_had_started(seed):
    chance = random.Random(seed)
    queue, now = played(chance), NOW + 200_000
    given = [one for one in queue.copy().front(FLAVOR, now).starting if chance.random() < 0.5]
    other = queue.copy()
    for one in given:
        other.started(one, now)
    front = queue.front(FLAVOR, now, [one.lease_id for one in given])
    assert list(front.starting[: len(given)]) == given
    if not front.reclaiming:
        assert [one.lease_id for one in front.starting[len(given) :]] == starts(other, now)


def test_all_within_a_guarantee_are_next_although_nothing_is_free():
    queue = FairQueue({FLAVOR: 4})
    queue.set_share(ProjectShare(project="b", guaranteed={FLAVOR: 3}), NOW)
    queue.started(item(0, 4), NOW)
    queue.submit(item(1), NOW)
    for number in range(2, 7):
        queue.submit(item(number, project="b"), NOW)
    front = queue.front(FLAVOR, NOW)
    assert [one.lease_id for one in front.reclaiming] == ["lease-2", "lease-3", "lease-4"]
    assert (front.starting, front.head) == ((), None)


def test_what_is_free_is_kept_for_the_first_that_does_not_fit():
    queue = FairQueue({FLAVOR: 4})
    queue.started(item(0, 2), NOW)
    queue.submit(item(1, 4), NOW)
    queue.submit(item(2), NOW)
    assert queue.front(FLAVOR, NOW).head == item(1, 4)
    # It stays the head, whoever used how much by then.
    queue.submit(item(3, project="b"), NOW)
    queue.set_share(ProjectShare(project="a", usage_device_ms=1e9), NOW)
    assert queue.front(FLAVOR, NOW).head == item(1, 4)
    assert queue.waiting(FLAVOR, NOW)[0].lease_id == "lease-1"
    queue.finished("lease-0", NOW)
    assert queue.front(FLAVOR, NOW).starting == (item(1, 4),)


def test_a_project_that_is_left_alone_holds_up_nobody_but_gets_its_turns():
    queue = FairQueue({FLAVOR: 2})
    queue.set_share(ProjectShare(project="b", usage_device_ms=1e12), NOW)
    for number in range(6):
        queue.submit(item(number), NOW)
    for number in range(6, 10):
        queue.submit(item(number, project="b"), NOW)
    assert [one.lease_id for one in queue.front(FLAVOR, NOW).starting] == ["lease-0", "lease-1"]
    front = queue.front(FLAVOR, NOW, left=["lease-0"])
    assert front.left == (item(0),)
    assert [one.lease_id for one in front.beside] == ["lease-1", "lease-2"]
    assert [one.lease_id for one in front.starting] == ["lease-6", "lease-7"]
