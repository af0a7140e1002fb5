"""Processor cores: whole ones and fractions, as people, pods and files write them."""

import pytest

from madang.errors import InvalidError
from madang.units import cpu_text, parse_cpu_millis


@pytest.mark.parametrize(
    ("given", "millis", "text"),
    [
        (2, 2_000, "2"),
        ("0.5", 500, "0.5"),
        (0.05, 50, "0.05"),
        (1.25, 1_250, "1.25"),
        ("1024", 1_024_000, "1024"),
    ],
)
def test_fractions_are_kept_in_thousandths(given: object, millis: int, text: str) -> None:
    assert parse_cpu_millis(given) == millis
    assert cpu_text(millis) == text
    assert parse_cpu_millis(cpu_text(millis)) == millis


@pytest.mark.parametrize(
    "given",
    [
        0,
        -1,
        0.049,
        1025,
        True,
        None,
        "",
        "2 cores",
        "500m",
        "nan",
        "inf",
        "1e3",
        "٢",
        [2],
        "9" * 99,
    ],
)
def test_what_no_pod_could_ask_for_is_told(given: object) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_cpu_millis(given)
    assert caught.value.code == "cpu_count"
