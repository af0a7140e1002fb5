"""Hostile and honest inputs of a run."""

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.domain.run import MAX_NOTEBOOK_BYTES, MAX_PARAMETERS_BYTES
from madang.domain.run_inputs import (
    assigned_names,
    check_declared,
    check_file_name,
    check_files,
    check_local_path,
    check_notebook,
    check_parameters,
)
from madang.domain.wanted import Wanted
from madang.errors import InvalidError
from madang.i18n import catalogue, problem


def notebook(*cells, **metadata):
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    ).encode()


def code(source, *tags):
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "outputs": [],
        "execution_count": None,
        "id": "a",
    }


def refused(call, *args):
    with pytest.raises(InvalidError) as caught:
        call(*args)
    for lang in ("en", "ko"):
        shown = problem(caught.value, lang)
        assert shown["message"]
        assert "{" not in shown["message"].replace("{}", "")
        assert not shown["hint"].startswith("error.")
    return caught.value.code


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé한\U0001f600"\\\n\0{}', max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["lr", "seed", "학습률"]), json_values))
def test_json_comes_back_equal(parameters):
    assert check_parameters(parameters) == parameters


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "parameters_not_json"),
        (float("-inf"), "parameters_not_json"),
        ({1: 2}, "parameters_not_json"),
        ({"a": {1, 2}}, "parameters_not_json"),
        (b"bytes", "parameters_not_json"),
        ("\ud800", "parameters_not_json"),
        ("x" * MAX_PARAMETERS_BYTES, "parameters_too_large"),
        ([0] * MAX_PARAMETERS_BYTES, "parameters_too_large"),
    ],
    ids=range(8),
)
def test_values_that_are_refused(value, code):
    assert refused(check_parameters, {"x": value}) == code


def test_a_number_that_python_refuses_to_write():
    assert refused(check_parameters, {"x": 10**5000}) == "parameters_not_json"


def test_depth_counts_and_cycles_end():
    value = 0
    for _ in range(15):
        value = [value]
    assert check_parameters({"x": value}) == {"x": value}
    assert refused(check_parameters, {"x": [value]}) == "parameters_too_deep"
    cycle = []
    cycle.append(cycle)
    assert refused(check_parameters, {"x": cycle}) == "parameters_too_deep"
    bomb = [1] * 9
    for _ in range(12):
        bomb = [bomb] * 9
    assert refused(check_parameters, {"x": bomb}) == "parameters_too_large"


def test_names_cannot_carry_code():
    for name in ("a b", "x = 1; import os #", "", "class", "1a", "a.b", "a\nb"):
        assert refused(check_parameters, {name: 1}) == "parameter_name_invalid"
    assert refused(check_parameters, {f"a{i}": 1 for i in range(257)}) == "parameters_too_many"
    assert refused(check_parameters, [1]) == "parameters_not_json"


def test_notebook_facts():
    facts = check_notebook(
        notebook(
            {"cell_type": "markdown", "metadata": {}, "source": ["# a"]},
            code("import os\n"),
            code(
                ["lr: float = 0.1\n", "%matplotlib inline\n", "a, (b, c) = 1, (2, 3)\n", "lr = 2"],
                "parameters",
            ),
            code("later = 1", "parameters"),
        )
    )
    assert facts["source"].startswith("lr: float = 0.1\n%matplotlib")
    # What is said last counts: the number that takes the place of a float is of no stated type.
    assert facts["wanted"] == Wanted()
    assert {key: facts[key] for key in facts if key not in ("source", "wanted")} == {
        "cells": 4,
        "code_cells": 3,
        "declared": ["lr", "a", "b", "c"],
        "files": [],
    }
    assert check_notebook(notebook(code("x = 1")))["declared"] is None
    assert check_notebook(b"\xef\xbb\xbf" + notebook())["cells"] == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "notebook_not_json"),
        (b"\xff\xfe", "notebook_not_json"),
        (b"[" * 100_000, "notebook_not_json"),
        (b"1" * 5000, "notebook_not_json"),
        (b"[]", "notebook_not_notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "notebook_not_notebook"),
        (b'{"nbformat": 4, "cells": {}}', "notebook_not_notebook"),
        (b'{"nbformat": 4, "cells": [], "metadata": []}', "notebook_not_notebook"),
        (
            b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}',
            "notebook_not_notebook",
        ),
        (
            b'{"nbformat": 4, "cells": [{"cell_type": "evil", "source": ""}]}',
            "notebook_not_notebook",
        ),
        (b" " * (MAX_NOTEBOOK_BYTES + 1), "notebook_too_large"),
        (notebook(kernelspec={"language": "R"}), "notebook_language"),
        (notebook(language_info={"name": "julia"}), "notebook_language"),
    ],
    ids=range(13),
)
def test_notebooks_that_are_refused(data, code):
    assert refused(check_notebook, data) == code


