"""Twenty kills on SQLite and a shorter day on PostgreSQL: nothing lost, nothing twice.

A failure prints the seed; `make bench-faults SEED=… KILLS=…` plays it again. The seed is of the day
of the test, so that every run of CI looks somewhere else, unless `MADANG_FAULTS_SEED` names one.
"""

import os
import time

import pytest
from campaign import play
from clocks import why_not
from days import Day, day_of_jumps, usual_others
from keeping import story
from report import table

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture
def seed():
    return int(os.environ.get("MADANG_FAULTS_SEED") or time.time())


def check(outcome, kept):
    said = table(outcome)
    print(said)
    for day in kept.glob("*"):  # only a day with findings left any
        print(story(day))
    assert not outcome.findings.all(), said
    if os.environ.get("MADANG_TEST_CAN_MOUNT"):
        assert outcome.has_disk, "this tier was told that it can mount a file system"


def test_a_day_with_twenty_kills(seed, tmp_path):
    others = usual_others(is_postgresql=False)
    check(play(Day(seed=seed, kills=20, others=others), kept=tmp_path), tmp_path)


def test_a_day_on_postgresql(seed, tmp_path):
    others = usual_others(is_postgresql=True)
    day = Day(seed=seed, kills=5, is_postgresql=True, others=others)
    outcome = play(day, kept=tmp_path)
    check(outcome, tmp_path)
    assert all(outcome.cuts.values()), outcome.cuts


def test_a_day_on_which_the_clock_jumps(seed, tmp_path):
    if why_not():
        pytest.skip(f"no clock can be set for one installation alone: {why_not()}")
    outcome = play(day_of_jumps(seed), kept=tmp_path)
    check(outcome, tmp_path)
    assert outcome.jumped_ms() == 130_000
