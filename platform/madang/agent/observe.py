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
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for entry in _stats():
        pid, parent, ticks = entry
        children.setdefault(parent, []).append(pid)
        used[pid] = ticks
    total, seen, todo = 0, set(), list(pids)
    while todo:
        pid = todo.pop()
        if pid not in seen:
            seen.add(pid)
            total += used.get(pid, 0)
            todo.extend(children.get(pid, ()))
    return total * 1000 // _CLOCK_TICKS


def _stats() -> Iterable[tuple[int, int, int]]:
    """Yield (pid, parent, ticks), the ticks with those of children that were waited for."""
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
                yield int(entry.name), int(stat[1]), sum(int(v) for v in stat[11:15])
