"""One run executed by attempts, as a slot does it, with either kind of kernel."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat

from madang.runner.files import make_run_folder
from madang.runner.forked.runs import ForkedRuns

from .conftest import notebook, python_env

KEY = "same"


class Attempts:
    """Attempts of one run over one folder of checkpoints."""

    def __init__(self, tmp_path, kind):
        self.tmp_path = tmp_path
        self.kind = kind
        self.kept = tmp_path / "kept"
        self.kept.mkdir()
        self.env = python_env(tmp_path, MADANG_RUN="run-1", PYTHONDONTWRITEBYTECODE="1")
        self.forks = ForkedRuns(tmp_path, self.env) if kind == "forked" else None
        self.count = 0

    def close(self):
        if self.forks:
            self.forks.close()

    def run(
        self, cells, *, key=KEY, kill_when=None, metadata=None, parameters=None, python="", **limits
    ):
        """Return (result or None when killed, output, log)."""
        self.count += 1
        checkpoint = {"folder": str(self.kept), "key": key, "after_s": 0, "rest": 0} | limits
        folder = make_run_folder(
            self.tmp_path / f"attempt-{self.count}",
            notebook(*cells, metadata=metadata),
            {"given.txt": b"given"},
            parameters or {},
            120_000,
            python,
            checkpoint=checkpoint,
        )
        reader, writer = os.pipe()
        if self.forks:
            wanted = self.forks.wanted(folder, {}, "")
            process = self.forks.start(folder, {}, writer, 3.0, wanted)
        else:
            command = [sys.executable, "-P", "-m", "madang.runner.execute", str(folder.root)]
            process = subprocess.Popen(
                [*command, "--events", str(writer)], env=self.env, pass_fds=(writer,)
            )
        os.close(writer)
        if kill_when is not None:
            deadline = time.monotonic() + 60
            while not (folder.work / kill_when).exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
        with os.fdopen(reader) as lines:
            events = [json.loads(line) for line in lines if line.endswith("\n")]
        process.wait()
        result = next((e["result"] for e in events if "result" in e), None)
        text = folder.output.read_text()
        output = nbformat.reads(text, as_version=4)
        nbformat.validate(output)
        return result, output, "".join(e["log"] for e in events if "log" in e)
