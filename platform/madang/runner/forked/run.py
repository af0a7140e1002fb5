"""Makes a fresh fork of a nursery into the process that executes one run, with a kernel of its own.

Entered by :mod:`nursery` for the slot. The fork first forks the kernel, while it still has one
thread, and then does what ``python -m madang.runner.execute`` does, with everything imported.
"""

import asyncio
import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from nbformat.validator import get_validator

from madang.runner.execute import perform
from madang.runner.files import RunFolder
from madang.runner.forked import rebirth
from madang.runner.forked.child import be_kernel
from madang.runner.forked.engine import kernel_task
from madang.runner.forked.kernel import ForkedApp
from madang.runner.forked.manager import Manager
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.wire import kernel_pair
from madang.runner.values import taken

_LATEST_MINOR = 5


def warm_format(minor: Any) -> None:
    """Compile the schema of a notebook's format, or each run would do that anew (50 ms of CPU).

    Parameters
    ----------
    minor
        What the notebook calls its minor version; any value.
    """
    if isinstance(minor, int) and 0 <= minor <= _LATEST_MINOR:
        get_validator(4, minor)


def be_run(
    app: ForkedApp,
    descriptors: Sequence[int],
    request: Mapping[str, Any],
    recorded: list[list[tuple[int, list[bytes]]]],
    left: Mapping[str, Any],
    inheritance: Mapping[str, Any],
) -> NoReturn:
    """Execute a run and leave.

    Parameters
    ----------
    descriptors
        Of the pipe that events go to, and of the values of secrets where the run has some.
    request
        ``folder``, ``grace_s``, ``env``, ``is_seeded``, and ``reason`` where the kernel must be a
        fresh one.
    recorded, left
        What shared cells published, and what they left for kernels.
    inheritance
        ``warm`` and ``shared_ms``: which process ran them, and how long; empty without any.
    """
    status = 1
    try:
        folder = RunFolder(root=_path(request["folder"]))
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(folder.root)
        events, *more = descriptors
        secrets = taken(more[0] if more else -1)
        manager: Manager | None = None
        if not request["reason"]:
            manager = _fork_kernel(app, folder, request, secrets, recorded, left)
            manager.inheritance = inheritance
        app.reset_io()
        app.link.recorded = None
        sys.argv = ["madang.runner.execute", str(folder.root)]
        rebirth.reseed(None)
        rebirth.forget_exits_of_parent(keep=False)
        rebirth.renew_libraries()
        asyncio.set_event_loop(asyncio.new_event_loop())

        def kernel() -> Manager:
            if manager is None:
                raise ForkRefusedError(request["reason"])
            return manager

        status = perform(folder, events, request["grace_s"], kernel, secrets)
        if manager is not None:
            manager.close()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # the edge of the process: nothing may run on in the nursery's code
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def _fork_kernel(
    app: ForkedApp,
    folder: RunFolder,
    request: Mapping[str, Any],
    secrets: Mapping[str, str],
    recorded: list[list[tuple[int, list[bytes]]]],
    left: Mapping[str, Any],
) -> Manager:
    ours, theirs = kernel_pair()
    parent = os.getpid()
    task = kernel_task(str(folder.work)) | {"is_seeded": request["is_seeded"]}
    task["env"] |= secrets
    pid = os.fork()
    if pid == 0:
        try:
            rebirth.die_with_parent(parent)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            ours.close()
            if secrets:
                _write_nowhere()
            be_kernel(app, theirs, task, **left)
        finally:
            os._exit(1)
    theirs.close()
    return Manager(pid, os.pidfd_open(pid), socket.socket(fileno=ours.detach()), recorded)


def _write_nowhere() -> None:
    """Lead both descriptors away from the slot's log, where ipykernel repeats what they are given.

    What programs write there goes into the notebook, where values are taken out of it.
    """
    nothing = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _path(name: str) -> Any:
    from pathlib import Path

    return Path(name)
