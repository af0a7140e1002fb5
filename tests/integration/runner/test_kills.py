"""Killed at any of its cells, a run leaves a valid notebook with what its finished cells said."""

import json
import os
import signal
import time

import nbformat
import pytest

from madang.runner.files import make_run_folder
from madang.runner.forked.runs import ForkedRuns

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration

# Markdown between them, a rich output, a result and a stream: each kind of thing that is saved.
CELLS = (
    "import os\nopen('kernel', 'w').write(str(os.getpid()))\nprint('one')",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>two</b>'))",
    "'three'",
    "import sys\nprint('four', file=sys.stderr)",
    "print('five')",
)
SAID = ["one\n", "<b>two</b>", "'three'", "four\n", "five\n"]
# It says where it stands while it has said something, and stays there.
STAYS = "\nprint('half', flush=True)\nopen('here', 'w').close()\nimport time\ntime.sleep(60)"


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    """Give the runs of one slot, whose warm process all kills leave alive."""
    root = tmp_path_factory.mktemp("slot")
    made = ForkedRuns(root, python_env(root, MADANG_RUN="run-1"))
    yield root, made
    made.close()


def said(cell):
    """Return what the first output of a cell shows."""
    first = cell.outputs[0]
    data = first.get("data", {})
    return first.get("text") or data.get("text/html") or data.get("text/plain")


@pytest.mark.parametrize("cell", range(len(CELLS)))
@pytest.mark.parametrize("victim", ["kernel", "runner"])
def test_a_run_that_is_killed_in_a_cell_leaves_a_valid_notebook(forks, victim, cell):
    root, runs = forks
    cells = [source + STAYS * (number == cell) for number, source in enumerate(CELLS)]
    folder = make_run_folder(root / f"{victim}-{cell}", notebook(*cells), {}, {}, 60_000)
    reader, writer = os.pipe()
    process = runs.start(folder, {}, writer, 3.0, runs.wanted(folder, {}, ""))
    os.close(writer)
    deadline = time.monotonic() + 60
    while not (folder.work / "here").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    kernel = int((folder.work / "kernel").read_text())
    os.kill(kernel if victim == "kernel" else process.pid, signal.SIGKILL)
    with os.fdopen(reader) as lines:
        events = [json.loads(line) for line in lines if line.endswith("\n")]
    process.wait()
    results = [event["result"] for event in events if "result" in event]
    output = nbformat.reads(folder.output.read_text(), as_version=4)
    nbformat.validate(output)
    assert [said(done) for done in output.cells[:cell]] == SAID[:cell]
    assert [done.get("outputs") for done in output.cells[cell + 1 :]] == [[]] * (4 - cell)
    assert not list(folder.root.glob(".output*"))
    if victim == "kernel":
        assert results[0]["reason"] == "kernel_died"
        assert results[0]["error"]["cell"] == cell + 1
        assert output.cells[cell].outputs[-1].text.endswith("half\n")
    else:
        assert results == []
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{kernel}"):  # noqa: PTH110
            assert time.monotonic() < deadline, "the kernel outlives its run"
            time.sleep(0.05)
