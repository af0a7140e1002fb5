"""A kernel that is forked while the run before it is executed, so that the next one need not wait.

Used by :mod:`executors`. It has done all that needs no run, and waits to be told which one it is
for; until then it has no variables, no folder and no code of any run. It fits a run that wants the
same warm process and whose folder holds the same names, which decide whether a fork is sound.
"""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

from madang.runner.forked.executor_run import Kernel
from madang.runner.forked.parents import Parent
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.wire import MAX_TASK_BYTES

Mark = tuple[bool, frozenset[str]]


def mark_of(request: Mapping[str, Any]) -> Mark:
    """Return what runs must have in common, beside the warm process, to share a kernel's fork."""
    return bool(request["is_seeded"]), frozenset(os.listdir(request["cwd"]))  # noqa: PTH208


class Ahead:
    """One kernel at most, for whichever lane is next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Parent, Mark] | None = None
        self._waiting: tuple[Parent, Mark, Kernel, socket.socket] | None = None
        self._is_closed = False

    def take(self, parent: Parent, request: Mapping[str, Any]) -> tuple[Kernel, socket.socket]:
        """Return a kernel and our end of its wire: the one that waits if it fits, or a new one."""
        mark = mark_of(request)
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            kernel, ours = waiting[2:]
            if waiting[:2] == (parent, mark) and _told(ours, request):
                return kernel, ours
            _drop(kernel, ours)
        pid, watched, ours = parent.fork_kernel(dict(request))
        return Kernel(pid, watched), ours

    def fork_next(self, parent: Parent, request: Mapping[str, Any], mark: Mark) -> None:
        """Have one forked for a run like this one, when the one before was like it too."""
        with self._lock:
            is_again = self._last == (parent, mark)
            self._last = parent, mark
            if not is_again or self._waiting is not None or self._is_closed:
                return
        told = {"do": "kernel", "is_ahead": True, "cwd": request["cwd"]}
        try:
            pid, watched, ours = parent.fork_kernel(told | {"is_seeded": request["is_seeded"]})
        except ForkRefusedError:  # the next run asks for itself, and hears why
            return
        kernel = Kernel(pid, watched)
        with self._lock:
            if self._waiting is None and not self._is_closed:
                self._waiting = parent, mark, kernel, ours
                return
        _drop(kernel, ours)

    def close(self) -> None:
        """Let it end."""
        with self._lock:
            self._is_closed = True
            waiting, self._waiting, self._last = self._waiting, None, None
        if waiting is not None:
            _drop(*waiting[2:])


def _told(ours: socket.socket, request: Mapping[str, Any]) -> bool:
    """Tell a waiting kernel its run; False when that is too much for it, or it is gone."""
    task = json.dumps({"env": request["env"], "cwd": request["cwd"]}).encode()
    if len(task) > MAX_TASK_BYTES:
        return False
    with contextlib.suppress(OSError):
        return ours.send(task) == len(task)
    return False


def _drop(kernel: Kernel, ours: socket.socket) -> None:
    ours.close()
    kernel.end()
    kernel.close()
