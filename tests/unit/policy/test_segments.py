"""Every millisecond of an attempt lies in exactly one segment, whoever cuts and when."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.policy.segments import Segment, cut_segments, last_mark_ms
from madang.units import SEGMENT_MS

TIMES = st.integers(0, 40 * SEGMENT_MS)


def test_cuts_lie_at_aligned_marks():
    start = SEGMENT_MS - 1
    assert cut_segments(start, start, 2 * SEGMENT_MS + 5) == [
        Segment(0, start, SEGMENT_MS),
        Segment(1, SEGMENT_MS, 2 * SEGMENT_MS),
        Segment(2, 2 * SEGMENT_MS, 2 * SEGMENT_MS + 5),
    ]
    assert cut_segments(start, start, start) == []
    assert last_mark_ms(2 * SEGMENT_MS + 5) == last_mark_ms(2 * SEGMENT_MS) == 2 * SEGMENT_MS


def test_nothing_is_cut_before_the_start():
    with pytest.raises(ValueError, match="before the attempt began"):
        cut_segments(10, 9, 20)


@given(TIMES, TIMES)
def test_no_gap_no_overlap(start, length):
    segments = cut_segments(start, start, start + length)
    assert sum(s.to_ms - s.from_ms for s in segments) == length
    assert [s.number for s in segments] == list(range(len(segments)))
    for before, after in pairwise(segments):
        assert before.to_ms == after.from_ms
        assert before.to_ms % SEGMENT_MS == 0
    for segment in segments:
        assert 0 < segment.to_ms - segment.from_ms <= SEGMENT_MS


@given(TIMES, TIMES, TIMES)
def test_cut_again_from_any_point_gives_the_same_cuts_and_numbers(start, length, offset):
    end = start + length
    whole = cut_segments(start, start, end)
    point = start + min(offset, length)
    again = cut_segments(start, point, end)
    rest = [s for s in whole if s.to_ms > point]
    assert [(s.number, s.to_ms) for s in again] == [(s.number, s.to_ms) for s in rest]
    assert again[1:] == rest[1:]


@given(TIMES, st.lists(TIMES, max_size=8))
def test_charging_mark_by_mark_equals_charging_at_once(start, passed):
    end, charged_to, found = start + sum(passed), start, []
    now = start
    for step in passed:
        now += step
        if last_mark_ms(now) > charged_to:
            found += cut_segments(start, charged_to, last_mark_ms(now))
            charged_to = last_mark_ms(now)
    found += cut_segments(start, charged_to, end)
    assert found == cut_segments(start, start, end)
    assert len({s.number for s in found}) == len(found)
