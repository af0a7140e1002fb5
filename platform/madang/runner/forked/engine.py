"""Executes a notebook with a forked kernel, or with an ordinary one where that is not sound.

The papermill engine ``madang`` uses :func:`execute_bare`, runs in a slot :func:`execute_forked`.
Which kernel it was, and why, is written into the metadata of the output under ``madang``.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipykernel_launcher
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from madang.i18n import LANGUAGES, text
from madang.runner.checkpoints.keeper import RestoreFailedError
from madang.runner.forked.imports import find_imports
from madang.runner.forked.manager import Manager
from madang.runner.forked.parents import Wanted, parents
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.shared import shared_cells

METADATA = "madang"
ASK_FRESH = "fresh"
_LAUNCHER = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


def execute_bare(nb_man: NotebookExecutionManager, kernel_name: str, options: Any) -> Any:
    """Execute all cells of a notebook outside a slot; the options are papermill's own engine's."""

    def forked(manager: Manager) -> Any:
        return PapermillNotebookClient(nb_man, km=manager, **_as_stock(kernel_name, options))

    def fresh() -> Any:
        return NBClientEngine.execute_managed_notebook(nb_man, kernel_name, **options)

    def kernel() -> Manager:
        return parents.kernel(_wanted(nb_man.nb, kernel_name))

    return execute_forked(nb_man, kernel, forked, fresh)


def execute_forked(
    nb_man: NotebookExecutionManager,
    kernel: Callable[[], Manager],
    forked: Callable[[Manager], Any],
    fresh: Callable[[], Any],
    tell: Callable[[str], None] = logger.info,
    note: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> Any:
    """Execute with a forked kernel, or else with a fresh one.

    Parameters
    ----------
    kernel
        Gives a forked kernel, or raises :class:`ForkRefusedError`.
    forked
        Makes the client that drives the kernel it is given.
    fresh
        Executes all cells in the ordinary way.
    tell
        Told why the kernel is a fresh one, in Korean and English.
    note
        Given ``fresh_reason``, or what a forked kernel has inherited (``warm``, ``shared_ms``).
    """
    try:
        manager = kernel()
    except ForkRefusedError as error:
        _record(nb_man.nb, error, tell)
        note({"fresh_reason": f"{error.code} {error.detail}".strip()})
        return fresh()
    note(manager.inheritance)
    nb_man.nb.metadata[METADATA] = {"kernel": "forked"}
    client = forked(manager)
    client.owns_km = True  # it ends its kernel as it ends one that it started
    try:
        return client.execute()
    except RestoreFailedError:
        refused = ForkRefusedError("restore_failed")
    except (DeadKernelError, RuntimeError):
        if not manager.is_hung:
            raise
        # Its cells may have begun something; but a fork that hangs says nothing about the notebook.
        refused = ForkRefusedError("fork_hung")
    finally:
        manager.close()
    nb_man.notebook_start()
    _record(nb_man.nb, refused, tell)
    note({"fresh_reason": refused.code})
    return fresh()


def _record(notebook: Any, refused: ForkRefusedError, tell: Callable[[str], None]) -> None:
    """Write into the output why its kernel was a fresh one, and say it."""
    notebook.metadata[METADATA] = {"kernel": "fresh", "reason": refused.code}
    if refused.detail:
        notebook.metadata[METADATA]["detail"] = refused.detail
    if refused.code == "no_parent":
        return  # whoever starts a run without a slot has asked for this
    for lang in LANGUAGES:
        why = text(f"fresh_kernel.{refused.code}", lang, detail=refused.detail)
        tell(text("fresh_kernel.line", lang, why=why))


def _as_stock(kernel_name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of papermill's client as papermill's engine makes them."""
    kept = remove_args(["input_path", "timeout", "startup_timeout"], **options)
    for name in ("start_timeout", "execution_timeout"):
        kept.pop(name, None)
    merged: dict[str, Any] = merge_kwargs(
        kept,
        timeout=options.get("execution_timeout") or options.get("timeout"),
        startup_timeout=options.get("start_timeout", 60),
        kernel_name=kernel_name,
        log=logger,
    )
    return merged


def _wanted(notebook: Any, kernel_name: str) -> Wanted:
    """Return what to ask for, or refuse what no fork of ours can be."""
    own = notebook.metadata.get(METADATA)
    if isinstance(own, Mapping) and own.get("kernel") == ASK_FRESH:
        raise ForkRefusedError("asked")
    if sys.platform != "linux":
        raise ForkRefusedError("not_linux")
    spec_env = _own_kernel(kernel_name)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    folder = Path.cwd()
    task = kernel_task(str(folder))
    return Wanted(
        preload=tuple(find_imports(sources, folder)),
        shared=tuple(shared_cells(notebook.cells)),
        env=task["env"] | spec_env,
        cwd=task["cwd"],
        argv=tuple(task["argv"]),
    )


def kernel_task(folder: str, parent: int | None = None) -> dict[str, Any]:
    """Return variables, folder and arguments of a kernel, as jupyter_client would start it.

    Parameters
    ----------
    parent
        Which process the kernel is told to belong to; this one without it.
    """
    connection = Path(jupyter_runtime_dir()) / f"kernel-{os.urandom(16).hex()}.json"
    arguments = ["-f", str(connection), "--HistoryManager.hist_file=:memory:"]
    more = {"JPY_PARENT_PID": str(parent or os.getpid()), "PYDEVD_USE_FRAME_EVAL": "NO"}
    return {
        "env": {**os.environ, **more},
        "cwd": folder,
        "argv": [ipykernel_launcher.__file__, *arguments],
    }


def _own_kernel(kernel_name: str) -> dict[str, str]:
    """Return the variables of a kernel that is our own interpreter with ipykernel."""
    try:
        spec = KernelSpecManager().get_kernel_spec(kernel_name)
    except NoSuchKernel as error:
        raise ForkRefusedError(f"other_kernel {kernel_name}") from error
    python, *rest = spec.argv or [""]
    is_ours = python in ("python", "python3") or Path(python).absolute() == Path(sys.executable)
    if not is_ours or [a for a in rest if a != "-Xfrozen_modules=off"] != _LAUNCHER:
        raise ForkRefusedError(f"other_kernel {kernel_name}")
    if spec.metadata.get("kernel_provisioner"):
        raise ForkRefusedError(f"other_kernel {kernel_name}")
    return dict(spec.env)
