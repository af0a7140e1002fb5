"""What can be seen of kernels from inside a notebook server. Reads only.

Used by the reporter, on the server's event loop, every few seconds: keep it cheap.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Activity:
    """The body of ``POST leases/{id}/activity``.

    Attributes
    ----------
    busy_since_ms
        Since when at least one kernel has been busy; None while all are idle.
    last_input_ms
        Last sign of the person: a request that changes something, or the start of a cell.
    last_cell_ms
        Last start or end of a cell.
    kernel_cpu_ms
        CPU time of the kernels that live now, with their descendants.
    """

    kernel_busy: bool = False
    busy_since_ms: int | None = None
    last_input_ms: int = 0
    last_cell_ms: int = 0
    kernel_cpu_ms: int = 0

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return {
            "kernel_busy": self.kernel_busy,
            "busy_since_ms": self.busy_since_ms,
            "last_input_ms": self.last_input_ms,
            "last_cell_ms": self.last_cell_ms,
            "kernel_cpu_ms": self.kernel_cpu_ms,
        }


@dataclass(slots=True)
class Observer:
    """Turns looks at the kernels into an activity; remembers since when each is busy.

    A cell that starts was started by somebody, so it counts as input. Output of a running cell and
    an open page do not.
    """

    started_ms: int
    _busy: dict[str, int] = field(default_factory=dict)
    _idle: dict[str, int] = field(default_factory=dict)
    _last_cell_ms: int = 0
    _last_start_ms: int = 0

    def look(self, kernels: Mapping[str, Any], last_write_ms: int, at_ms: int) -> Activity:
        """Return the activity at ``at_ms``.

        Parameters
        ----------
        kernels
            Kernel managers of Jupyter Server by id; read: ``execution_state``,
            ``last_activity`` and the process id.
        last_write_ms
            When the server last got a request that changes something.
        at_ms
            The present.
        """
        for gone in set(self._busy) - set(kernels):
            del self._busy[gone]
        for kernel_id, kernel in kernels.items():
            self._look_at(kernel_id, kernel, at_ms)
        return Activity(
            kernel_busy=bool(self._busy),
            busy_since_ms=min(self._busy.values()) if self._busy else None,
            last_input_ms=max(last_write_ms, self._last_start_ms, self.started_ms),
            last_cell_ms=self._last_cell_ms,
            kernel_cpu_ms=cpu_ms(pid for k in kernels.values() if (pid := kernel_pid(k))),
        )

    def _look_at(self, kernel_id: str, kernel: Any, at_ms: int) -> None:
        spoke_ms = to_ms(getattr(kernel, "last_activity", None))
        if _is_busy(kernel):
            if kernel_id not in self._busy:
                self._busy[kernel_id] = self._last_start_ms = self._last_cell_ms = at_ms
        elif self._busy.pop(kernel_id, None) is not None:
            self._last_cell_ms = at_ms
        elif spoke_ms > self._idle.get(kernel_id, spoke_ms):
            # Idle before and idle now, yet it worked: a cell shorter than the time between looks.
            self._last_start_ms = self._last_cell_ms = spoke_ms
        self._idle[kernel_id] = spoke_ms


def _is_busy(kernel: Any) -> bool:
    return getattr(kernel, "execution_state", "") == "busy"


def kernel_pid(kernel: Any) -> int:
    """Return the process id of a local kernel, 0 when it has none (a remote one)."""
    provisioner = getattr(kernel, "provisioner", None)
    pid = getattr(provisioner, "pid", None)
    return pid if isinstance(pid, int) else 0


def to_ms(moment: Any) -> int:
    """Return a datetime as UTC milliseconds, 0 for anything else."""
    return int(moment.timestamp() * 1000) if isinstance(moment, datetime) else 0


def cpu_ms(pids: Iterable[int]) -> int:
    """Return the CPU time of processes and all their descendants, in milliseconds."""
    total, seen, todo = 0, set(), list(pids)
    if not todo:
        return 0
    # Every person's server asks this every second: only these trees are read where the kernel
    # lists children, all processes of the machine where it does not.
    children = _listed if _HAS_LISTS else _parents().get
    while todo:
        pid = todo.pop()
        if pid not in seen and (stat := _stat(pid)) is not None:
            seen.add(pid)
            total += sum(int(value) for value in stat[11:15])
            todo.extend(children(pid) or ())
    return total * 1000 // _CLOCK_TICKS


_HAS_LISTS = Path(f"/proc/self/task/{os.getpid()}/children").exists()


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of a process from its state on; the CPU time is with that of the dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None


def _listed(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_bytes().split())
    return found


def _parents() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
                found.setdefault(int(stat[1]), []).append(int(entry.name))
    return found
