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
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from madang.runner.files import RunFolder
from madang.runner.forked.executor_run import ExecutorRun
from madang.runner.forked.executors import Executors
from madang.runner.forked.imports import find_imports
from madang.runner.forked.parents import Parents, Wanted, is_seeded
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.shared import shared_cells
from madang.runner.forked.warming import Growth, Warming
from madang.runner.values import handed_on

OF_ONE_RUN = ("MADANG_RUN", "MADANG_TOKEN", "MADANG_ATTEMPT", "MADANG_CHECKPOINT_DIR")
"""Variables that cells must not see which run for many."""


class ForkedRun:
    """A process that executes a run, with the few methods of ``subprocess.Popen`` that slots use.

    It is a child of the warm process, so what its end was is not known, only that it ended.

    Parameters
    ----------
    pid, watched
        The process, and a descriptor that becomes readable when it is gone.
    ended
        Called once, when it is seen to be gone.
    """

    returncode: int | None = None
    has_lost_parent = False

    def __init__(self, pid: int, watched: int, ended: Callable[[], None]) -> None:
        self.pid = pid
        self._watched = watched
        self._ended = ended

    def poll(self) -> int | None:
        """Return 0 once it ended."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; no exception when ``timeout`` seconds pass first."""
        return self._wait(timeout) or 0

    def terminate(self) -> None:
        """Ask it to stop and save."""
        if self.returncode is None:
            with contextlib.suppress(OSError):  # gone, or seen to be by another thread just now
                signal.pidfd_send_signal(self._watched, signal.SIGTERM)

    def _wait(self, limit_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._watched], [], [], limit_s)[0]:
            self.returncode = 0
            os.close(self._watched)
            self._ended()
        return self.returncode


Process = ForkedRun | ExecutorRun
"""What executes a run: a process for this run alone, or one that executes others after it."""


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
        self._warming = Warming(self._parents)
        self._executors = Executors(self._parents)
        self._placing = threading.Lock()

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
        place = self._shared_place(folder) if shared else folder.work
        return Wanted(
            preload=tuple(find_imports(sources, folder.work)),
            shared=shared,
            env=self._common(env),
            cwd=str(place),
            format_minor=notebook.get("nbformat_minor"),
        )

    def _common(self, env: Mapping[str, str]) -> dict[str, str]:
        return {n: v for n, v in (self._env | dict(env)).items() if n not in OF_ONE_RUN}

    @contextmanager
    def warming(self, wanted: Wanted) -> Iterator[Growth]:
        """Get a parent for it ready; lanes that want the same have one, and none that is left."""
        growth = self._warming.join(wanted)
        try:
            yield growth
        finally:
            self._warming.leave(wanted, growth)

    def start(
        self,
        folder: RunFolder,
        env: Mapping[str, str],
        events: int,
        grace_s: float,
        wanted: Wanted | ForkRefusedError,
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> Process:
        """Start a run; :class:`ForkRefusedError` when there is no warm process at all.

        The values of secrets reach the run alone: no warm process has them at any time, and such a
        run is executed by a process of its own, as is one that needs a fresh kernel.
        """
        env = self._env | dict(env)
        if isinstance(wanted, Wanted) and not secrets:
            try:
                return self._start_in_executor(folder, env, events, grace_s, wanted)
            except ForkRefusedError as refused:
                if refused.code == "parent_died":
                    raise
        reason = ""
        parent = None
        if isinstance(wanted, Wanted):
            try:
                parent = self._parents.held(wanted)
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
            "env": env,
            "grace_s": grace_s,
            "is_seeded": is_seeded(shared),
            "reason": reason,
            "format_minor": wanted.format_minor if isinstance(wanted, Wanted) else None,
        }
        if parent is None:
            parent = self._parents.held(Wanted((), (), self._common(env), str(folder.work)))
        try:
            with handed_on(secrets) as values:
                return ForkedRun(*parent.ask(request, [events, *values]), parent.release)
        except BaseException:
            parent.release()
            raise

    def _start_in_executor(
        self, folder: RunFolder, env: dict[str, str], events: int, grace_s: float, wanted: Wanted
    ) -> ExecutorRun:
        request = {"folder": str(folder.root), "env": env, "grace_s": grace_s}
        kernel = {
            "do": "kernel",
            "env": env,
            "cwd": str(folder.work),
            "is_seeded": is_seeded(wanted.shared),
        }
        return self._executors.start(request, kernel, wanted, events)

    def close(self) -> None:
        """End the warm processes, and runs with them."""
        self._executors.close()
        self._parents.close()

    def _shared_place(self, folder: RunFolder) -> Path:
        """Return a folder with the run's files that many runs can see; the same for the same."""
        mark = sha256()
        for path in sorted(p for p in folder.work.rglob("*") if p.is_file()):
            mark.update(f"{path.relative_to(folder.work)}\0{path.stat().st_size}\0".encode())
            mark.update(path.read_bytes())
        place = self._root / f"shared-{mark.hexdigest()[:16]}"
        with self._placing:
            if not place.exists():
                # Half a copy, as a full disk leaves it, must not be taken for the files of a run.
                half = place.with_suffix(".half")
                try:
                    shutil.copytree(folder.work, half)
                    half.rename(place)
                finally:
                    shutil.rmtree(half, ignore_errors=True)
        return place
