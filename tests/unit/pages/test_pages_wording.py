import pytest

from madang.api.pages import wording
from madang.units import MS_PER_HOUR

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("ms", "english", "korean"),
    [
        (-5, "0 s", "0초"),
        (59_999, "59 s", "59초"),
        (60_000, "1 min", "1분"),
        (3_599_999, "59 min", "59분"),
        (7_500_000, "2 h 5 min", "2시간 5분"),
        (7_200_000, "2 h", "2시간"),
        (100 * MS_PER_HOUR, "4 d 4 h", "4일 4시간"),
    ],
)
def test_duration_is_written_with_its_two_largest_units(ms, english, korean):
    assert wording.duration(ms, "en") == english
    assert wording.duration(ms, "ko") == korean


@pytest.mark.parametrize(
    ("ahead_ms", "form", "english", "korean"),
    [
        (180_000, "in", "in 3 min", "3분 뒤"),
        (-1, "in", "any moment", "곧"),
        (180_000, "left", "3 min left", "3분 남음"),
        (0, "left", "time is up", "시간이 다 됨"),
        (-180_000, "ago", "3 min ago", "3분 전"),
        (-180_000, "for", "3 min", "3분"),
        (114_000, "clock", "1:54", "1:54"),
        (-9, "clock", "0:00", "0:00"),
    ],
)
def test_moment_is_told_as_seen_from_now(ahead_ms, form, english, korean):
    assert wording.relative(NOW + ahead_ms, NOW, form, "en") == english
    assert wording.relative(NOW + ahead_ms, NOW, form, "ko") == korean


@pytest.mark.parametrize(
    ("device_ms", "shown"),
    [
        (0, "0.00"),
        (1, "< 0.01"),
        (MS_PER_HOUR // 5, "0.20"),
        (12 * MS_PER_HOUR + MS_PER_HOUR // 2, "12.5"),
        (1234 * MS_PER_HOUR, "1,234"),
    ],
)
def test_device_hours_have_as_many_digits_as_they_deserve(device_ms, shown):
    assert wording.hours(device_ms) == shown


def test_moment_for_machines_is_utc():
    assert wording.moment(0) == "1970-01-01T00:00:00Z"


def test_percent_of_nothing_is_zero():
    assert wording.percent(5, 0) == 0
    assert wording.percent(1, 3) == 33
