"""Stock papermill under our wrapper: its engine with a watch, and files instead of addresses.

Only :mod:`madang.runner.execute` uses it. Papermill's own injection, metadata and error marks stay
as they are; what is replaced is where it reads and writes, and who hears of each cell.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellExecutionError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.iorw import LocalHandler, papermill_io
from traitlets.config import Config

from madang.domain.recorded import read_recorded
from madang.domain.run_inputs import check_local_path
from madang.runner import disk, provenance
from madang.runner.checkpoints.keeper import Keeper, RestoreFailedError
from madang.runner.files import NOTEBOOK, OUTPUT, RunFolder, write_atomically
from madang.runner.forked.engine import execute_forked
from madang.runner.forked.manager import Manager
from madang.runner.outputs import Room
from madang.runner.redaction import NOTHING, Redactor
from madang.runner.watch import Watch

ENGINE = "madang"
OTHER = "madang-environment"
INJECTED = "injected-parameters"
IOPUB_S = 120
"""How long outputs may come after their cell has ended: a gigabyte on a busy machine does."""


class RunFiles(LocalHandler):  # type: ignore[misc]
    """The only way in or out: the snapshot and the output of the folder papermill runs in.

    Parameters
    ----------
    hidden
        Takes the values of secrets out of what is saved; what is in memory stays whole, so that a
        value is found that came in pieces.
    """

    def __init__(self, hidden: Redactor) -> None:
        super().__init__()
        self._hidden = hidden
        self._written = ""

    def read(self, path: str) -> str:
        """Return the text of the snapshot; text that is itself a notebook is no path."""
        return self._inside(path).read_text(encoding="utf-8")

    def write(self, buf: str, path: str) -> None:
        """Save the output so that it is always a whole notebook."""
        if buf == self._written:  # papermill ends with what its last save wrote already
            return
        data = self._clean(buf).encode("utf-8", "backslashreplace")
        place = self._inside(path)
        try:
            write_atomically(place, data, is_durable=False)
        except OSError as error:
            # What a full disk stops must still be able to say so in the notebook.
            if not (disk.is_full(error) and disk.release(_slot_folder(place))):
                raise
            write_atomically(place, data, is_durable=False)
        self._written = buf

    def _clean(self, buf: str) -> str:
        if self._hidden is NOTHING:
            return buf
        notebook = nbformat.reads(buf, as_version=4)
        notebook.cells = self._hidden.cells(notebook.cells)
        notebook.metadata = self._hidden.everything(notebook.metadata)
        return str(nbformat.writes(nbformat.from_dict(notebook)))

    def _inside(self, path: str) -> Path:
        if check_local_path(path) not in (NOTEBOOK, OUTPUT):
            raise PermissionError(path)
        return Path(self._cwd or ".") / path


def _slot_folder(output: Path) -> Path:
    """Return the folder of the slot, in which each run has one."""
    return output.absolute().parent.parent


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client, telling a watch about cells, and a keeper when each has ended."""

    def __init__(
        self, nb_man: NotebookExecutionManager, *, watch: Watch, keeper: Keeper, **options: Any
    ) -> None:
        super().__init__(nb_man, **options)
        self.watch = watch
        self.keeper = keeper
        tags = [cell.metadata.get("tags", []) for cell in self.nb.cells]
        self._room = Room((), keeper.tell)
        self._injected = next((i for i, t in enumerate(tags) if INJECTED in t), len(tags))
        self.total = sum(INJECTED not in t for t in tags)

    def number(self, index: int) -> int:
        """Return the number of a cell as its author counts: from 1, without the injected one."""
        return index + (index < self._injected)

    def papermill_execute_cells(self) -> None:
        """Execute cells as papermill does, but for those that an earlier attempt has executed."""
        first = self.keeper.restore(self)
        self._room = Room(self.nb.cells, self.keeper.tell)
        provenance.begin(self.nb.metadata, self.keeper.given, self.keeper.resumed)
        last = len(self.nb.cells) - 1
        for index, cell in enumerate(self.nb.cells[first:], first):
            saves_with_next = False
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
                saves_with_next = index < last
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            finally:
                with _without_save(self.nb_man) if saves_with_next else nullcontext():
                    self.nb_man.cell_complete(cell, cell_index=index)
            self.keeper.after(self, cell, index)

    def execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        """Execute one cell; anything that ends the run early marks the cell that was running."""
        self.watch.kernel_pid = getattr(self.km.provisioner, "pid", None)
        try:
            self.watch.begin_cell(self.number(cell_index), self.total)
            done = super().execute_cell(cell, cell_index, **options)
        except BaseException:
            self.nb_man.cell_exception(self.nb.cells[cell_index], cell_index=cell_index)
            raise
        self.watch.end_cell(self.number(cell_index))
        return done

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message of the kernel as far as it has room; what was printed goes to the log."""
        fitted = self._room.fit(msg)
        if fitted is None:
            self.nb_man.autosave_cell()
            return None
        output = super().process_message(fitted, cell, cell_index)
        if output is not None and output.get("output_type") == "stream":
            content = msg["content"]
            self.watch.log(content["text"], content["name"])
        return output


@contextmanager
def _without_save(nb_man: NotebookExecutionManager) -> Iterator[None]:
    """Leave the file alone: the next cell starts at once, and its save has the end of this too.

    Papermill's saves at both ends of each cell were half of what it used of a run of short cells.
    """
    nb_man.save = lambda **_: None
    try:
        yield
    finally:
        del nb_man.save


class WatchedEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's stock engine with our client, and with a forked kernel where there is one."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        watch: Watch,
        keeper: Keeper,
        kernel: Callable[[], Manager],
        secrets: Mapping[str, str],
        **options: Any,
    ) -> Any:
        """Execute all cells with one kernel, or with a second one when the first is of no use."""

        def client(manager: Manager | None = None) -> Client:
            return Client(
                nb_man,
                km=manager,
                watch=watch,
                keeper=keeper,
                kernel_name=kernel_name,
                startup_timeout=options["start_timeout"],
                timeout=None,
                iopub_timeout=IOPUB_S,
                # The history is a file of the person's home; runs side by side would fight over it.
                ipython_hist_file=":memory:",
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),
            )

        def fresh() -> Any:
            more = _with_secrets(secrets) if secrets else {}
            try:
                return client().execute(**more)
            except RestoreFailedError:
                pass
            except RuntimeError:
                # Jupyter chooses ports before the kernel listens on them: another may be faster.
                if watch.cell or watch.stop_reason:
                    raise
            nb_man.notebook_start()
            return client().execute(**more)

        try:
            return execute_forked(nb_man, kernel, client, fresh, keeper.tell, watch.note_kernel)
        finally:  # what a run recorded before it failed, or was stopped, counts too
            watch.keep_recorded(read_recorded(nb_man.nb.cells))
            provenance.end(nb_man.nb.metadata)


def _with_secrets(secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return how to start a kernel that has secrets.

    ipykernel repeats what programs write to its descriptors on those that it was started with,
    which lead to the slot's own log; nothing may reach that past the redaction.
    """
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return {"env": {**os.environ, **secrets}, **nowhere}


