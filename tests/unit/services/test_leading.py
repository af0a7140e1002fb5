"""What a leader may do, by time: it trusts its term for less long than the database keeps it."""

from concurrent.futures import Future

import pytest

from madang.domain.leadership import POLL_S, RENEW_S, TERM_MS, TRUST_S
from madang.errors import UnavailableError
from madang.services.leading import Leading


class Row:
    """A store whose one row answers as the test says, in a time that the test says."""

    def __init__(self, clock):
        self.clock, self.term, self.takes_s = clock, 0, 0.0
        self.says = True
        self.on_fenced = None

    def write_now(self, _work):
        self.clock.now_s += self.takes_s
        self.term += 1
        return self.term

    def fence(self, term, on_fenced):
        self.on_fenced = on_fenced

    def renew(self, _work):
        self.clock.now_s += self.takes_s
        future = Future()
        if isinstance(self.says, Exception):
            future.set_exception(self.says)
        else:
            future.set_result(self.says)
        return future


class Clock:
    now_s = 1_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def row(clock):
    return Row(clock)


@pytest.fixture
def lost():
    return []


@pytest.fixture
def leading(row, clock, lost):
    made = Leading(row, "a", "a:1", clock)
    assert made.take(lambda: lost.append("lost"))
    return made


def test_the_figures_leave_room_for_each_other():
    assert TRUST_S * 1000 + 3_000 <= TERM_MS
    assert 3 * RENEW_S < TRUST_S
    assert TERM_MS / 1000 + POLL_S <= 15


def test_a_term_is_trusted_from_before_it_was_asked_for(row, clock):
    row.takes_s = 5.0
    leading = Leading(row, "a", "a:1", clock)
    leading.take(lambda: None)
    clock.now_s += TRUST_S - 5.0 - 0.001
    leading.check()
    clock.now_s += 0.002
    with pytest.raises(UnavailableError, match="leadership_lost"):
        leading.check()


def test_a_renewal_is_trusted_from_before_it_was_asked_for(leading, row, clock):
    clock.now_s += 7.0
    row.takes_s = 2.0
    assert leading.renew()
    clock.now_s += TRUST_S - 2.0 - 0.001
    assert leading.is_sure
    clock.now_s += 0.002
    assert not leading.is_sure


def test_who_slept_does_nothing_until_it_has_renewed(leading, row, clock, lost):
    clock.now_s += 60.0
    with pytest.raises(UnavailableError):
        leading.check()
    # Nobody else had begun a term: nothing has changed but the time.
    assert leading.renew()
    leading.check()
    assert lost == []


def test_a_database_that_is_away_ends_the_acts_and_not_the_process(leading, row, clock, lost):
    row.says = UnavailableError("database_unavailable", reason="lost")
    clock.now_s += TRUST_S + 1
    assert not leading.renew()
    assert not leading.is_sure
    assert lost == []
    row.says = True
    assert leading.renew()
    assert leading.is_sure


def test_a_newer_term_is_told_once_and_nothing_brings_the_old_one_back(leading, row, lost):
    row.says = False
    assert not leading.renew()
    row.on_fenced()
    assert lost == ["lost"]
    row.says = True
    leading.renew()
    assert not leading.is_sure


def test_whoever_was_never_asked_may_act(row):
    leading = Leading(row, "a", "a:1")
    leading.check()
