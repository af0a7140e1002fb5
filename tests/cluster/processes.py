"""Starts and ends the programs of a test cluster; each writes a log of its own."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

LINES = 15


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """Have the kernel end a program whose tests were killed: nothing may be left running."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _is_main() -> bool:
    """Tell whether the asking thread lives as long as the process: the kernel means the thread."""
    return threading.current_thread() is threading.main_thread()


class FailedToStartError(Exception):
    """A program ended, or did not answer in time."""


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on; chosen together, so all differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Program:
    """One program in a session of its own, so that all that it starts ends with it."""

    def __init__(self, name: str, argv: list[str], folder: Path, env: dict | None = None) -> None:
        self.name, self._argv, self._env = name, argv, env
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it; the log goes on."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if _is_main() else None,
                env={**os.environ, **(self._env or {})},
            )

    def send(self, number: int) -> None:
        """Send a signal to it and all that it started."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it at once: API servers drain for ten seconds when they are asked politely."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(30)

    def restart(self, *more: str) -> None:
        """Kill it and start it again, this time with further arguments."""
        self.kill()
        kept, self._argv = self._argv, [*self._argv, *more]
        self.start()
        self._argv = kept

    def wait_until(self, answers: Callable[[], bool], limit_s: float = 90.0) -> None:
        """Wait until it answers.

        Raises
        ------
        FailedToStartError
            It ended, or the time is over; with the end of its log.
        """
        deadline = time.monotonic() + limit_s
        while not answers():
            status = self.process.poll()
            if status is not None or time.monotonic() > deadline:
                how = f"ended with {status}" if status is not None else f"silent for {limit_s} s"
                raise FailedToStartError(f"{self.name} {how}; its log ends:\n{self.tail()}")
            time.sleep(0.05)

    def tail(self) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LINES:])
