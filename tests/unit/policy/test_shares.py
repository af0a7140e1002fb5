"""Decayed usage is what summing small steps gives, and reading it changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.policy.shares import Usage

HALF_LIFE = 10_000
STEPS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 8)), max_size=6)


@given(STEPS)
def test_usage_is_the_sum_of_small_decaying_steps(changes):
    usage, summed, now = Usage(), 0.0, 0
    step = 50
    for passed, devices in changes:
        for _ in range(passed // step):
            keep = 0.5 ** (step / HALF_LIFE)
            summed = summed * keep + usage.held * step * keep**0.5
        now += passed // step * step
        usage.hold(devices - usage.held, now, HALF_LIFE)
    assert usage.read(now, HALF_LIFE) == pytest.approx(summed, rel=1e-5, abs=1e-6)


@given(STEPS, st.integers(0, 50_000))
def test_reading_and_going_back_in_time_change_nothing(changes, look):
    read, unread, now = Usage(), Usage(), 0
    for passed, devices in changes:
        now += passed
        read.read(now + look, HALF_LIFE)
        read.read(now - look, HALF_LIFE)
        for usage in (read, unread):
            usage.hold(devices, now, HALF_LIFE)
    assert read.read(now, HALF_LIFE) == unread.read(now, HALF_LIFE)
