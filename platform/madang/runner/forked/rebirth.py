"""What a fork must not have in common with the process it was forked from.

Called in the child before anything of a notebook runs. Each point was a hang or a repeated value
in a measured case; ``platform/docs/forked-kernels.md`` lists them.
"""

import atexit
import ctypes
import logging
import os
import signal
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Any

_SET_PDEATHSIG = 1


def die_with_parent(parent: int, sign: signal.Signals = signal.SIGKILL) -> None:
    """Have the operating system end this process when the one that forked it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_SET_PDEATHSIG, int(sign), 0, 0, 0)
    if os.getppid() != parent:  # it went between the fork and this call
        os._exit(1)


def reset_signals() -> None:
    """Give back the handlers that the process had from Python itself, but ignore interrupts.

    A kernel takes interrupts only while a cell runs, as ipykernel sets it up. What whoever started
    all this wanted to be ignored, as ``nohup`` does, stays so.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for sign in (signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
        if signal.getsignal(sign) is not signal.SIG_IGN:
            signal.signal(sign, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def random_states() -> dict[str, Any]:
    """Return the state of the two global generators, for runs that go on from a seeded one."""
    import random

    found: dict[str, Any] = {"random": random.getstate()}
    if numpy_random := sys.modules.get("numpy.random"):
        found["numpy"] = numpy_random.get_state()
    return found


def reseed(states: dict[str, Any] | None) -> None:
    """Make numpy's global generator new, or let both go on from where a shared cell left them.

    Python's own generator reseeds itself in every fork.
    """
    numpy_random = sys.modules.get("numpy.random")
    if states is not None:
        import random

        random.setstate(states["random"])
        if "numpy" in states and numpy_random is not None:
            numpy_random.set_state(states["numpy"])
    elif numpy_random is not None:
        numpy_random.seed()


def reopen(files: Sequence[int]) -> None:
    """Open each of these files anew at its place: forks share where they read, if nobody does.

    Libraries that know of forks, as matplotlib does of its fonts, have closed theirs already.
    """
    for number in files:
        if not os.path.exists(f"/proc/self/fd/{number}"):  # noqa: PTH110 - a descriptor
            continue
        again = os.open(f"/proc/self/fd/{number}", os.O_RDONLY | os.O_CLOEXEC)
        os.lseek(again, os.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
        os.dup2(again, number, inheritable=False)
        os.close(again)


def forget_exits_of_parent(keep: bool) -> None:
    """Take away what the parent wanted done at its own end, or a child would do it for it.

    Parameters
    ----------
    keep
        The parent has only imported: what libraries registered belongs to each kernel.
    """
    for reference in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        reference.atexit = False
    if keep:
        return
    atexit._clear()
    atexit.register(logging.shutdown)
    atexit.register(weakref.finalize._exitfunc)  # type: ignore[attr-defined]
    if pool := sys.modules.get("multiprocessing.util"):
        atexit.register(pool._exit_function)


def renew_libraries() -> None:
    """Drop pools and helpers that live in the parent only."""
    loaded: dict[str, Any] = dict(sys.modules)
    if dask := loaded.get("dask.threaded"):
        dask.default_pool = None
        dask.main_thread = threading.current_thread()
        getattr(dask, "pools", {}).clear()
    if tracking := loaded.get("multiprocessing.resource_tracker"):
        tracker = tracking._resource_tracker = tracking.ResourceTracker()
        for name in ("ensure_running", "register", "unregister", "getfd"):
            setattr(tracking, name, getattr(tracker, name))
    if children := loaded.get("multiprocessing.process"):
        children._children.clear()
