"""A forecast is the queue played forward: same order, bounded by limits, the queue untouched."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.policy.decisions import Start
from madang.policy.durations import EARLY, LATE, USUAL, History, expected_left_ms
from madang.policy.fair_queue import FairQueue
from madang.policy.forecast import UNKNOWN, Forecast, forecast

MINUTE = 60_000


def lease(number, devices=1, project="a", person="ada", limit=60 * MINUTE, **more):
    return QueueItem(
        lease_id=f"{number:04d}",
        attempt=1,
        person=person,
        project=project,
        kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH,
        flavor=more.pop("flavor", "gpu"),
        devices=devices,
        submitted_ms=number,
        limit_ms=limit,
        **more,
    )


def queue_of(capacity, *items):
    queue = FairQueue({"gpu": capacity})
    for item in items:
        queue.submit(item, 0)
    queue.tick(0)
    return queue


def test_limits_bound_the_start_when_nothing_else_is_known():
    queue = queue_of(1, lease(1), lease(2), lease(3))
    ends = {"0001": 60 * MINUTE}
    assert forecast(queue, "gpu", 0, ends) == {
        "0002": Forecast(30 * MINUTE, 6 * MINUTE, 60 * MINUTE),
        "0003": Forecast(60 * MINUTE, 12 * MINUTE, 120 * MINUTE),
    }


def test_past_durations_shorten_the_forecast_and_those_outlived_do_not_count():
    history = History()
    for minutes in (2, 4, 6, 8, 10, 12, 14, 16, 18, 20):
        history.add(LeaseKind.SLOT, "ada", minutes * MINUTE)
    queue = queue_of(1, lease(1), lease(2))
    found = forecast(queue, "gpu", 0, {"0001": 60 * MINUTE}, history)["0002"]
    assert found == Forecast(12 * MINUTE, 4 * MINUTE, 20 * MINUTE)
    later = forecast(queue, "gpu", 9 * MINUTE, {"0001": 60 * MINUTE}, history)["0002"]
    assert later == Forecast(16 * MINUTE, 10 * MINUTE, 20 * MINUTE)


def test_history_prefers_the_persons_own_and_keeps_the_last():
    history = History(keep=5)
    for duration in (1, 2, 3, 4, 5, 90, 80):
        history.add(LeaseKind.SLOT, "bora", duration)
    history.add(LeaseKind.SLOT, "ada", 7)
    assert history(lease(1, person="bora")) == [3, 4, 5, 80, 90]
    assert history(lease(1, person="ada")) == [4, 5, 7, 80, 90]
    assert history(lease(1, person="new")) == [4, 5, 7, 80, 90]


def test_held_back_leases_and_those_beyond_the_cap_have_no_time():
    queue = queue_of(1, *[lease(n) for n in range(6)], lease(6, is_held_back=True))
    found = forecast(queue, "gpu", 0, {}, played_max=3)
    assert [n for n, f in found.items() if f == UNKNOWN] == ["0004", "0005", "0006"]


def test_a_guarantee_is_forecast_for_the_end_of_the_grace():
    queue = queue_of(2, lease(1, 2))
    queue.set_share(ProjectShare(project="owner", guaranteed={"gpu": 1}), 0)
    queue.submit(lease(2, 1, project="owner", person="bora"), 0)
    assert forecast(queue, "gpu", 0, {})["0002"] == Forecast(MINUTE, MINUTE, MINUTE)
    queue.tick(0)
    # Asked back meanwhile: the same is true without a decision in the play.
    assert forecast(queue, "gpu", 0, {})["0002"] == Forecast(MINUTE, MINUTE, MINUTE)


def test_a_lease_whose_next_attempt_is_known_before_this_one_has_ended_waits_its_turn():
    queue = queue_of(1, lease(1), lease(2, limit=10 * MINUTE))
    queue.submit(replace(lease(1), attempt=2), 0)
    found = forecast(queue, None, 0, {"0001": 60 * MINUTE})
    assert found == {"0002": Forecast(30 * MINUTE, 6 * MINUTE, 60 * MINUTE)}
    queue.finished("0001", 0)
    assert set(forecast(queue, None, 0, {})) == {"0001", "0002"}


def test_all_flavors_at_once_and_the_queue_stays_as_it_is():
    queue = FairQueue({"gpu": 1, "mig": 1})
    for number, flavor in enumerate(["gpu", "gpu", "mig", "mig"]):
        queue.submit(lease(number, flavor=flavor), 0)
    queue.tick(0)
    assert set(forecast(queue, None, 0, {})) == {"0001", "0003"}
    assert set(forecast(queue, "mig", 0, {})) == {"0003"}
    assert [w.lease_id for w in queue.waiting("gpu", 0)] == ["0001"]
    assert queue.free("gpu") == 0


@given(
    st.lists(st.integers(1, 10**6), max_size=30).map(sorted),
    st.integers(1, 10**6),
    st.integers(0, 10**6),
)
def test_what_is_left_stays_within_the_limit_and_grows_with_the_quantile(samples, limit, passed):
    left = [expected_left_ms(samples, limit, passed, q) for q in (EARLY, USUAL, LATE)]
    assert left == sorted(left)
    assert all(1 <= ms <= max(1, limit - passed) for ms in left)


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from("abc"), st.integers(1, 90)),
        min_size=1,
        max_size=25,
    )
)
def test_when_every_lease_lasts_as_expected_each_starts_as_expected(jobs):
    items = [lease(n, d, p, p, limit=m * MINUTE) for n, (d, p, m) in enumerate(jobs)]
    queue = queue_of(4, *items)
    running = {r.item.lease_id: r.item for r in queue.running()}
    ends = {lease_id: item.limit_ms for lease_id, item in running.items()}
    promised = forecast(queue, "gpu", 0, ends)
    by_id = {item.lease_id: item for item in items}
    # The late play takes whole limits, and so does this world.
    heap = dict(ends)
    while heap:
        now = min(heap.values())
        for lease_id in sorted(n for n, end in heap.items() if end == now):
            del heap[lease_id]
            queue.finished(lease_id, now)
        for start in queue.tick(now):
            assert isinstance(start, Start)
            found = promised[start.lease_id]
            assert found.earliest_ms <= found.expected_ms <= found.latest_ms
            assert found.latest_ms >= now
            heap[start.lease_id] = now + by_id[start.lease_id].limit_ms


@pytest.mark.parametrize("capacity", [8, 64, 1000])
def test_two_hundred_waiting_are_all_told_something(capacity):
    queue = FairQueue({"gpu": capacity})
    for number in range(capacity):
        queue.submit(lease(number, 1, f"p{number % 20}", f"u{number % 40}"), number)
    queue.tick(capacity)
    for number in range(200):
        item = lease(2000 + number, 1 + number % 8, f"p{number % 20}", f"u{number % 40}")
        queue.submit(item, 2000)
    queue.tick(2000)
    assert len(forecast(queue, "gpu", 2000, {})) == 200
