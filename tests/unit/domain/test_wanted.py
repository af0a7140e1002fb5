"""What a parameters cell states of its values is held to, and nothing that it does not state."""

from typing import Any

import pytest

from madang.domain.parameters_cell import read_wanted
from madang.domain.wanted import check_wanted
from madang.errors import InvalidError

STATED = [
    ("a: int = 0", [1, True, -5], ["1", 1.0, [1], None]),
    ("a = 0  # type: int", [1], ["x"]),
    ("a: float = 1", [1, 0.5], ["0.5", [1.0]]),
    ("a: str = ''", ["", "학습"], [1, None, ["x"]]),
    ("a: bool = True", [False], [0, "False"]),
    ("a: list[int] = []", [[], ["x"]], [1, "1", {}]),
    ("a: 'typing.Sequence[int]' = ()", [[1]], [1]),
    ("a: Dict[str, int] = {}", [{}], [[], "x"]),
    ("a: int | None = 3", [None, 1], ["x"]),
    ("a: typing.Optional[list[int | str]] = None", [None, [1]], [1]),
    ("a: int = None", [None, 1], ["x"]),
    ("a: Union[int, str] = 0", [1, "x", []], []),
    ("a: Path = Path()", ["x", 1], []),
    ("a: Literal['x'] = 'x'", ["y"], []),
    ("a = 0", ["x", [1], None], []),
    ("a: int = 0\na = 'x'", ["x"], []),
    ("a: int = (", ["x"], []),
]


@pytest.mark.parametrize(("cell", "fitting", "wrong"), STATED)
def test_a_stated_type_is_held_to(cell: str, fitting: list[Any], wrong: list[Any]) -> None:
    wanted = read_wanted(cell)
    for value in fitting:
        check_wanted({"a": value}, wanted)
    for value in wrong:
        with pytest.raises(InvalidError, match="parameter_type_wrong"):
            check_wanted({"a": value}, wanted)


@pytest.mark.parametrize(
    ("cell", "missing"),
    [
        ("a: int", ("a",)),
        ("a: int\nb: str\nc = 1", ("a", "b")),
        ("a: int\nif True:\n    a = 1", ()),
        ("a: int\nfrom x import a", ()),
        ("a: int\nfor a in range(3):\n    pass", ()),
        ("a: int\na = 1", ()),
        ("a = None", ()),
        ("a: int = (", ()),
    ],
)
def test_what_is_never_given_a_value_must_be_given_one(cell: str, missing: tuple[str]) -> None:
    wanted = read_wanted(cell)
    assert wanted.required == missing
    check_wanted(dict.fromkeys(missing, 1) if missing != ("a", "b") else {"a": 1, "b": ""}, wanted)
    if missing:
        with pytest.raises(InvalidError, match="parameter_missing"):
            check_wanted({}, wanted)


def test_what_was_given_is_shown_shortly_with_its_kind() -> None:
    with pytest.raises(InvalidError) as caught:
        check_wanted({"a": "학" * 99}, read_wanted("a: int = 0"))
    given = caught.value.details["given"]
    assert given.startswith('"학학')
    assert given.endswith("… (str)")
    assert len(given) < 60
