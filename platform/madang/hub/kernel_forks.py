"""Kernels that are forked: what Jupyter's kernel manager sees of them.

Loaded into a notebook server only where :mod:`madang.hub.kernel_parent` runs beside it. Only the
installation's own ``python3`` kernel is forked; every other kernel spec, and whatever the parent
refuses, starts as ever, and the reason is noted. Starting, interrupts, restarts and ends are those
of Jupyter's local provisioner: a fork only takes the place of the process that it would start.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from madang.hub.fast_start_packages import own_packages
from madang.hub.kernel_parent import MODULE, REQUEST_BYTES
from madang.shim.record import MARKER, write_json
from madang.shim.warm.forked import FORKED
from madang.shim.warm.state import KERNELS_NOTE

NAME = "madang-fork"
ANSWER_LIMIT_S = 5.0
YOUNG_S = 30.0
YOUNG_MAX = 2
"""After so many forked kernels that ended by themselves so young a server forks no more: one may
have lost the race for its ports, as every kernel may."""

_ORDERLY = (0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)


class NotForkedError(Exception):
    """The kernel must be started the ordinary way; the text says why."""


class Forks:
    """The server's end of the socket to its kernel parent."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket: socket.socket | None = connection
        self._codes: dict[int, int] = {}
        self._young = 0
        self.why = ""

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> "ForkedProcess":
        """Have a kernel forked.

        Raises
        ------
        NotForkedError
            It was not.
        """
        if self._socket is None:
            raise NotForkedError(self.why)
        asked = json.dumps({"argv": list(argv), "env": dict(env), "cwd": cwd}).encode()
        if len(asked) > REQUEST_BYTES:
            raise NotForkedError("a very large environment")
        try:
            self._socket.send(asked)
            deadline = time.monotonic() + ANSWER_LIMIT_S
            while (left := deadline - time.monotonic()) > 0:
                told = self._hear(left)
                if "pid" in told:
                    return ForkedProcess(self, int(told["pid"]), list(argv))
                if "why" in told:
                    raise NotForkedError(str(told["why"]))
        except OSError as error:
            self.give_up(f"the kernel parent does not answer: {error}")
            raise NotForkedError(self.why) from error
        # An answer that comes later must not be taken for that of the next question.
        self.give_up("the kernel parent does not answer")
        raise NotForkedError(self.why)

    def code(self, pid: int) -> int | None:
        """Return how a kernel ended, or None while it lives."""
        while pid not in self._codes and self._socket is not None:
            try:
                if not self._hear(0):
                    break
            except OSError as error:
                self.give_up(f"the kernel parent has ended: {error}")
        return self._codes.pop(pid, None)

    def give_up(self, why: str) -> None:
        """Fork no more kernels for this server."""
        self.why = self.why or why
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def died_young(self, code: int) -> None:
        """Take note of a kernel that ended by itself at once; the second is the last fork."""
        self._young += 1
        if self._young >= YOUNG_MAX:
            self.give_up(f"forked kernels ended at once, with {code}")

    @property
    def is_over(self) -> bool:
        """Whether nothing is told of kernels any more."""
        return self._socket is None

    def _hear(self, patience_s: float) -> dict[str, Any]:
        """Return the next message; an end is noted, and nothing within the time is empty."""
        assert self._socket is not None
        if not select.select([self._socket], [], [], patience_s)[0]:
            return {}
        data = self._socket.recv(4096)
        if not data:
            raise ConnectionResetError("it has ended")
        told: dict[str, Any] = json.loads(data)
        if "ended" in told:
            self._codes[int(told["ended"])] = int(told["code"])
        return told


class ForkedProcess:
    """A kernel that is not our child, with what Jupyter uses of :class:`subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, forks: Forks, pid: int, args: list[str]) -> None:
        self.pid, self.args = pid, args
        self.returncode: int | None = None
        self.started_s = time.monotonic()
        self.is_judged = False
        self._forks = forks
        # Not reaped before the parent has told us, so that the id is still this kernel's.
        self._fd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, or None while it lives."""
        if self.returncode is None:
            self.returncode = self._forks.code(self.pid)
            if self.returncode is None and self._forks.is_over and self._is_gone():
                self.returncode = 1
            if self.returncode is not None:
                os.close(self._fd)
        return self.returncode

    def _is_gone(self) -> bool:
        return bool(select.select([self._fd], [], [], 0)[0])

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"kernel {self.pid} lives")
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


_forks: Forks | None = None


class ForkingProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Jupyter's local provisioner, except that the process may be a fork."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel, or start it as ever."""
        try:
            process = _fork(cmd, kwargs)
        except NotForkedError as error:
            _note("fresh", str(error))
            return await super().launch_kernel(cmd, **kwargs)
        _note(FORKED, "")
        # It leads a session of its own, before it has a thread.
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        self.cwd = kwargs.get("cwd", Path.cwd())
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and its own processes, unless it has ended."""
        # What has ended is not held for us, as a child of ours would be.
        if not isinstance(self.process, ForkedProcess) or self.process.poll() is None:
            await super().send_signal(signum)

    async def poll(self) -> int | None:
        """Return the exit code, and take note of a fork that ends very young."""
        process = self.process
        code: int | None = await super().poll()
        is_fork = isinstance(process, ForkedProcess) and not process.is_judged
        if is_fork and code is not None and _forks is not None:
            process.is_judged = True
            if code not in _ORDERLY and time.monotonic() - process.started_s < YOUNG_S:
                _forks.died_young(code)
        return code


def _fork(cmd: Sequence[str], kwargs: Mapping[str, Any]) -> ForkedProcess:
    if _forks is None:
        raise NotForkedError("no kernel parent")
    if list(cmd[:3]) != [sys.executable, "-m", MODULE]:
        raise NotForkedError("another kernel")
    env = kwargs.get("env") or dict(os.environ)
    if own_packages(env.get("HOME", "")):
        raise NotForkedError("packages of their own")
    more = set(kwargs) - {"env", "cwd", "kernel_id", "extra_arguments", "independent"}
    if more or kwargs.get("independent"):
        raise NotForkedError(f"started in another way: {', '.join(sorted(more))}")
    return _forks.start(cmd, env, str(kwargs.get("cwd") or Path.cwd()))


def _note(start: str, why: str) -> None:
    folder = os.environ.get(MARKER)
    if folder:
        # For the administrator's eyes only; a full disk must not stop a kernel for it.
        with contextlib.suppress(OSError):
            write_json(Path(folder) / KERNELS_NOTE, {"start": start, "why": why})


def install(connection: socket.socket) -> None:
    """Make forking the default way of this server."""
    global _forks
    _forks = Forks(connection)
    value = f"{__name__}:{ForkingProvisioner.__name__}"
    KernelProvisionerFactory.provisioners[NAME] = EntryPoint(
        NAME, value, KernelProvisionerFactory.GROUP_NAME
    )