@pytest.mark.parametrize("path", ["../../a", ".ssh/id", "../.env", "/etc/passwd", "a/../b", 3, ""])
def test_declared_files_that_lead_out(path):
    assert refused(check_notebook, notebook(madang={"files": [path]})) == "path_outside"


def test_declared_files():
    facts = check_notebook(notebook(madang={"files": ["../data/a.csv", "b.csv"]}))
    assert facts["files"] == ["../data/a.csv", "b.csv"]
    assert refused(check_notebook, notebook(madang={"files": "a"})) == "notebook_not_notebook"
    assert check_notebook(notebook(madang="text"))["files"] == []


def test_cells_that_python_cannot_parse_are_read_by_line():
    assert assigned_names("a = 1\nb: int = (\n  c == 2") == ["a", "b"]
    assert assigned_names("a = 1\n!rm x\nb = 2\nc[0] = 1\nd.e = 3\nb += 1") == ["a", "b"]
    assert assigned_names("-" * 60_000 + "1") == []


def test_undeclared_parameters_are_named():
    check_declared({"lr": 1}, ["lr", "seed"])
    check_declared({}, None)
    assert refused(check_declared, {"lr": 1}, None) == "parameters_undeclared"
    with pytest.raises(InvalidError) as caught:
        check_declared({"lt": 1, "seed": 2}, ["lr", "seed"])
    assert caught.value.details == {"given": "lt", "known": "lr, seed"}


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "/etc/passwd", "a/../b", "../run-1-sibling/x", "a//b", "a/", "%2e%2e/x",
        "%2fetc", "a\0b", "a\\b", "C:x", "a/%00", "x\n", " a", "a ", "..%2fx", "\ud800", "a" * 256,
        "/".join("a" * 9 for _ in range(200)), None, 3, "\u202egnp.exe",
    ],
)  # fmt: skip
def test_names_that_lead_out(name):
    assert refused(check_file_name, name) == "path_outside"


@pytest.mark.parametrize(
    "scheme", ["http", "https", "s3", "gs", "adl", "abs", "hdfs", "github", "file"]
)
def test_addresses_are_no_files(scheme):
    assert refused(check_file_name, f"{scheme}://host/x.ipynb") == "path_is_url"
    assert refused(check_local_path, f"{scheme}://host/x.ipynb") == "path_is_url"
    assert check_local_path(f"./{scheme}/x.ipynb") == f"./{scheme}/x.ipynb"


@given(st.text(st.sampled_from("ab./\\%2eE5cfF\0~: 한\n"), max_size=12))
def test_an_accepted_name_stays_inside(name):
    root = Path("/srv/run-1")
    try:
        accepted = check_file_name(name)
    except InvalidError:
        return
    path = PurePosixPath(root / accepted)
    assert ".." not in path.parts
    assert path.is_relative_to(root)
    assert path != root


def test_files_of_a_run():
    assert check_files({"data/a.csv": b"1"}) == {"data/a.csv": b"1"}
    assert refused(check_files, {"a": b"", "a/b": b""}) == "path_outside"
    assert refused(check_files, {f"a{i}": b"" for i in range(65)}) == "files_too_large"


def test_every_code_has_words():
    for key, pair in catalogue().items():
        assert all(pair), key
