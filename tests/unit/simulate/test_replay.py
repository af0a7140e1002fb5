"""A replay ends every job, never gives more than there is, and agrees with sums by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.simulate.replay import (
    measure_waits,
    proportional_quotas,
    replay,
    replay_fifo,
)
from madang.simulate.traces import Job, read_itp

TRACE = Path(__file__).parents[3] / "notebooks" / "data" / "microsoft-itp-2021.csv.gz"

JOBS = st.lists(
    st.builds(
        Job,
        submit_ms=st.integers(0, 2_000_000),
        project=st.sampled_from("abc"),
        duration_ms=st.integers(1, 500_000),
        devices=st.integers(1, 8),
    ),
    max_size=40,
).map(lambda jobs: sorted(jobs, key=lambda job: job.submit_ms))


@pytest.mark.parametrize("is_preemptible", [False, True])
def test_five_thousand_jobs_of_the_trace(is_preemptible):
    jobs = read_itp(TRACE, limit=5_000)
    report = replay(jobs, 400, is_preemptible=is_preemptible)
    assert report.jobs_unfinished == 0
    assert report.devices_most <= 400
    assert report.waits.jobs == 5_000
    assert sum(waits.jobs for waits in report.waits_by_project.values()) == 5_000
    taken = sum(job.devices * job.duration_ms for job in jobs)
    assert report.utilisation == pytest.approx(taken / (400 * report.span_ms))
    assert (report.asked_back > 0) == is_preemptible
    assert report == replay(jobs, 400, is_preemptible=is_preemptible)


@given(JOBS, st.booleans())
def test_every_job_ends_and_nothing_is_given_twice(jobs, is_preemptible):
    report = replay(jobs, 8, is_preemptible=is_preemptible)
    assert report.jobs_unfinished == 0
    assert report.devices_most <= 8
    if jobs:
        taken = sum(job.devices * job.duration_ms for job in jobs)
        assert report.utilisation == pytest.approx(taken / (8 * report.span_ms))


@given(JOBS)
def test_one_project_with_jobs_of_one_size_waits_as_in_a_plain_queue(jobs):
    same = [Job(job.submit_ms, "a", job.duration_ms, 2) for job in jobs]
    fair, fifo = replay(same, 4), replay_fifo(same, 4)
    assert fair.waits == fifo.waits
    assert fair.span_ms == fifo.span_ms


def test_first_come_first_served_waits_as_summed_by_hand():
    jobs = [Job(0, "a", 10, 2), Job(1, "b", 5, 2), Job(2, "a", 1, 1)]
    report = replay_fifo(jobs, 2)
    assert report.waits_by_project["b"].max_ms == 9
    assert report.waits_by_project["a"].max_ms == 13
    assert report.span_ms == 16
    assert report.utilisation == 31 / 32


@pytest.mark.parametrize("strategy", [replay, replay_fifo])
def test_a_job_larger_than_the_pool_is_left_out_and_counted(strategy):
    report = strategy([Job(0, "a", 10, 3), Job(1, "a", 10, 1)], 2)
    assert report.jobs_unfinished == 1
    assert report.waits.jobs == 1


@given(JOBS.filter(bool), st.integers(1, 3000))
def test_quotas_divide_every_device(jobs, capacity):
    quotas = proportional_quotas(jobs, capacity)
    assert sum(quotas.values()) == capacity
    assert min(quotas.values()) >= 0


def test_waits_are_measured_by_nearest_rank():
    waits = measure_waits(range(1, 101))
    assert (waits.p50_ms, waits.p90_ms, waits.p99_ms, waits.max_ms) == (50, 90, 99, 100)
    assert measure_waits([]).jobs == 0
    assert measure_waits([7]).p50_ms == 7
