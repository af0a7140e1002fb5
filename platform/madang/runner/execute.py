"""Executes one run in a process of its own: ``python -m madang.runner.execute <folder>``.

Started by the slot. Reads the folder's snapshot and task and writes the executed notebook after
every cell. Events go as JSON lines to the descriptor of ``--events`` (standard output without it):
progress, log, and at last ``{"result": …}``; a pipe, because the disk may be what fails. SIGTERM
means: interrupt, save what there is, say so. Exit status 0 whenever a result was said.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from madang.domain.run import RunState
from madang.domain.run_inputs import check_fit, check_notebook, check_parameters
from madang.errors import MadangError
from madang.runner.disk import DISK_FULL, is_full, says_full
from madang.runner.few_storages import few_storages
from madang.runner.files import RunFolder
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.late_grammar import late_grammar
from madang.runner.memory import OUT_OF_MEMORY, OomKills, shortage, with_limit
from madang.runner.redaction import NOTHING, Redactor
from madang.runner.values import taken
from madang.runner.watch import TIME_LIMIT, Event, Stopped, Watch

if TYPE_CHECKING:
    from madang.runner.forked.manager import Manager

MAX_ERROR_CHARACTERS = 2_000
STOPS = (signal.SIGTERM, signal.SIGINT)
"""What tells a run to stop; who executes several runs lets them wait until one has begun."""


def outcome(
    state: RunState, reason: str = "", *, cell: int = 0, name: str = "", value: str = ""
) -> dict[str, Any]:
    """Return a result in the form that the service takes."""
    error = {"cell": cell, "name": name, "value": value[:MAX_ERROR_CHARACTERS]} if name else None
    return {"state": state.value, "reason": reason, "error": error}


def no_kernel() -> NoReturn:
    """Say that this process was not forked, so that its kernel is a fresh one."""
    raise ForkRefusedError("no_parent")


def execute_folder(
    folder: RunFolder,
    watch: Watch,
    kernel: Callable[[], "Manager"] = no_kernel,
    secrets: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Execute what the folder holds and return how it ended; faults of the notebook never raise."""
    task = json.loads(folder.task.read_text(encoding="utf-8"))
    try:
        parameters = check_parameters(task["parameters"])
        check_fit(parameters, check_notebook(folder.notebook.read_bytes()))
    except MadangError as error:
        return outcome(RunState.FAILED, error.code, name=type(error).__name__, value=str(error))
    return _run(folder, parameters, watch, kernel, secrets, task)


def _run(
    folder: RunFolder,
    parameters: dict[str, Any],
    watch: Watch,
    kernel: Callable[[], "Manager"],
    secrets: Mapping[str, str],
    task: Mapping[str, Any],
) -> dict[str, Any]:
    """Run papermill and translate each way it can end."""
    with late_grammar(), few_storages():
        from nbclient.exceptions import DeadKernelError
        from papermill.exceptions import PapermillExecutionError

        from madang.runner.checkpoints.keeper import Keeper, Plan
        from madang.runner.engine import execute

    def tell(line: str) -> None:
        watch.log(f"{line}\n")

    keeper = Keeper(Plan.read(folder, task), folder, tell, task.get("provenance") or {})
    kills = OomKills()
    try:
        execute(folder, parameters, watch, keeper, kernel, str(task.get("python") or ""), secrets)
    except PapermillExecutionError as error:
        reason = shortage(str(error.ename), str(error.evalue)) or (
            DISK_FULL if says_full(str(error.evalue)) else "cell_failed"
        )
        ended = outcome(
            RunState.FAILED, reason, cell=watch.cell, name=error.ename, value=error.evalue
        )
    except DeadKernelError as error:
        began = f"The kernel died in cell {watch.cell}." if watch.cell else str(error)
        died = "kernel_died" if watch.cell else "kernel_failed"
        is_short = kills.since() > 0
        ended = outcome(
            RunState.FAILED,
            OUT_OF_MEMORY if is_short else died,
            cell=watch.cell,
            name="DeadKernelError",
            value=with_limit(began) if is_short else began,
        )
    except Stopped:
        ended = outcome(RunState.CANCELLED)
    except OSError as error:
        return outcome(
            RunState.FAILED,
            DISK_FULL if is_full(error) else "output_not_saved",
            cell=watch.cell,
            name=type(error).__name__,
            value=error.strerror or str(error),
        )
    except RuntimeError as error:  # the kernel did not come up, or jupyter gave up on it
        ended = outcome(
            RunState.FAILED, "kernel_failed", name=type(error).__name__, value=str(error)
        )
    except Exception as error:  # edge of the process: a hostile notebook fails its run, no more
        sys.stderr.write(watch.hidden.text(traceback.format_exc()))
        ended = outcome(
            RunState.FAILED, "runner_error", name=type(error).__name__, value=str(error)
        )
    else:
        return outcome(RunState.SUCCEEDED)
    return _stopped(watch) if watch.stop_reason else ended


def _stopped(watch: Watch) -> dict[str, Any]:
    """Return the result of a run that was told to stop: never the interrupt's own error."""
    if watch.stop_reason == TIME_LIMIT:
        return outcome(RunState.EXPIRED, TIME_LIMIT)
    return outcome(RunState.CANCELLED, watch.stop_reason or "stopped")


@contextlib.contextmanager
def writer(descriptor: int) -> Iterator[Callable[[Event], None]]:
    """Give a function that writes events as lines; a reader that went away ends nothing."""
    file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)

    def emit(event: Event) -> None:
        with contextlib.suppress(OSError, ValueError):
            file.write(json.dumps(event) + "\n")

    try:
        yield emit
    finally:
        with contextlib.suppress(OSError):
            file.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute one run folder."""
    parser = argparse.ArgumentParser(prog="madang.runner.execute")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1)
    parser.add_argument("--grace-s", type=float, default=10.0)
    parser.add_argument("--secrets", type=int, default=-1, help="descriptor of their values")
    given = parser.parse_args(arguments)
    folder = RunFolder(given.folder.absolute())
    os.chdir(folder.root)
    events = os.dup(given.events)  # not inheritable: the kernel must not write events
    if given.events > 2:
        os.close(given.events)
    return perform(folder, events, given.grace_s, no_kernel, taken(given.secrets))


def perform(
    folder: RunFolder,
    events: int,
    grace_s: float,
    kernel: Callable[[], "Manager"],
    secrets: Mapping[str, str],
) -> int:
    """Execute one run folder, in which the process stands, and say how it ended.

    Parameters
    ----------
    events
        Descriptor that events go to; ours from now on.
    kernel
        Gives a forked kernel, or raises :class:`ForkRefusedError` for a fresh one.
    secrets
        Values by name, for the kernel's environment and for nothing else.
    """
    with writer(events) as emit:
        task = json.loads(folder.task.read_text(encoding="utf-8"))
        hidden = Redactor(secrets) if secrets else NOTHING
        watch = Watch(emit, limit_ms=task["limit_ms"], grace_s=grace_s, hidden=hidden)
        for sign in STOPS:
            signal.signal(sign, lambda *_: watch.stop("stopped"))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        try:
            ended = execute_folder(folder, watch, kernel, secrets)
        finally:
            watch.close()
        more = {"kernel": dict(watch.kernel), "recorded": watch.recorded}
        ended |= {name: value for name, value in more.items() if value}
        emit({"result": hidden.everything(ended)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
