"""One run in a process of its own: every way it can end leaves a valid notebook."""

import json
import resource
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from madang.domain.run import RunState
from madang.runner.files import make_run_folder

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration

PARAMETERS = ("lr = 1\nname = 'a'", "parameters")


class Execution:
    """A started `madang.runner.execute` and what it says."""

    def __init__(
        self, tmp_path, data, parameters=None, files=None, limit_ms=60_000, python="", **popen
    ):
        self.folder = make_run_folder(
            tmp_path / "run", data, files or {}, parameters or {}, limit_ms, python
        )
        command = [sys.executable, "-P", "-m", "madang.runner.execute", str(self.folder.root)]
        env = python_env(tmp_path, MADANG_TOKEN="attempt-secret", MADANG_RUN="run-1")
        self.process = subprocess.Popen(
            [*command, "--grace-s", "3"], stdout=subprocess.PIPE, env=env, text=True, **popen
        )
        self.events = []

    def read_until(self, condition):
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if condition(self.events[-1]):
                return
        raise AssertionError(self.events)

    def finish(self):
        """Return (result, output notebook or None)."""
        for line in self.process.stdout:
            self.events.append(json.loads(line))
        self.process.stdout.close()
        assert self.process.wait(30) == 0
        output = None
        if self.folder.output.exists():
            text = self.folder.output.read_text()
            output = nbformat.reads(text, as_version=4)
            nbformat.validate(output)
            assert "attempt-secret" not in text
        assert [p.name for p in self.folder.root.glob(".output*")] == []
        return self.events[-1]["result"], output


def ended(state, reason):
    """Return the result of a run without an error, outside a slot."""
    kernel = {"fresh_reason": "no_parent"}
    return {"state": state, "reason": reason, "error": None, "kernel": kernel}


def outputs(notebook_):
    return [
        output.get("text", output.get("ename"))
        for cell in notebook_.cells
        for output in cell.get("outputs", [])
    ]


def test_success_with_parameters_files_and_progress(tmp_path):
    hostile = '"; import os; os._exit(9) #\n\\'
    run = Execution(
        tmp_path,
        notebook(
            "print(open('data/a.txt').read())",
            PARAMETERS,
            "import os\nprint(lr, name, os.environ['MADANG_RUN'])",
        ),
        {"lr": 0.5, "name": hostile},
        {"data/a.txt": b"hello"},
    )
    result, output = run.finish()
    assert result == ended("succeeded", "")
    assert outputs(output) == ["hello\n", f"0.5 {hostile} run-1\n"]
    counts = [(e["cells_done"], e["cells_total"]) for e in run.events if "cell" in e]
    assert counts[0] == (0, 3)
    assert counts[-1] == (3, 3)
    assert "".join(e["log"] for e in run.events if "log" in e) == "".join(outputs(output))
    # Where it ran is nobody's business who reads the output.
    assert str(tmp_path) not in json.dumps(output.metadata)


def test_undeclared_parameters_start_no_kernel(tmp_path):
    result, output = Execution(tmp_path, notebook(PARAMETERS), {"lt": 1}).finish()
    assert result["state"] == RunState.FAILED
    assert result["reason"] == "parameters_undeclared"
    assert "lt" in result["error"]["value"]
    assert "lr, name" in result["error"]["value"]
    assert output is None


def test_a_failing_cell_keeps_what_came_before(tmp_path):
    result, output = Execution(
        tmp_path, notebook("print(1)", PARAMETERS, "1 / 0", "print(2)"), {"lr": 2}
    ).finish()
    assert result["state"] == RunState.FAILED
    assert result["error"] == {"cell": 3, "name": "ZeroDivisionError", "value": "division by zero"}
    assert outputs(output) == ["1\n", "ZeroDivisionError"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("import numpy\nnumpy.ones(2**50)", "out_of_memory"),
        (
            "class OutOfMemoryError(RuntimeError): pass\nraise OutOfMemoryError('CUDA')",
            "out_of_device_memory",
        ),
    ],
)
def test_want_of_memory_is_told_as_such(tmp_path, cell, reason):
    result, _ = Execution(tmp_path, notebook("1", cell)).finish()
    assert (result["state"], result["reason"]) == ("failed", reason)
    assert result["error"]["cell"] == 2


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), 11)"])
def test_a_dead_kernel_is_told_with_its_cell(tmp_path, how):
    result, output = Execution(
        tmp_path, notebook("print(1)", f"import os\n{how}", "print(2)")
    ).finish()
    assert (result["state"], result["reason"]) == ("failed", "kernel_died")
    assert result["error"]["cell"] == 2
    assert outputs(output) == ["1\n"]
    status = [cell.metadata.papermill["status"] for cell in output.cells]
    assert status == ["completed", "failed", "pending"]


