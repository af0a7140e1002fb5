"""Which changes keep the place, and which alternatives are worth showing."""

from hypothesis import given
from hypothesis import strategies as st

from madang.policy.alternatives import SHOWN_MAX, Candidate, worth_showing
from madang.policy.changing import Size, end_of_line_ms, keeps_place

NOW = 1_000_000_000
MIN = 60_000
SIZES = st.builds(
    Size,
    flavor=st.sampled_from(["h200", "mig"]),
    devices=st.integers(0, 4),
    limit_ms=st.integers(1, 4),
)


def one(flavor: str, devices: int, starts_ms: int | None) -> Candidate:
    return Candidate(profile="p", flavor=flavor, devices=devices, starts_ms=starts_ms)


@given(SIZES, SIZES, SIZES)
def test_a_place_is_kept_along_a_way_only_if_it_is_kept_at_once(a: Size, b: Size, c: Size) -> None:
    assert keeps_place(a, a)
    if keeps_place(a, b) and keeps_place(b, c):
        assert keeps_place(a, c)
    if keeps_place(a, b) and keeps_place(b, a):
        assert a == b


@given(st.integers(0, 99), st.integers(0, 99), st.lists(st.integers(0, 99)))
def test_the_end_of_the_line_is_behind_all(now: int, own: int, others: list[int]) -> None:
    found = end_of_line_ms(now, own, others)
    assert found >= now
    assert all(found > other for other in [own, *others])


def test_starts_at_once_come_first_and_the_larger_before() -> None:
    found = worth_showing(
        [one("cpu", 0, NOW), one("h200", 1, NOW), one("h200", 2, NOW + 30 * MIN)],
        "h200",
        4,
        NOW + 120 * MIN,
        NOW,
    )
    assert [(x.flavor, x.devices) for x in found] == [("h200", 1), ("cpu", 0), ("h200", 2)]


def test_little_gain_and_more_of_the_same_are_left_out() -> None:
    soon = NOW + 20 * MIN
    offers = [one("h200", 1, soon - 9 * MIN), one("h200", 4, NOW), one("h200", 2, None)]
    assert worth_showing(offers, "h200", 4, soon, NOW) == []
    far = [one("h200", 1, NOW + 460 * MIN)]
    assert worth_showing(far, "h200", 4, NOW + 480 * MIN, NOW) == []
    assert worth_showing(far, "h200", 4, None, NOW) == far


def test_few_are_shown_and_the_way_without_a_device_is_among_them() -> None:
    many = [one(f"f{number}", 1, NOW) for number in range(6)]
    found = worth_showing([*many, one("cpu", 0, NOW)], "h200", 1, None, NOW)
    assert len(found) == SHOWN_MAX
    assert found[-1].flavor == "cpu"


def test_who_is_about_to_start_is_offered_nothing() -> None:
    assert worth_showing([one("cpu", 0, NOW)], "h200", 1, NOW + 1_000, NOW) == []
