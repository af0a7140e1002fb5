"""What a parameters cell says, as it is read without running it; papermill is the measure."""

import json
import time

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.inspection import inspect_notebook

from madang.domain.parameters_cell import assigned_names, read_parameters
from madang.domain.run import MAX_PARAMETERS
from madang.domain.run_inputs import notebook_parameters

CELL = """\
# Parameters
lr: float = 0.1  # step of the optimizer
epochs = 5  # type: int how often all is seen
# Where the weights are kept.
# Made when it is missing.
folder = 'out/a'
layers: "List[int]" = [64, 64]
name = "a, b"
noise = -1e-3
rows = [
    1,  # one
    2,
]
dry = False
nothing = None
low, high = 1, (2 + 3)
%matplotlib inline
other: int
"""


def said(source):
    return {
        row["name"]: (row["type"], row["default"], row["help"]) for row in read_parameters(source)
    }


def test_type_default_and_help_of_each_parameter():
    assert said(CELL) == {
        "lr": ("float", "0.1", "step of the optimizer"),
        "epochs": ("int", "5", "how often all is seen"),
        "folder": ("str", "'out/a'", "Where the weights are kept. Made when it is missing."),
        "layers": ("List[int]", "[64, 64]", ""),
        "name": ("str", '"a, b"', ""),
        "noise": ("float", "-1e-3", ""),
        "rows": ("list", "[1, 2]", ""),
        "dry": ("bool", "False", ""),
        "nothing": ("", "None", ""),
        "low": ("int", "1", ""),
        "high": ("", "2 + 3", ""),
        "other": ("int", "", ""),
    }


def test_papermill_reads_the_same_where_it_reads_at_all(tmp_path):
    """It knows single assignments, and says None where we take the type of a plain default."""
    source = "\n".join(CELL.split("\n")[1:3] + CELL.split("\n")[5:9] + ["x = 1  # type: ignore"])
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["tags"] = ["parameters"]
    made = nbformat.v4.new_notebook(cells=[cell])
    made.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "p"}
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(made))
    found = notebook_parameters(path.read_bytes())
    assert found["has_cell"]
    ours = {row["name"]: row for row in found["parameters"]}
    theirs = inspect_notebook(str(path))
    assert list(theirs) == list(ours)
    for name, one in theirs.items():
        assert (ours[name]["default"], ours[name]["help"]) == (one["default"], one["help"])
        if one["inferred_type_name"] not in ("None", "ignore"):
            assert ours[name]["type"] == one["inferred_type_name"]


def test_comments_that_are_no_help_are_left_out():
    assert said("# parameters:\nx = 1")["x"] == ("int", "1", "")
    assert said("# y = 3\nx = 1")["x"][2] == ""
    assert said("# far\n\nx = 1")["x"][2] == ""
    assert said("x = '# no'  # yes")["x"] == ("str", "'# no'", "yes")
    assert said("x = 1  # one\nx = 2.5  # later") == {"x": ("float", "2.5", "later")}


def test_what_python_cannot_parse_still_has_names():
    assert said("a = 1\nb: int = (\n  c == 2") == {"a": ("", "", ""), "b": ("", "", "")}
    assert said("\ud800 = 1\nb = 2") == {"b": ("", "", "")}
    assert said("한글 = 1  # 이름") == {"한글": ("int", "1", "이름")}
    assert said("a = 1\r\nb = 'ü'  # ä\r\n!rm x") == {
        "a": ("int", "1", ""),
        "b": ("str", "'ü'", "ä"),
    }


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 60_000,
        "x = " + "-" * 60_000 + "1",
        "x = " + "1+" * 30_000 + "1",
        "x = [\n" + "[" * 90 + "]" * 90 + "\n]",
        "x = '''" + "\n" * 60_000,
        "\n".join(f"x{n} = {n}  # {n}" for n in range(6_000)),
        "x = 1 " + "#" * 60_000,
        "# a\n" * 15_000 + "x = 1",
        "x = f'" + "{x}" * 20_000 + "'",
        "x = " + "9" * 60_000,
        "\0x = 1",
        "x = 1" * 100_000,
    ],
)
def test_hostile_cells_are_read_quickly_and_shown_short(source):
    began = time.perf_counter()
    found = read_parameters(source)
    assert time.perf_counter() - began < 2
    assert len(found) <= MAX_PARAMETERS
    assert len(json.dumps(found)) < 200_000


@given(st.text(alphabet="ab=:#'\"()[],\n\t\\ 1.é{}%", max_size=60))
def test_names_are_those_that_a_run_may_be_given(source):
    assert [row["name"] for row in read_parameters(source)] == assigned_names(source)
