"""The warm parent itself: imports, tries a fork, then forks one keeper per request.

Run by ``__main__.py`` beside it. One thread, no event loop, no socket of
a library: it looks before every fork and ends itself when that is not so, or when a loaded module's
file has changed. It reads no secret: a keeper reads its own spec after the fork. Its end ends
nothing else, for the keepers it forked have sessions of their own.
"""

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from madang.shim.record import read_json, write_json
from madang.shim.warm import forked, room, state
from madang.shim.warm.sound import Files, UnsoundError, check_alone
from madang.shim.warm.state import ENDED, OFF, ON, STARTING, Plan

TRIAL_LIMIT_S = 10.0
LOCK_LIMIT_S = 1.0
REQUEST_LIMIT_S = 2.0
REQUEST_BYTES = 8192
LOOK_S = 1.0
ALONE_S = 60.0
"""For so long it waits for the next hub after the last one has gone."""

_BLOCKED = (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP)


def function(name: str) -> Callable[..., Any]:
    """Return the function that ``module:function`` names."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found


class Parent:
    """One warm parent.

    Parameters
    ----------
    folder
        Where its plan, state, lock and socket lie (0700).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        plan = read_json(folder / state.PLAN)
        if plan is None:
            raise FileNotFoundError(f"no readable {state.PLAN} in {folder}")
        self.plan = Plan.from_json(plan)
        self._seen = self.plan.seen(os.environ)
        self._owners: dict[int, int] = {}
        self._alone_since = time.monotonic()
        self._inode = 0

    def run(self) -> None:
        """Import, try, serve until it is told to end or must."""
        self._say(STARTING)
        try:
            function(self.plan.preload)()
            self._files = forked.files = Files()
            gc.collect()
            gc.freeze()
            check_alone()
            self._try_fork()
        except Exception as error:
            # The edge: whatever a library does here, servers are started the ordinary way.
            self._say(OFF, f"{type(error).__name__}: {error}"[:500])
            raise
        with self._listen() as listener:
            self._say(ON)
            try:
                why = self._serve(listener)
            except UnsoundError as error:
                why = str(error)
            self._say(ENDED, why)

    def _say(self, what: str, why: str = "") -> None:
        data = {
            "state": what,
            "why": why,
            "pid": os.getpid(),
            "at_ms": time.time_ns() // 1_000_000,
            "seen": self._seen,
        }
        write_json(self._folder / state.STATE, data)

    # -- serving ----------------------------------------------------------------------------------

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # By descriptor: a socket's path may be no longer than 107 bytes, a folder's may.
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            (self._folder / state.SOCKET).unlink(missing_ok=True)
            listener.bind(f"/proc/self/fd/{fd}/{state.SOCKET}")
            (self._folder / state.SOCKET).chmod(0o600)
        finally:
            os.close(fd)
        self._inode = (self._folder / state.SOCKET).stat().st_ino
        listener.listen(128)
        return listener

    def _serve(self, listener: socket.socket) -> str:
        while True:
            if select.select([listener], [], [], LOOK_S)[0]:
                connection, _ = listener.accept()
                with connection:
                    self._answer(connection)
            self._reap()
            if why := self._must_end():
                return why

    def _answer(self, connection: socket.socket) -> None:
        size = struct.calcsize("3i")
        creds = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        pid, uid, _ = struct.unpack("3i", creds)
        if uid != os.geteuid():
            return
        connection.settimeout(REQUEST_LIMIT_S)
        try:
            asked = json.loads(connection.recv(REQUEST_BYTES))
            record = Path(str(asked["record"])) if asked.get("record") else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return
        self._own(pid)
        answer: dict[str, Any] = {"ok": True}
        refused = None
        if record is not None:
            try:
                self._files.check()
                check_alone()
                answer["keeper"] = forked.fork_keeper(record, self.plan)
            except (UnsoundError, OSError) as error:
                answer, refused = {"ok": False, "why": str(error)}, error
        with contextlib.suppress(OSError):
            connection.sendall(json.dumps(answer).encode())
        if isinstance(refused, UnsoundError):
            raise refused

    # -- looking ----------------------------------------------------------------------------------

    def _own(self, pid: int) -> None:
        """Remember whoever asks: while one of them lives this parent has a use."""
        if pid not in self._owners:
            try:
                self._owners[pid] = os.pidfd_open(pid)
            except OSError:
                return

    def _must_end(self) -> str:
        if signal.sigtimedwait((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), 0) is not None:
            return "ended"
        try:
            if (self._folder / state.SOCKET).stat().st_ino != self._inode:
                return "another one took its place"
        except OSError:
            return "its folder is gone"
        ended = select.select(list(self._owners.values()), [], [], 0)[0]
        for pid, fd in list(self._owners.items()):
            if fd in ended:
                os.close(self._owners.pop(pid))
        if self._owners:
            self._alone_since = time.monotonic()
        return "no hub" if time.monotonic() - self._alone_since > ALONE_S else ""

    def _reap(self) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return

    def _try_fork(self) -> None:
        """Fork once for trial; the child does what a server's child does first."""
        pid = os.fork()
        if pid == 0:
            forked.trial()
        deadline = time.monotonic() + TRIAL_LIMIT_S
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                if status != 0:
                    raise UnsoundError(f"the trial fork ended with {status}, see the log")
                return
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise UnsoundError("the trial fork did not end")


def _take(lock: int) -> bool:
    """Take the lock unless another parent has it; readers hold it shared, for a moment."""
    deadline = time.monotonic() + LOCK_LIMIT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(lock, fcntl.LOCK_UN)
        time.sleep(0.01)
    return False


def main(arguments: list[str]) -> int:
    """Run one parent in a folder; a second one of the same folder ends at once."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    # Nobody's child: a hub that ends, however, does not end it.
    if os.fork():
        os._exit(0)
    os.closerange(3, 65536)
    os.setsid()
    folder = Path(arguments[0])
    # The plan is read below the lock: whoever stops us takes the plan away, then looks at the lock.
    lock = os.open(folder / state.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if not _take(lock):
        return 0
    os.environ.pop(room.ROOM, None)
    room.replace_arguments([*sys.orig_argv[:2], str(folder)], "madang-warm")
    Parent(folder).run()
    return 0
