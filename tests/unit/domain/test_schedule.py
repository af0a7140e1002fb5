"""When a schedule is due: by the clock on the wall, also where clocks are set forward and back."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from madang.domain.schedule import check_times, due_after, due_until, upcoming
from madang.errors import InvalidError

BERLIN = "Europe/Berlin"


def ms(text: str, zone: str = BERLIN, fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp() * 1000)


def days(cron: str, start: str, count: int, zone: str = BERLIN) -> list[str]:
    found = upcoming(cron, zone, due_after(cron, zone, ms(start, zone)) or 0, count)
    return [datetime.fromtimestamp(x / 1000, ZoneInfo(zone)).isoformat()[5:] for x in found]


def test_a_time_that_is_left_out_in_spring_comes_at_the_next_that_there_is() -> None:
    assert days("30 2 * * *", "2026-03-27T12:00", 3) == [
        "03-28T02:30:00+01:00",
        "03-29T03:00:00+02:00",
        "03-30T02:30:00+02:00",
    ]


def test_a_time_that_comes_twice_in_autumn_is_taken_once() -> None:
    assert days("30 2 * * *", "2026-10-24T12:00", 2) == [
        "10-25T02:30:00+02:00",
        "10-26T02:30:00+01:00",
    ]


def test_every_hour_is_every_hour_that_passes() -> None:
    found = upcoming("0 * * * *", BERLIN, ms("2026-10-25T00:00"), 5)
    assert [(after - before) // 60_000 for before, after in pairwise(found)] == [
        *(60, 60, 60, 60),
    ]


def test_seoul_knows_no_change_and_is_nine_hours_ahead() -> None:
    assert due_after("0 2 * * *", "Asia/Seoul", ms("2026-03-28T12:00", "UTC")) == ms(
        "2026-03-28T17:00", "UTC"
    )


@pytest.mark.parametrize("late_ms", [0, 1, 999, 59_000, 3_600_000])
def test_the_last_due_time_is_found_from_any_moment_after_it(late_ms: int) -> None:
    at = ms("2026-03-28T02:30")
    assert due_until("30 2 * * *", BERLIN, at + late_ms) == at
    assert due_until("30 2 * * *", BERLIN, at - 1_000) == ms("2026-03-27T02:30")


@pytest.mark.parametrize(
    ("cron", "zone", "code"),
    [
        ("x", "UTC", "cron_unreadable"),
        ("@daily", "UTC", "cron_unreadable"),
        ("* * * * * *", "UTC", "cron_unreadable"),
        ("61 * * * *", "UTC", "cron_unreadable"),
        ("0 0 30 2 *", "UTC", "cron_unreadable"),
        ("0 0 * * " + "1," * 100 + "1", "UTC", "cron_unreadable"),
        ("0 2 * * *", "Mars/Base", "zone_unknown"),
        ("0 2 * * *", "../../etc/passwd", "zone_unknown"),
    ],
)
def test_what_is_no_time_is_refused(cron: str, zone: str, code: str) -> None:
    with pytest.raises(InvalidError, match=code):
        check_times(cron, zone, 0)
