from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from madang.api.pages.pictures import SCALE, day_chart, days_between, span, stack, tiles
from madang.units import MS_PER_HOUR

PARTS = st.lists(st.tuples(st.just("x"), st.integers(0, 10**15)), max_size=5)


@given(PARTS, st.integers(0, 10**15))
def test_stacked_parts_stay_inside_the_bar_and_are_all_seen(parts, whole):
    laid = stack(parts, whole)
    assert len(laid) == sum(value > 0 for _, value in parts)
    assert all(part["width"] > 0 and 0 <= part["x"] < SCALE for part in laid)
    assert [part["x"] for part in laid] == sorted(part["x"] for part in laid)


def test_stack_shows_shares_of_the_whole():
    assert stack([("used", 25), ("left", 0), ("reserved", 25)], 100) == [
        {"class": "used", "x": 0, "width": 250},
        {"class": "reserved", "x": 250, "width": 250},
    ]


@given(st.integers(1, 40), st.data())
def test_each_device_is_one_tile(total, data):
    free = data.draw(st.integers(0, total))
    picture = tiles(total, free, mine=data.draw(st.integers(0, total + 3)))
    kinds = [tile["class"] for tile in picture["tiles"]]
    assert len(kinds) == total
    assert kinds.count("free") == free
    assert len({(tile["x"], tile["y"]) for tile in picture["tiles"]}) == total


def test_large_pool_is_a_bar_and_no_device_is_no_picture():
    assert tiles(128, 100, 8)["bar"][0] == {"class": "mine", "x": 0, "width": 62}
    assert tiles(0, 0) is None


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(0, 10**9))
def test_span_never_leaves_the_axis(start, end, until):
    place = span(0, until, start, end, start)
    assert 0 <= place["x"] < SCALE
    assert place["width"] >= 6
    assert 0 <= place["mark"] < SCALE


def test_days_without_use_are_filled_in():
    rows = [{"day": "2026-03-01", "held_device_ms": 5, "used_device_ms": 1, "microcredits": 2}]
    days = days_between(rows, date(2026, 3, 10))
    assert days[0]["day"] == "2026-03-01"
    assert days[-1]["day"] == "2026-03-10"
    assert sum(row["held_device_ms"] for row in days) == 5


def test_long_history_keeps_the_newest_month():
    rows = [{"day": "2025-01-01"}, {"day": "2026-03-01"}]
    days = days_between(rows, date(2026, 3, 1))
    assert len(days) == 31
    assert days[-1]["day"] == "2026-03-01"


def test_chart_draws_used_inside_held():
    days = [
        {"day": f"2026-03-{day:02d}", "held_device_ms": day * MS_PER_HOUR, "used_device_ms": 1}
        for day in range(1, 15)
    ]
    chart = day_chart(days)
    assert chart["lines"][-1]["label"] == "20"
    for bar in chart["bars"]:
        assert bar["used"]["height"] <= bar["held"]["height"]
        assert bar["held"]["y"] >= chart["top"]
    assert chart["bars"][-1]["label"] == "03/14"


def test_chart_of_nothing_is_not_drawn():
    assert day_chart([]) is None
    assert day_chart([{"day": "2026-03-01", "held_device_ms": 0, "used_device_ms": 0}]) is None
