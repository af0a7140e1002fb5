"""The ladder of an idle notebook: told twice, then over, and never without notice."""

from hypothesis import given
from hypothesis import strategies as st

from madang.policy.idle import NOTICES, Idling, climbed

HOUR = 3_600_000


def test_it_is_told_at_half_and_at_three_quarters_and_then_over():
    steps, here = [], None
    for minute in range(70):
        here = climbed(here, 0, HOUR, minute * 60_000)
        steps.append(here.step)
    assert (steps.index(1), steps.index(2), steps.index(3)) == (30, 45, 60)


def test_use_begins_it_anew():
    told = climbed(None, 0, HOUR, HOUR // 2)
    assert told.step == 1
    assert climbed(told, HOUR // 2, HOUR, HOUR // 2 + 1) == Idling(since_ms=HOUR // 2)


@given(
    looks=st.lists(st.integers(0, 5 * HOUR), min_size=1, max_size=40).map(sorted),
    limit=st.integers(4, 2 * HOUR),
)
def test_nobody_is_ended_without_notice_however_seldom_it_is_looked(looks, limit):
    here, told = None, []
    for now in looks:
        after = climbed(here, 0, limit, now)
        if after.step > (here.step if here else 0):
            assert after.step == (here.step if here else 0) + 1
            told.append(now)
        here = after
    assert len(told) <= NOTICES + 1
    if here.is_over:
        first, second, over = told
        assert over >= limit // 4 * 4
        assert over - second >= limit // 4
        assert second - first >= limit // 4
