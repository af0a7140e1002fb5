"""What is reserved is enough for every charge, and is renewed in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.domain.lease import LeaseKind
from madang.policy.budget import (
    covered_ms,
    must_stop,
    renewal_due,
    renewal_microcredits,
    reservation_microcredits,
    warning_level,
)
from madang.units import MICROCREDITS_PER_CREDIT, cost_microcredits, segment_cost_microcredits

HOUR = 3_600_000
DEVICES = st.integers(0, 64)
RATES = st.integers(0, 20 * MICROCREDITS_PER_CREDIT)
LIMITS = st.integers(0, 48 * HOUR)
GRACES = st.integers(0, 120_000)
BLOCKS = st.integers(60_000, HOUR)


def test_a_slot_reserves_its_limit_and_a_notebook_a_block_both_with_grace():
    rate = MICROCREDITS_PER_CREDIT
    assert reservation_microcredits(LeaseKind.SLOT, 2, 3 * HOUR, HOUR, HOUR // 4, rate) == 8 * rate
    for kind in (LeaseKind.NOTEBOOK, LeaseKind.CLUSTER):
        reserved = reservation_microcredits(kind, 4, 3 * HOUR, 0, HOUR // 4, rate)
        assert reserved == rate
        assert reservation_microcredits(kind, 1, HOUR // 8, 0, HOUR // 4, rate) == rate // 8


@given(st.sampled_from(LeaseKind), DEVICES, LIMITS, GRACES, BLOCKS, RATES, st.data())
def test_the_segments_of_the_reserved_time_never_cost_more(
    kind, devices, limit, grace, block, rate, data
):
    reserved = reservation_microcredits(kind, devices, limit, grace, block, rate)
    whole = limit if kind is LeaseKind.SLOT else min(limit, block)
    cuts = sorted(data.draw(st.lists(st.integers(0, whole + grace), max_size=5)))
    charged, before = 0, 0
    for cut in [*cuts, whole + grace]:
        charged += segment_cost_microcredits(before, devices * cut - before, rate)
        before = devices * cut
    assert charged == reserved


@given(DEVICES, GRACES, BLOCKS, RATES, st.integers(0, 10**9), LIMITS)
def test_a_renewal_covers_a_block_and_is_not_due_again_at_once(
    devices, grace, block, rate, unspent, left
):
    added = renewal_microcredits(unspent, devices, grace, block, rate, left)
    assert added >= 0
    assert not renewal_due(unspent + added, devices, grace, block, rate, left)
    covered = covered_ms(unspent + added, devices, rate)
    assert covered is None or covered >= min(block, left) + grace - 1


@given(DEVICES, GRACES, BLOCKS, RATES, st.integers(0, 10**9), st.integers(1, 48 * HOUR))
def test_a_renewal_is_due_before_it_is_time_to_stop(devices, grace, block, rate, unspent, left):
    if must_stop(unspent, devices, grace, rate) and left > 1:
        assert renewal_due(unspent, devices, grace, block, rate, left)
        # What is left still pays for the stop, down to the millisecond that rounding takes.
        assert cost_microcredits(devices * covered_ms(unspent, devices, rate), rate) <= unspent


@pytest.mark.parametrize(("devices", "rate"), [(0, 5), (3, 0)])
def test_what_costs_nothing_is_covered_for_ever(devices, rate):
    assert covered_ms(0, devices, rate) is None
    assert not renewal_due(0, devices, 1, 900_000, rate, HOUR)
    assert not must_stop(0, devices, 1, rate)
    assert renewal_microcredits(0, devices, 1, 900_000, rate, HOUR) == 0


@pytest.mark.parametrize(
    ("left", "level"),
    [(1000, 0), (201, 0), (200, 80), (51, 80), (50, 95), (1, 95), (0, 100), (-5, 100)],
)
def test_warning_levels(left, level):
    assert warning_level(left, 1000) == level


@given(st.integers(-100, 10**12), st.integers(-1, 10**12))
def test_warnings_only_rise_while_money_goes(left, granted):
    levels = [warning_level(left - spent, granted) for spent in (0, 1, 10**6, 10**12 + 200)]
    assert levels == sorted(levels)
    assert set(levels) <= {0, 80, 95, 100}
    assert levels[-1] == 100
