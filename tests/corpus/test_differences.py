"""The documented differences from stock papermill: all that are told exist, and are told."""

import re
from pathlib import Path

import pytest
from differences import DIFFERENCES
from ways import Ways

from madang.runner.forked.parents import parents

PAGE = Path(__file__).parents[2] / "platform" / "docs" / "forked-kernels.md"
HEAD = "| seen by a notebook | stock | here | case |"


@pytest.fixture
def ways(tmp_path, monkeypatch):
    made = Ways(tmp_path)
    made.patch, made.close = monkeypatch, parents.close
    yield made
    parents.close()


def told():
    """Return the name of the case in each row of the page's table."""
    _, found, rest = PAGE.read_text().partition(HEAD)
    assert found, f"{PAGE.name} has no table of differences"
    rows = rest.split("\n\n")[0].strip().split("\n")[1:]
    cases = [re.fullmatch(r"\|[^|]+\|[^|]+\|[^|]+\| `(\w+)` \|", row) for row in rows]
    bare = [row for row, case in zip(rows, cases, strict=True) if not case]
    assert not bare, f"no case in: {bare}"
    return [case[1] for case in cases]


def test_each_row_has_a_case_and_each_case_a_row():
    rows = told()
    assert sorted(rows) == sorted(DIFFERENCES)
    assert len(rows) == len({*rows}) >= 20


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", DIFFERENCES)
def test_it_differs_as_told(name, ways):
    DIFFERENCES[name](ways)
