"""The warm process that kernels are forked from: ``python -m madang.runner.forked.nursery FD``.

Started by :mod:`parents`. It has one thread, runs no code of a notebook, and answers requests on
the socket it was given; when that socket ends, so does everything that it forked. ``grow`` forks a
nursery that has imported more, or has run shared cells, and serves a socket of its own.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

from madang.runner.few_storages import few_storages
from madang.runner.forked import checks, rebirth
from madang.runner.forked.child import be_kernel
from madang.runner.forked.kernel import ForkedApp, build, missing_names
from madang.runner.forked.wire import MAX_TASK_BYTES, receive_request, send_request
from madang.runner.late_grammar import late_grammar


class Nursery:
    """Forks what is asked for and remembers it, so that nothing is left behind.

    Parameters
    ----------
    app
        What :func:`kernel.build` built.
    control
        Where requests come from.
    """

    def __init__(self, app: ForkedApp, control: socket.socket) -> None:
        self.app = app
        self.control = control
        self.children: dict[int, int] = {}
        self.grown: Any = None
        self.is_serving = True

    def serve(self) -> None:
        """Answer until the other end goes away; then end all children."""
        # What exists now is never garbage: a collection in a fork must not touch, and copy, it.
        gc.collect()
        gc.freeze()
        try:
            while self.is_serving:
                watched: list[Any] = [self.control, *self.children.values()]
                ready = select.select(watched, [], [])[0]
                self._reap(ready)
                if self.control in ready:
                    if (request := receive_request(self.control)) is None:
                        return
                    self._answer(*request)
        finally:
            for pid in self.children:
                for end in (os.killpg, os.kill):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        end(pid, signal.SIGKILL)

    def _reap(self, ready: Sequence[Any]) -> None:
        for pid, descriptor in list(self.children.items()):
            if descriptor in ready:
                os.waitpid(pid, 0)
                os.close(descriptor)
                del self.children[pid]

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """Fork for a request, unless something here makes that unsound.

        A run may be forked in any case: it can execute with a fresh kernel.
        """
        reason = ""
        if request["do"] != "execute":
            try:
                reason = request.get("reason") or checks.why_not_fork(self.app, request)
            except OSError as error:
                reason = f"check_failed {error}"
        if request["do"] == "run":
            request["reason"], reason = reason, ""
        if reason:
            send_request(self.control, {"refused": reason})
        else:
            self._fork(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def _fork(self, request: dict[str, Any], descriptors: list[int]) -> None:
        if request["do"] == "run":
            from madang.runner.forked.run import warm_format

            warm_format(request["format_minor"])
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(parent, request, descriptors)
        watched = os.pidfd_open(pid)
        self.children[pid] = watched
        send_request(self.control, {"pid": pid}, [watched])

    def _become(self, parent: int, request: dict[str, Any], descriptors: list[int]) -> None:
        """Be what was asked for; never come back into the nursery's own loop."""
        try:
            rebirth.die_with_parent(parent)
            self.control.close()
            for watched in self.children.values():
                os.close(watched)
            self.children = {}
            rebirth.reset_signals()
            left = self.grown.left if self.grown else {}
            if request["do"] == "run":
                from madang.runner.forked.run import be_run

                recorded = self.grown.recorded if self.grown else []
                inheritance = self.grown.inheritance if self.grown else {}
                be_run(self.app, descriptors, request, recorded, left, inheritance)
            connection = socket.socket(fileno=descriptors[0])
            if request["do"] == "execute":
                from madang.runner.forked.executor import be_executor

                be_executor(self.app, connection)
            if request["do"] == "kernel":
                ready = partial(_awaited, connection) if request.get("is_ahead") else None
                be_kernel(self.app, connection, request if ready else _task(request), ready, **left)
            self._grow(request, connection)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        os._exit(1)

    def _grow(self, request: dict[str, Any], connection: socket.socket) -> None:
        """Import more, run the shared cells, and serve."""
        from madang.runner.forked.growing import Grown

        os.setpgid(0, 0)
        self.control = connection
        self.grown = Grown(self.app, request)
        send_request(connection, self.grown.report)
        if "refused" not in self.grown.report:
            self.serve()
        os._exit(0)


def _awaited(connection: socket.socket) -> dict[str, Any]:
    """Wait until the kernel's run is there; end where there will be none."""
    told = connection.recv(MAX_TASK_BYTES)
    if not told:
        os._exit(0)
    return _task(json.loads(told))


def _task(request: dict[str, Any]) -> dict[str, Any]:
    """Return what a kernel is started with; the slot, which knows no Jupyter, leaves it to us."""
    if "argv" in request:
        return request
    from madang.runner.forked.engine import kernel_task

    os.environ.clear()
    os.environ.update(request["env"])
    return request | kernel_task(request["cwd"], os.getppid())


def main(arguments: Sequence[str]) -> int:
    """Serve the socket of the given descriptor; ``runs`` behind it also forks whole runs."""
    # Its end is that of its socket: who stops a whole group means the runs, which save then.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_IGN)
    control = socket.socket(fileno=int(arguments[0]))
    control.set_inheritable(False)
    if missing := missing_names():
        send_request(control, {"refused": f"names_missing {' '.join(missing)}"})
        return 0
    app = build()
    checks.remember(app)
    importlib.import_module("psutil")  # each kernel would import it to leave
    if "runs" in arguments[1:]:
        with late_grammar(), few_storages():
            importlib.import_module("madang.runner.forked.run")
            importlib.import_module("madang.runner.forked.executor")
        checks.remember_tasks()
    send_request(control, {"ready": True})
    Nursery(app, control).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
