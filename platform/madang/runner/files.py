"""Files of one run: its fresh folder, and writes that are either whole or absent.

Used by the slot (makes the folder) and by the process that executes (saves the notebook). Nothing
outside the given folder is ever touched, and no link is followed.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from madang.domain.run_inputs import check_files, check_notebook, check_parameters

NOTEBOOK = "notebook.ipynb"
OUTPUT = "output.ipynb"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Names of what belongs to one run, below ``root``."""

    root: Path

    @property
    def notebook(self) -> Path:
        """The snapshot that is executed."""
        return self.root / NOTEBOOK

    @property
    def output(self) -> Path:
        """The executed notebook; at any moment absent or valid."""
        return self.root / OUTPUT

    @property
    def task(self) -> Path:
        """Parameters and time limit, as JSON."""
        return self.root / "task.json"

    @property
    def jupyter(self) -> Path:
        """Holds the kernel of an environment, where the run has one."""
        return self.root / "jupyter"

    @property
    def work(self) -> Path:
        """Working folder of the kernel, with the files that travelled with the run."""
        return self.root / "work"


def make_run_folder(
    root: Path,
    notebook: bytes,
    files: Mapping[str, bytes],
    parameters: Mapping[str, Any],
    limit_ms: int,
    python: str = "",
    checkpoint: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> RunFolder:
    """Write the snapshot of a run into a folder that must not exist yet.

    Parameters
    ----------
    root
        The folder to make; its parent exists.
    limit_ms
        Time that the run may take.
    python
        Interpreter of the kernel; empty for our own.
    checkpoint
        ``folder`` where checkpoints lie, the ``key`` of those that fit, and ``said_s`` where its
        person said how long between saves; None keeps nothing.
    provenance
        What the output's metadata say of the run, see :mod:`madang.runner.provenance`.

    Raises
    ------
    InvalidError
        What was given breaks a limit of :mod:`madang.domain.run_inputs`.
    """
    check_notebook(notebook)
    named = check_files(files)
    task = {"parameters": check_parameters(parameters), "limit_ms": int(limit_ms)}
    if python:
        task["python"] = python
    if checkpoint:
        task["checkpoint"] = dict(checkpoint)
    if provenance:
        task["provenance"] = dict(provenance)
    folder = RunFolder(root)
    root.mkdir(mode=0o700)
    folder.work.mkdir(mode=0o700)
    for name, data in named.items():
        path = folder.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The folder is new and ours, so that an exclusive create cannot meet a link.
        with path.open("xb") as file:
            file.write(data)
    folder.notebook.write_bytes(notebook)
    folder.task.write_text(json.dumps(task), encoding="utf-8")
    return folder


def write_atomically(path: Path, data: bytes, *, is_durable: bool = True) -> None:
    """Replace ``path`` so that a reader, a kill or a full disk sees the old or the new bytes.

    Parameters
    ----------
    is_durable
        Whether the same holds when the machine itself stops. Nobody looks into a run's folder after
        that, the run is executed anew, and waiting for the disk at every cell costs its time.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(data)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if not is_durable:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
