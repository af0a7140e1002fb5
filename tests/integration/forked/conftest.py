"""Writes notebooks, runs them with our engine, and ends the warm processes of each test."""

import os

import nbformat
import papermill
import pytest

from madang.runner.forked.parents import parents

EXECUTION_TIMEOUT_S = None
"""Limit of each cell, where a test sets one."""

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(path, *cells, **metadata):
    """Write a notebook; a cell is its source, or (source, tag)."""
    made = nbformat.v4.new_notebook(metadata={"kernelspec": PYTHON, **metadata})
    for cell in cells:
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    nbformat.write(made, path)
    return path


def run(path, engine="madang", **options):
    """Execute; return the executed notebook."""
    # ipykernel does not watch descriptors in a kernel that thinks it is under pytest.
    under_test = os.environ.pop("PYTEST_CURRENT_TEST", "")
    try:
        return papermill.execute_notebook(
            path,
            path.with_suffix(".out.ipynb"),
            engine_name=engine,
            progress_bar=False,
            cwd=path.parent,
            execution_timeout=EXECUTION_TIMEOUT_S,
            **options,
        )
    finally:
        os.environ["PYTEST_CURRENT_TEST"] = under_test


def texts(executed):
    """Return what cells printed, and names of errors."""
    return [
        output.get("text", output.get("ename"))
        for cell in executed.cells
        for output in cell.get("outputs", [])
    ]


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    yield
    parents.close()
