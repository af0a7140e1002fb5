"""What is read out of the outputs of cells, and what is left out."""

import math

from hypothesis import given
from hypothesis import strategies as st

from madang.domain.recorded import (
    MAX_RECORDED,
    MAX_RECORDED_BYTES,
    PAPERMILL,
    SCRAP_JSON,
    SCRAP_TEXT,
    fit_recorded,
    read_recorded,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def shown(data, kind="display_data"):
    return {"output_type": kind, "data": data, "metadata": {}}


def scrap(name, value, kind=SCRAP_JSON):
    return shown({kind: {"name": name, "data": value, "encoder": "json", "version": 1}})


def test_three_formats_are_read_and_the_last_value_counts():
    cells = [
        {"cell_type": "markdown", "source": "no outputs"},
        {"outputs": [scrap("loss", 1.0), scrap("note", "가", SCRAP_TEXT)]},
        {"outputs": [shown({PAPERMILL: {"accuracy": 0.5, "loss": 0.25}})]},
        {"outputs": [{"output_type": "stream", "text": "loss"}, shown({"text/plain": "1"})]},
        {"outputs": [scrap("shape", [2, {"deep": None}])]},
    ]
    found = read_recorded(cells)
    assert found.values == {
        "loss": 0.25,
        "note": "가",
        "accuracy": 0.5,
        "shape": [2, {"deep": None}],
    }
    assert found.left_out == 0


def test_what_only_looks_like_a_record_is_none():
    outputs = [
        None,
        "text",
        shown(None),
        shown({SCRAP_JSON: "text"}),
        shown({SCRAP_JSON: {"name": 3, "data": 1}}),
        shown({SCRAP_JSON: {"name": "no data"}}),
        shown({PAPERMILL: [1]}),
        shown({SCRAP_JSON: {"name": "x", "data": 1}}, "execute_result"),
    ]
    assert read_recorded([{"outputs": outputs}, {"outputs": None}]).values == {}


def test_numbers_that_json_lacks_are_left_out_and_take_the_place_of_what_was_before():
    for value in (math.nan, math.inf, "nan", "-inf", "Infinity"[:3]):
        found = read_recorded([{"outputs": [scrap("loss", 1.0), scrap("loss", value)]}])
        assert (found.values, found.left_out) == ({}, 1)


def test_too_much_is_left_out_and_counted():
    many = fit_recorded({f"n{i}": i for i in range(MAX_RECORDED + 5)})
    assert list(many.values) == [f"n{i}" for i in range(MAX_RECORDED)]
    assert many.left_out == 5
    large = fit_recorded({f"n{i}": "x" * 4_000 for i in range(40)})
    assert 15 <= len(large.values) <= MAX_RECORDED_BYTES // 4_000
    assert large.left_out == 40 - len(large.values)
    deep = [1]
    for _ in range(100_000):
        deep = [deep]
    names = ("", "x" * 101, "line\nbreak", "\0", "\ud800", 3)
    unfit = dict.fromkeys(names, 1)
    unfit |= {"deep": deep, "nul": "a\0b", "half": "\ud800", "set": {1}, "huge": 10**5_000}
    assert fit_recorded(unfit | {"a": 1}).values == {"a": 1}
    assert fit_recorded(["no", "mapping"]).values == {}


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_what_was_found_fit_is_found_fit_again(values):
    once = fit_recorded(values)
    assert fit_recorded(once.values) == fit_recorded(once.values)
    assert fit_recorded(once.values).values == once.values
    assert len(once.values) + once.left_out == len(values)
