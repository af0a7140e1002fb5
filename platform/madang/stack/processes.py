"""Processes of the stack by identity: a pid with its start time, so that no stranger is hit."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One process, for ever: after it ends, no other process has this identity.

    Attributes
    ----------
    boot
        Id of the boot; pids and start times repeat after a reboot.
    ticks
        Start time in clock ticks since boot.
    """

    pid: int
    ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """Return the identity of a living process, None when there is none."""
        ticks = _ticks(pid)
        return None if ticks is None else cls(pid=pid, ticks=ticks, boot=_boot())

    @classmethod
    def from_json(cls, data: Any) -> "Identity | None":
        """Read what :meth:`to_json` wrote; None for anything else."""
        try:
            return cls(pid=int(data["pid"]), ticks=int(data["ticks"]), boot=str(data["boot"]))
        except (KeyError, TypeError, ValueError):
            return None

    def to_json(self) -> dict[str, Any]:
        """Return JSON data."""
        return {"pid": self.pid, "ticks": self.ticks, "boot": self.boot}

    @property
    def is_alive(self) -> bool:
        """Tell whether this very process still runs."""
        return self.boot == _boot() and _ticks(self.pid) == self.ticks

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process and to no other; harmless when it is gone."""
        with contextlib.suppress(OSError):
            fd = os.pidfd_open(self.pid)
            try:
                # With the descriptor in hand the pid cannot change its owner any more.
                if self.is_alive:
                    signal.pidfd_send_signal(fd, number)
            finally:
                os.close(fd)


def _ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def wait_gone(processes: Iterable[Identity], patience_s: float) -> list[Identity]:
    """Wait until none lives; return those that still do."""
    left = list(processes)
    deadline = time.monotonic() + patience_s
    while left and time.monotonic() < deadline:
        left = [process for process in left if process.is_alive]
        if left:
            time.sleep(0.05)
    return left


def end(processes: Iterable[Identity], patience_s: float = 10.0) -> None:
    """Ask processes to end, then kill what is left."""
    asked = list(processes)
    for process in asked:
        process.send(signal.SIGTERM)
    for process in wait_gone(asked, patience_s):
        process.send(signal.SIGKILL)
    wait_gone(asked, 5.0)
