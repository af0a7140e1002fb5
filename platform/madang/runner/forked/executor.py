"""The process that executes one run after another, each with a kernel that was forked for it.

Entered by :mod:`nursery` in a fork that has papermill and none of what notebooks import. It gets
run and kernel from the slot, so that what papermill needs once is not paid by every run. Nothing of
a run stays: variables, folder, event loop and descriptors are new for each, and the slot is told
whether a thread or memory was left behind. Runs with secrets never come here.
"""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from madang.runner.execute import STOPS, perform
from madang.runner.files import RunFolder
from madang.runner.forked import rebirth
from madang.runner.forked.kernel import ForkedApp
from madang.runner.forked.manager import Manager
from madang.runner.forked.wire import receive_request, send_request, unpacked

LEAVE_S = 0.5
"""How long a thread whose work is done may take to be gone."""


def be_executor(app: ForkedApp, control: socket.socket) -> NoReturn:
    """Execute runs until the slot goes away.

    Parameters
    ----------
    control
        Where runs come from: ``folder``, ``env``, ``grace_s``, ``kernel`` (a process number),
        ``inheritance`` and ``recorded`` (None for those of the run before), with descriptors of
        the events, the kernel's connection and the kernel.
    """
    try:
        # Between runs nobody is told to stop; what comes too early waits for the run it means.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        app.reset_io()
        app.link.recorded = None
        rebirth.reseed(None)
        rebirth.forget_exits_of_parent(keep=False)
        rebirth.renew_libraries()
        _serve(control)
    except BaseException:  # the edge of the process: nothing may run on in the nursery's code
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(0)


def _serve(control: socket.socket) -> None:
    recorded = unpacked(())
    while (received := receive_request(control)) is not None:
        request, descriptors = received
        if request["recorded"] is not None:
            recorded = unpacked(request["recorded"])
        is_clean = _execute(request, descriptors, recorded)
        send_request(control, {"is_clean": is_clean, "held_bytes": _held_bytes()})


def _execute(
    request: Mapping[str, Any],
    descriptors: Sequence[int],
    recorded: list[list[tuple[int, list[bytes]]]],
) -> bool:
    """Execute one run and forget it; return whether nothing of it is left."""
    events, connection, watched = descriptors
    manager = Manager(request["kernel"], watched, socket.socket(fileno=connection), recorded)
    manager.inheritance = request["inheritance"]
    folder = RunFolder(root=Path(request["folder"]))
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(folder.root)
    sys.argv = ["madang.runner.execute", str(folder.root)]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        status = perform(folder, events, request["grace_s"], lambda: manager, {})
    except Exception:  # of this program; the slot sees a run that did not say how it ended
        traceback.print_exc(file=sys.__stderr__)
        status = 1
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        manager.close()
        _end(loop)
        os.chdir("/")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    return status == 0 and not manager.is_hung and _is_alone()


def _is_alone() -> bool:
    """Tell whether no thread is left; one that has just ended is there for another moment."""
    deadline = time.monotonic() + LEAVE_S
    while len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 - names only
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """End what the run left on its event loop, and the loop."""
    asyncio.set_event_loop(None)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    with contextlib.suppress(RuntimeError):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def _held_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
