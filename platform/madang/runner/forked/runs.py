"""The slot's side of forked runs: one warm process that has papermill too, and runs as children.

Used by :mod:`madang.runner.slot`. It reads a run's notebook as plain JSON, since the slot itself
imports neither papermill nor Jupyter; a run has no kernel of its own before it has a process.
"""

import contextlib
import json
import os
import select
import shutil
import signal
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from madang.runner.files import RunFolder
from madang.runner.forked.imports import find_imports
from madang.runner.forked.parents import Parents, Wanted, is_seeded
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.shared import shared_cells

OF_ONE_RUN = ("MADANG_RUN", "MADANG_TOKEN", "MADANG_ATTEMPT", "MADANG_CHECKPOINT_DIR")
"""Variables that cells must not see which run for many."""


class ForkedRun:
    """A process that executes a run, with the few methods of ``subprocess.Popen`` that slots use.

    It is a child of the warm process, so what its end was is not known, only that it ended.
    """

    returncode: int | None = None

    def __init__(self, pid: int, watched: int) -> None:
        self.pid = pid
        self._watched = watched

    def poll(self) -> int | None:
        """Return 0 once it ended."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; no exception when ``timeout`` seconds pass first."""
        return self._wait(timeout) or 0

    def terminate(self) -> None:
        """Ask it to stop and save."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._watched, signal.SIGTERM)

    def _wait(self, limit_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._watched], [], [], limit_s)[0]:
            os.close(self._watched)
            self.returncode = 0
        return self.returncode


class ForkedRuns:
    """Starts runs from warm processes that belong to one slot.

    Parameters
    ----------
    root
        Folder for what shared cells see as their own.
    env
        Variables that all runs have.
    """

    def __init__(self, root: Path, env: Mapping[str, str]) -> None:
        self._root = root
        self._env = dict(env)
        self._parents = Parents("runs")

    def wanted(self, folder: RunFolder, env: Mapping[str, str], python: str) -> Wanted:
        """Return what the run's parent must be like; ForkRefusedError where there can be none."""
        if python:
            raise ForkRefusedError("other_kernel environment")
        notebook = json.loads(folder.notebook.read_bytes().decode("utf-8-sig"))
        own = notebook["metadata"].get("madang")
        if isinstance(own, Mapping) and own.get("kernel") == "fresh":
            raise ForkRefusedError("asked")
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells]
        shared = tuple(shared_cells(notebook["cells"]))
        common = {n: v for n, v in (self._env | dict(env)).items() if n not in OF_ONE_RUN}
        place = self._shared_place(folder) if shared else folder.work
        return Wanted(
            preload=tuple(find_imports(sources, folder.work)),
            shared=shared,
            env=common,
            cwd=str(place),
            format_minor=notebook.get("nbformat_minor"),
        )

    def warm(self, wanted: Wanted) -> None:
        """Have a parent for it; may take as long as the shared cells do."""
        self._parents.parent(wanted)

    def start(
        self,
        folder: RunFolder,
        env: Mapping[str, str],
        events: int,
        grace_s: float,
        wanted: Wanted | ForkRefusedError,
    ) -> ForkedRun:
        """Start a run; :class:`ForkRefusedError` when there is no warm process at all."""
        reason = ""
        parent = None
        if isinstance(wanted, Wanted):
            try:
                parent = self._parents.parent(wanted)
            except ForkRefusedError as refused:
                if refused.code == "parent_died":
                    raise
                reason = str(refused)
        else:
            reason = str(wanted)
        shared = wanted.shared if isinstance(wanted, Wanted) and parent is not None else ()
        request = {
            "do": "run",
            "folder": str(folder.root),
            "cwd": str(folder.work),
            "env": self._env | dict(env),
            "grace_s": grace_s,
            "is_seeded": is_seeded(shared),
            "reason": reason,
            "format_minor": wanted.format_minor if isinstance(wanted, Wanted) else None,
        }
        if parent is None:
            parent = self._parents.parent(Wanted((), (), self._env, str(folder.work)))
        return ForkedRun(*parent.ask(request, [events]))

    def abandon(self) -> None:
        """End the warm processes from another thread than the one that waits for them."""
        self._parents.kill()

    def close(self) -> None:
        """End the warm processes, and runs with them."""
        self._parents.close()

    def _shared_place(self, folder: RunFolder) -> Path:
        """Return a folder with the run's files that many runs can see; the same for the same."""
        mark = sha256()
        for path in sorted(p for p in folder.work.rglob("*") if p.is_file()):
            mark.update(f"{path.relative_to(folder.work)}\0{path.stat().st_size}\0".encode())
            mark.update(path.read_bytes())
        place = self._root / f"shared-{mark.hexdigest()[:16]}"
        if not place.exists():
            shutil.copytree(folder.work, place)
        return place
