"""Papermill with our engine: one warm process, a kernel of its own for each notebook."""

import os
import subprocess
import sys

import nbformat
import papermill
import pytest

from madang.runner.forked.parents import parents

pytestmark = pytest.mark.integration

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(path, *cells, **metadata):
    """Write a notebook; a cell is its source, or (source, tag)."""
    made = nbformat.v4.new_notebook(metadata={"kernelspec": PYTHON, **metadata})
    for cell in cells:
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    nbformat.write(made, path)
    return path


@pytest.fixture(autouse=True)
def _own_parents():
    yield
    parents.close()


def run(path, **options):
    output = path.with_suffix(".out.ipynb")
    return papermill.execute_notebook(
        path, output, engine_name="madang", progress_bar=False, cwd=path.parent, **options
    )


def texts(executed):
    return [o.get("text", o.get("ename")) for c in executed.cells for o in c.get("outputs", [])]


def test_the_command_needs_no_service(tmp_path):
    path = notebook(tmp_path / "in.ipynb", ("a = 0", "parameters"), "print(a + 1)")
    env = {n: v for n, v in os.environ.items() if not n.startswith(("MADANG", "PYTEST"))}
    subprocess.run(
        [
            *(sys.executable, "-m", "papermill", "--engine", "madang", "--no-progress-bar"),
            *(path, tmp_path / "out.ipynb", "-p", "a", "1"),
        ],
        check=True,
        env=env,
        timeout=60,
    )
    executed = nbformat.read(tmp_path / "out.ipynb", 4)
    assert texts(executed) == ["2\n"]
    assert executed.metadata.madang == {"kernel": "forked"}


def test_runs_have_a_process_each_and_share_a_parent(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        "import os\nprint('left' in globals())\nleft = 1\nprint(os.getpid())\nprint(os.getppid())",
    )
    first, second = (texts(run(path))[0].split() for _ in range(2))
    assert (first[0], second[0]) == ("False", "False")
    assert first[1] != second[1]
    assert first[2] == second[2]
    assert not os.path.exists(f"/proc/{first[1]}")  # noqa: PTH110