def use_files_only(hidden: Redactor = NOTHING) -> None:
    """Take every other way to read or write (web, clouds, standard streams) from papermill."""
    papermill_io.reset()
    papermill_io.register("local", RunFiles(hidden))


def use_interpreter(folder: RunFolder, python: str) -> str:
    """Describe a kernel of another interpreter, and return its name.

    Of our own packages none may shine through, and of the person's neither: an environment is what
    its report says.
    """
    prefix = Path(python).parent.parent
    kernel = folder.jupyter / "kernels" / OTHER
    kernel.mkdir(parents=True)
    path = f"{prefix / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": OTHER,
        "language": "python",
        "env": {
            "PATH": path,
            "VIRTUAL_ENV": str(prefix),
            "PYTHONPATH": "",
            "PYTHONNOUSERSITE": "1",
        },
    }
    (kernel / "kernel.json").write_text(json.dumps(spec), "utf-8")
    os.environ["JUPYTER_PATH"] = str(folder.jupyter)
    return OTHER


def execute(
    folder: RunFolder,
    parameters: dict[str, Any],
    watch: Watch,
    keeper: Keeper,
    kernel: Callable[[], Manager],
    python: str = "",
    secrets: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Execute the snapshot of a run; the process must stand in ``folder.root``.

    Parameters
    ----------
    keeper
        Saves between cells, and brings back what an earlier attempt saved.
    kernel
        Gives a forked kernel, or raises :class:`ForkRefusedError` for a fresh one.
    python
        Interpreter of the kernel; empty for our own.
    secrets
        Variables of the kernel that no other process gets; a forked one has them already.

    Raises
    ------
    papermill.PapermillExecutionError
        A cell failed; the output is saved, with papermill's marks.
    nbclient.exceptions.DeadKernelError
        The kernel died.
    OSError
        The output cannot be saved.
    """
    use_files_only(watch.hidden)
    kernel_name = use_interpreter(folder, python) if python else "python3"
    papermill_engines.register(ENGINE, WatchedEngine)
    # Constant relative names: papermill reads paths as templates and would fill in parameters.
    papermill.execute_notebook(
        NOTEBOOK,
        OUTPUT,
        parameters=parameters,
        engine_name=ENGINE,
        kernel_name=kernel_name,
        language="python",
        progress_bar=False,
        cwd=str(folder.work),
        autosave_cell_every=30,
        watch=watch,
        keeper=keeper,
        kernel=kernel,
        secrets=secrets,
    )
