"""Values of an axis as people type them: what is written is read as the same values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.domain.sweep_grid import parse_values
from madang.domain.sweep_text import written

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.lists(PLAIN | st.lists(st.integers(), max_size=3), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.1, 0.01], "0.1, 0.01"),
        ([0, 1, 2, 3], "0..3"),
        ([0, 1, 2], "0, 1, 2"),
        (["adam", "sgd"], "adam, sgd"),
        (["7", "a,b", "it's", "", " x"], "'7', 'a,b', it's, '', ' x'"),
        ([True, None, 1], "True, None, 1"),
        ([[64, 64], [128]], "[64, 64], [128]"),
        (["x" * 400], ""),
    ],
)
def test_values_are_written_as_people_type_them(values, text):
    assert written(values) == text


@given(VALUES)
def test_what_is_written_is_read_as_the_same(values):
    text = written(values)
    if text:
        assert json.dumps(list(parse_values("x", text))) == json.dumps(values)