def test_the_time_limit_expires_a_run(tmp_path):
    run = Execution(
        tmp_path, notebook("print(1, flush=True)\nimport time\ntime.sleep(60)"), limit_ms=14_000
    )
    result, output = run.finish()
    assert result == ended("expired", "time_limit")
    assert outputs(output) == ["1\n", "KeyboardInterrupt"]


def test_sigterm_in_a_cell_saves_and_says_so(tmp_path):
    run = Execution(
        tmp_path, notebook("print(1)", "print(2, flush=True)\nimport time\ntime.sleep(60)")
    )
    run.read_until(lambda event: event.get("log") == "2\n")
    run.process.send_signal(signal.SIGTERM)
    result, output = run.finish()
    assert result == ended("cancelled", "stopped")
    assert outputs(output)[:2] == ["1\n", "2\n"]


def test_a_kernel_that_will_not_stop_is_killed(tmp_path):
    stubborn = "import signal, time\nsignal.signal(2, signal.SIG_IGN)\nprint(0)\ntime.sleep(60)"
    run = Execution(tmp_path, notebook(stubborn))
    run.read_until(lambda event: event.get("log") == "0\n")
    began = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    result, output = run.finish()
    assert time.monotonic() - began < 20
    assert result["state"] == RunState.CANCELLED
    assert outputs(output) == ["0\n"]


def test_a_full_disk_is_no_success_and_keeps_the_last_save(tmp_path):
    # The limit holds for every file of the process and its kernel, as a full disk would.
    limit = 200_000

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    run = Execution(
        tmp_path,
        notebook("print(1)", "print('x' * 300_000)", "print(3)"),
        preexec_fn=small_files,
    )
    result, output = run.finish()
    assert (result["state"], result["reason"]) == ("failed", "output_not_saved")
    assert outputs(output)[0] == "1\n"


def test_hostile_metadata_fails_its_own_run(tmp_path):
    data = json.loads(notebook("print(1)"))
    data["metadata"]["papermill"] = "text"
    data["metadata"]["kernelspec"] = {"name": "../../evil", "display_name": "x"}
    result, _ = Execution(tmp_path, json.dumps(data).encode()).finish()
    assert (result["state"], result["reason"]) == ("failed", "runner_error")


def test_no_handler_but_files(tmp_path):
    """One test per scheme, in both directions, and text that is itself a notebook."""
    code = """
import papermill, sys
from madang.runner import engine
from madang.runner.files import RunFolder
from papermill.iorw import papermill_io, load_notebook_node, write_ipynb
from pathlib import Path
import nbformat
engine.use_files_only()
paths = [f"{s}://x/notebook.ipynb" for s in ("http", "https", "s3", "gs", "adl", "abs", "hdfs")]
paths += ["https://github.com/a/b/blob/c/notebook.ipynb", "-", "/etc/passwd", "../notebook.ipynb"]
for path in [*paths, '{"cells": []}']:
    new = nbformat.v4.new_notebook()
    for act in (lambda: load_notebook_node(path), lambda: write_ipynb(new, path)):
        try:
            act()
        except Exception as error:
            assert type(error).__name__ in ("InvalidError", "PermissionError"), (path, error)
        else:
            raise SystemExit(path)
print("closed")
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=python_env(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == "closed\n", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", [1, 9])
def test_a_kernel_that_does_not_come_up_is_started_once_more(tmp_path, fails):
    """Another process may take a kernel's port before the kernel listens; no cell has run then."""
    starts, python = tmp_path / "starts", tmp_path / "bin" / "python"
    starts.touch()
    python.parent.mkdir()
    python.write_text(
        f"#!/bin/sh\necho >> {starts}\n"
        f'test "$(wc -l < {starts})" -gt {fails} || exit 1\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    result, output = Execution(tmp_path, notebook("print(1)"), python=str(python)).finish()
    assert len(starts.read_text().splitlines()) == 2
    if fails == 1:
        assert (result["state"], outputs(output)) == (RunState.SUCCEEDED, ["1\n"])
    else:
        assert (result["state"], result["reason"]) == (RunState.FAILED, "kernel_failed")
