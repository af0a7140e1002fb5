"""Three ways to execute the same cells: stock papermill, our engine, and our engine in a slot."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import papermill
from comparing import NO_KERNEL, PYTHON

from madang.runner.files import make_run_folder

RAISES = "raises-exception"
_LIMIT_S = 120


def written(path, cells):
    """Write a notebook; a cell is its source, or (source, tag)."""
    made = nbformat.v4.new_notebook(metadata={"kernelspec": PYTHON})
    for cell in cells:
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    nbformat.write(made, path)
    return path


def code(executed, number):
    """Return a cell as its author counts; papermill puts text above what failed."""
    return [cell for cell in executed.cells if cell.cell_type == "code"][number]


def shown(executed, number):
    """Return what a cell printed, or the names of its errors."""
    outputs = code(executed, number).outputs
    return "".join(output.get("text", output.get("ename", "")) for output in outputs).strip()


class Ways:
    """Executes in folders of its own, below one."""

    def __init__(self, root):
        self._root, self._count = root, 0

    def folder(self):
        """Return a new folder."""
        self._count += 1
        made = self._root / f"place{self._count}"
        made.mkdir()
        return made

    def stock(self, *cells, folder=None):
        """Return the notebook as papermill leaves it, whether or not it failed."""
        for _ in range(3):
            executed = self._executed(cells, None, folder or self.folder())
            if not NO_KERNEL.search(str(self.error)):
                return executed
        raise self.error

    def ours(self, *cells, folder=None):
        """Return the notebook as our engine leaves it."""
        return self._executed(cells, "madang", folder or self.folder())

    def _executed(self, cells, engine, folder):
        path = written(folder / "in.ipynb", cells)
        # ipykernel does not watch descriptors in a kernel that thinks it is under pytest.
        under_test = os.environ.pop("PYTEST_CURRENT_TEST", "")
        self.error = None
        try:
            given = {"engine_name": engine, "progress_bar": False, "cwd": folder}
            papermill.execute_notebook(path, folder / "out.ipynb", **given)
        except Exception as error:  # how it ends is part of what is looked at
            self.error = error
        finally:
            os.environ["PYTEST_CURRENT_TEST"] = under_test
        return nbformat.read(folder / "out.ipynb", 4)

    def command(self, *options, cells, until=None):
        """Return (status, standard error, notebook) of the command; ended once a file is there."""
        folder = self.folder()
        path = written(folder / "in.ipynb", cells)
        words = (sys.executable, "-m", "papermill", "--no-progress-bar", *options)
        ended = self._ended([*words, path, folder / "out.ipynb"], folder, until and folder / until)
        return *ended[::2], nbformat.read(folder / "out.ipynb", 4)

    def slot(self, *cells, until=None):
        """Return (result, log, notebook) of the process in which a slot executes a run."""
        folder = self.folder()
        data = written(folder / "in.ipynb", cells).read_bytes()
        place = make_run_folder(folder / "run", data, {}, {}, _LIMIT_S * 1000)
        command = [sys.executable, "-P", "-m", "madang.runner.execute", str(place.root)]
        waited = until and place.work / until
        _, out, _ = self._ended([*command, "--grace-s", "3"], folder, waited)
        events = [json.loads(line) for line in out.splitlines()]
        return events[-1]["result"], out, nbformat.read(place.output, 4)

    @staticmethod
    def _ended(command, folder, waited):
        """Return (status, output, errors); SIGTERM is sent once a file is there."""
        own = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=folder, env=own, **pipes) as process:
            try:
                deadline = time.monotonic() + _LIMIT_S
                while waited and not waited.exists():
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                if waited:
                    process.send_signal(signal.SIGTERM)
                out, err = process.communicate(timeout=_LIMIT_S)
            finally:
                process.kill()
        return process.returncode, out, err
