"""What a nursery becomes that is asked to grow: it imports libraries, then runs shared cells.

Created in a fork of a nursery by :mod:`nursery`. Shared cells go through the real kernel, without a
thread; what they publish is kept and handed to every run. Whatever would not be the same in a run
of its own is a reason to refuse, and then each run has a fresh kernel.
"""

import asyncio
import contextlib
import contextvars
import gc
import importlib
import io
import os
import sys
import threading
import time
import warnings
from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from ipykernel.kernelbase import Kernel as BaseKernel
from ipykernel.utils import _async_in_context
from tornado.ioloop import IOLoop
from zmq import Frame

from madang.runner.forked import canary, checks, rebirth
from madang.runner.forked.kernel import ForkedApp, NoThread

SET_AT_IMPORT = frozenset({"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"})
"""Variables that scikit-learn and joblib set where nobody has: each run gets them too."""


class Grown:
    """A nursery's own past: what its children start from, and what their clients are told."""

    def __init__(self, app: ForkedApp, request: Mapping[str, Any]) -> None:
        self._app = app
        self.left: dict[str, Any] = {}
        self._variables: dict[str, str] = {}
        self.recorded: list[list[tuple[int, list[bytes]]]] = []
        self.inheritance: dict[str, Any] = {}
        reason = self._import(request["preload"])
        checks.remember_tasks()
        if not reason and request["shared"]:
            began = time.monotonic()
            reason = self._run_shared(request)
            took_ms = round((time.monotonic() - began) * 1000)
            self.inheritance = {"warm": os.urandom(8).hex(), "shared_ms": took_ms}
        self.left["variables"] = self._variables
        reason = reason or checks.why_not_fork(app, request) or canary.why_not_sound()
        told = {"ready": True, "recorded": self._told(), "inheritance": self.inheritance}
        self.report = {"refused": reason} if reason else told

    def _told(self) -> list[list[tuple[int, list[str]]]]:
        return [
            [(channel, [b64encode(f).decode() for f in frames]) for channel, frames in messages]
            for messages in self.recorded
        ]

    def _import(self, names: list[str]) -> str:
        """Import each module; one that says anything is not silent, and a run must hear it."""
        for name in names:
            with _raw_output() as raw, warnings.catch_warnings(record=True) as warned:
                before = os.environ.copy()
                self._app.link.recorded = []
                try:
                    importlib.import_module(name)
                except ImportError:
                    continue  # the cell that imports it tells the person
                except Exception as error:  # any library may fail as it likes
                    return f"import_failed {name} {type(error).__name__}"
                sys.stdout.flush()
                sys.stderr.flush()
                said, self._app.link.recorded = self._app.link.recorded, None
                if warned or said or raw():
                    return f"import_not_silent {name}"
                after = os.environ.copy()
                added = {n: v for n, v in after.items() if n in SET_AT_IMPORT and n not in before}
                if after != before | added:
                    return f"import_changed_environment {name}"
                self._variables |= added
        return ""

    def _run_shared(self, request: Mapping[str, Any]) -> str:
        """Run the cells in the kernel that all runs will be forks of."""
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(self._variables | dict(request["env"]))
        app, kernel = self._app, self._app.kernel
        kernel.shell.init_environment()
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        rebirth.reseed(None)
        kernel.session.pid = os.getpid()
        streams: tuple[Any, Any] = (sys.stdout, sys.stderr)
        for stream in streams:  # or each write would be a message of its own
            stream._master_pid = os.getpid()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        kernel.io_loop = IOLoop.current()
        kernel._control_lock = asyncio.Lock()
        context = contextvars.copy_context()
        context.run(BaseKernel.start, kernel)
        kernel.shell_channel_thread = NoThread()
        take = _async_in_context(partial(kernel.shell_main, None), context)
        before, files = checks.open_descriptors(), _files(request["cwd"])
        with _raw_output() as raw:
            for number, source in enumerate(request["shared"], 1):
                app.link.recorded = []
                loop.run_until_complete(take(_request(kernel.session, source)))
                self.recorded.append(app.link.recorded)
                if not _is_ok(kernel.session, app.link.recorded):
                    return f"shared_failed {number}"
            app.link.recorded = None
            if raw():
                return "shared_wrote_descriptor"
        if asyncio.all_tasks(loop):
            return "shared_left_task"
        if changed := _files(request["cwd"]) ^ files:
            return f"shared_wrote_file {min(changed)[0]}"
        return self._why_not_left(before, context)

    def _why_not_left(self, before: dict[str, str], context: contextvars.Context) -> str:
        """Note what runs inherit; refuse what they could not have each for themselves."""
        gc.collect()  # what nobody holds any more is no reason, and must not go after this look
        new = {n: p for n, p in checks.open_descriptors().items() if before.get(n) != p}
        files = [int(n) for n in new if checks.is_only_read(n)]
        if written := sorted(path for n, path in new.items() if int(n) not in files):
            return f"shared_left_open {written[0]}"
        if children := _children():
            return f"shared_left_process {children}"
        names = self._app.shell.user_ns
        self.left = {
            "context": context,
            "states": rebirth.random_states(),
            "inherited": dict(names),
            "files": files,
        }
        return ""


def _children() -> str:
    with open(f"/proc/self/task/{threading.get_native_id()}/children") as file:  # noqa: PTH123
        return file.read().strip()


def _files(folder: str) -> set[tuple[str, int, int]]:
    """Return names, sizes and times of what a run would find in its folder."""
    found = set()
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            state = entry.stat(follow_symlinks=False)
            found.add((entry.name, state.st_size, state.st_mtime_ns))
    return found


def _request(session: Any, source: str) -> list[Frame]:
    """Return what papermill's client would send for this cell."""
    content = {
        "code": source,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    message = session.msg("execute_request", content)
    return [Frame(frame) for frame in session.serialize(message, ident=b"shared")]


def _is_ok(session: Any, recorded: list[tuple[int, list[bytes]]]) -> bool:
    for _, frames in recorded:
        message = session.deserialize(session.feed_identities(frames)[1])
        if message["msg_type"] == "execute_reply":
            return bool(message["content"]["status"] == "ok")
    return False


@contextlib.contextmanager
def _raw_output() -> Any:
    """Give a function that tells whether anything went to the descriptors 1 and 2."""
    file = os.memfd_create("madang-raw-output")
    kept = [os.dup(1), os.dup(2)]
    for number in (1, 2):
        os.dup2(file, number)
    try:
        yield lambda: os.lseek(file, 0, io.SEEK_END) > 0
    finally:
        for number, original in zip((1, 2), kept, strict=True):
            os.dup2(original, number)
            os.close(original)
        os.close(file)
