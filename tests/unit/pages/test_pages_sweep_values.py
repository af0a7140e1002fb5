"""Recorded values on pages: columns, orders, the picture; all of it comes from notebooks."""

import math

from hypothesis import given
from hypothesis import strategies as st

from madang.api.pages.plots import PlotShelf, plot
from madang.api.pages.sweep_columns import Order, columns_shown
from madang.store.sweep_values import Point

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.lists(st.tuples(FLOATS | st.text(max_size=3), FLOATS), max_size=30)


async def test_recorded_values_have_columns_and_orders(house):
    where = f"/sweeps/{house.sweeps[0]['id']}"
    html = (await house.get(f"{where}?sort=-recorded:loss&page=1")).text
    assert '<th scope="col">loss</th>' in html
    assert ">&lt;i&gt;hi&lt;/i&gt;</td>" in html
    assert "<b>note" not in html
    assert '<option value="-recorded:loss" selected>loss: largest first</option>' in html
    asked = house.calls[-1][1]
    assert "'sort': 'recorded:loss', 'is_descending': True" in asked
    assert "sort=-recorded%3Aloss" in html
    # What no run recorded may still be asked for, and is kept as what was chosen.
    html = (await house.get(f"{where}?sort=parameter:<x>")).text
    assert '<option value="parameter:&lt;x&gt;" selected>' in html


async def test_a_run_shows_what_it_recorded(house):
    html = (await house.get("/runs/" + house.runs[0]["id"])).text
    assert "Recorded values" in html
    assert "<code>&lt;i&gt;hi&lt;/i&gt;</code>" in html
    house.runs[0]["recorded"] = {}
    assert "Recorded values" not in (await house.get("/runs/" + house.runs[0]["id"])).text


async def test_the_picture_is_drawn_chosen_and_told_as_a_table(house):
    where = f"/sweeps/{house.sweeps[0]['id']}"
    html = (await house.get(where)).text
    assert house.asked_points == {"x": "parameter:learning_rate", "y": "recorded:loss"}
    assert 'aria-label="loss over learning_rate, 3 runs' in html
    assert "learning_rate by magnitude" in html
    assert '<tr><th scope="row">0.001</th><td>1</td><td>4</td><td>4</td><td>4</td></tr>' in html
    house.points = [Point("<adam>", 2_000.0), Point("sgd", 1_000.0), Point("sgd", 3_000.0)]
    html = (await house.get(f"{where}?x=recorded:loss&y=duration")).text
    assert house.asked_points == {"x": "recorded:loss", "y": "duration"}
    assert "&lt;adam&gt;" in html
    assert html.count('class="median-mark"') == 2
    assert '<tr><th scope="row">sgd</th><td>2</td><td>1</td><td>2</td><td>3</td></tr>' in html
    await house.get(f"{where}?x=files:/etc/passwd&y=<script>")
    assert house.asked_points == {"x": "parameter:learning_rate", "y": "recorded:loss"}
    house.points = []
    assert "No run has both loss" in (await house.get(where)).text
    house.sweeps[0]["runs_done"] = 0
    assert 'id="plot"' not in (await house.get(where)).text


@given(POINTS)
def test_every_point_lies_inside_the_picture(points):
    drawn = plot(points)
    if not points:
        assert drawn is None
        return
    for dot in drawn["dots"].removeprefix("M").removesuffix("h0").split("h0M"):
        x, y = map(int, dot.split())
        assert drawn["left"] <= x <= drawn["width"]
        assert 0 <= y <= drawn["height"] - drawn["bottom"]
    for tick in (*drawn["ticks"], *drawn["median_marks"]):
        assert math.isfinite(tick["x"])
    assert all(math.isfinite(line["y"]) for line in drawn["lines"])
    assert "nan" not in drawn["median_line"]
    if not drawn["words_left_out"]:
        assert sum(group["count"] for group in drawn["groups"]) == len(points)


def test_ten_thousand_points_are_a_small_picture():
    drawn = plot([(n / 7, n * 7919 % 10_007) for n in range(10_000)])
    assert len(drawn["dots"]) < 120_000
    assert len(drawn["groups"]) <= 30
    assert drawn["is_dense"]
    many = plot([(f"w{n % 40}", n) for n in range(100)])
    assert many["words_left_out"] == 28


def test_axes_are_marked_at_round_values():
    drawn = plot([(n * 0.37, 3 + n * 1.7) for n in range(20)])
    assert [line["label"] for line in drawn["lines"]] == ["10", "20", "30"]
    assert [tick["label"] for tick in drawn["ticks"]] == ["0", "2", "4", "6"]
    drawn = plot([(10.0 ** -(n / 7), 1e-7 * n) for n in range(30)])
    assert [tick["label"] for tick in drawn["ticks"]] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert [line["label"] for line in drawn["lines"]] == ["0", "1e-06", "2e-06"]
    assert [line["label"] for line in plot([(1, -5.0), (2, -5.0)])["lines"]] == ["-5"]


async def test_a_picture_is_drawn_once_for_what_has_not_changed(house):
    one, app = house.sweeps[0], house.app()
    where = f"/sweeps/{one['id']}"
    one["ended_ms"] = house.now
    await house.get(where, app)
    house.asked_points = {}
    assert "loss over learning_rate" in (await house.get(where, app)).text
    assert house.asked_points == {}
    await house.get(f"{where}?y=duration", app)
    assert house.asked_points["y"] == "duration"
    house.asked_points = {}
    one["version"] = "another"
    await house.get(where, app)
    assert house.asked_points["y"] == "recorded:loss"


def test_few_pictures_are_kept_and_those_of_what_goes_on_not_for_long():
    now = [0.0]
    shelf = PlotShelf(clock=lambda: now[0])
    shelf.put(("s", "x", "y"), "1", None)
    assert shelf.find(("s", "x", "y"), "1", is_final=False) == (None,)
    assert shelf.find(("s", "x", "y"), "2", is_final=True) is None
    now[0] = 60.0
    assert shelf.find(("s", "x", "y"), "1", is_final=False) is None
    assert shelf.find(("s", "x", "y"), "1", is_final=True) == (None,)
    for n in range(100):
        shelf.put((str(n), "x", "y"), "1", None)
    assert shelf.find(("s", "x", "y"), "1", is_final=True) is None
    assert shelf.find(("99", "x", "y"), "1", is_final=True) == (None,)


def test_six_columns_at_most_and_nonsense_in_an_address_is_the_first_choice():
    names = [f"n{n}" for n in range(8)]
    assert columns_shown(names, "1")["shown"] == ["n6", "n7"]
    for asked in ("", "2", "-1", "x", "٣", "9" * 50):
        assert columns_shown(names, asked)["shown"] == names[:6]
    assert columns_shown(names[:3], "")["groups"] == []
    for written in ("", "loss", "-position", "recorded:", "-recorded:\0", "state;--"):
        assert Order.asked(written) == Order("position", "position", False)
    assert Order.asked("ended") == Order("ended", "ended", True)
