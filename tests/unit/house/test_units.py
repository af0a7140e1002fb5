"""Quantities are integers, ids are safe names, and rounding never adds up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.errors import InvalidError
from madang.units import (
    cost_microcredits,
    credits_short,
    credits_text,
    is_due,
    is_id,
    new_id,
    parse_duration_ms,
    segment_cost_microcredits,
)

DNS_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


@given(st.integers(0, 2**47), st.integers(0, 2**47))
def test_ids_sort_by_time_and_are_dns_labels(early: int, late: int) -> None:
    early, late = sorted((early, late))
    first, second = new_id("lease", early), new_id("lease", late)
    assert first[:16] <= second[:16]
    assert DNS_LABEL.match(first)
    assert is_id(first, "lease")
    assert not is_id(first, "run")


@given(st.lists(st.integers(0, 10**9), max_size=50), st.integers(0, 10**8))
def test_segments_cost_exactly_what_the_whole_costs(pieces: list[int], rate: int) -> None:
    before = total = 0
    for piece in pieces:
        total += segment_cost_microcredits(before, piece, rate)
        before += piece
    assert total == cost_microcredits(sum(pieces), rate)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("1d", 86_400_000), (30, 30_000)],
)
def test_durations_are_read(text: str | int, ms: int) -> None:
    assert parse_duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "soon", "-5m", "1w", "h2", "1e400s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_duration_ms(text)


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0.000"), (1_234_567, "1.234"), (-2_000_000, "-2.000")]
)
def test_credits_are_written_without_floats(amount: int, text: str) -> None:
    assert credits_text(amount) == text


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0.00"),
        (1, "< 0.01"),
        (9_999, "< 0.01"),
        (10_000, "0.01"),
        (1_999_999, "1.99"),
        (1_234_567_890_000, "1,234,567.89"),
        (-2_500_000, "-2.50"),
    ],
)
def test_short_credits_are_rounded_down_and_never_hidden(amount: int, shown: str) -> None:
    assert credits_short(amount) == shown


@pytest.mark.parametrize(
    ("now", "due"), [(1_000, False), (5_999, False), (6_000, True), (999, True), (-(10**9), True)]
)
def test_what_a_clock_that_was_set_back_says_was_done_later_is_due(now: int, due: bool) -> None:
    assert is_due(1_000, 5_000, now) is due
