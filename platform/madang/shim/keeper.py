"""The keeper: starts one process, records its life, ends its whole tree.

Runs as a process of its own (``python -m madang.shim <record>``), one thread, signals only where
it waits for them. It must not import anything beyond the standard library and must not fail for a
reason that could be reported in the record instead.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from madang.shim import child, last_word
from madang.shim.child import Account, prctl
from madang.shim.record import (
    DEADLINE,
    ENDED_BY_DEADLINE,
    ENDED_BY_STOP,
    HEARTBEAT_S,
    LOCK,
    RECORD,
    SPEC,
    STOP,
    boot_id,
    process_ids,
    read_json,
    start_ticks,
    write_json,
)

AFTER_MAIN_GRACE_S = 2.0
"""Time that descendants get between SIGTERM and SIGKILL once the main process has ended."""

LOG_CAP_BYTES = 32 * 1024**2
LOG_KEPT_BYTES = 1024**2

_PR_SET_CHILD_SUBREAPER = 36
Become = Callable[[dict[str, Any], Account | None, int, int, int], NoReturn]
"""Called with spec, account, log, gate and the keeper's process id."""

_WAITED = (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Keep one process; return the exit status of the keeper, not of the process."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m madang.shim <record folder>\n")
        return 2
    # From here on a signal waits until we look, also in the fork.
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)
    if os.fork():
        os._exit(0)
    os.closerange(3, 65536)
    os.setsid()
    return keep(Path(arguments[0]))


def keep(record: Path, become: Become | None = None, told: Mapping[str, Any] | None = None) -> int:
    """Keep the process of a record folder, unless it has, or had, one; return an exit status.

    Parameters
    ----------
    become
        Turns the forked child into the process; None runs the program of the spec.
    told
        Added to the record's meta.
    """
    try:
        lock = _take_lock(record)
        if lock is not None:
            Keeper(record, lock, become or child.become, told or {}).run()
    except OSError as error:
        # One write, so that the launcher never reads half of it.
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _take_lock(record: Path) -> int | None:
    """Return the held lock, or None when this folder has, or had, its process."""
    fd = os.open(record / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    while not (record / RECORD).exists():
        # A reader may hold it shared for a moment, so one refusal says nothing.
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have written its record just before.
            if not (record / RECORD).exists():
                return fd
            break
        time.sleep(0.003)
    os.close(fd)
    return None


class Keeper:
    """One process and its tree, from fork to the last descendant's end."""

    def __init__(self, record: Path, lock: int, become: Become, told: Mapping[str, Any]) -> None:
        self._record = record
        self._lock = lock
        self._become = become
        self._told = told
        self._data: dict[str, Any] = {}
        self._kill_at: float | None = None
        self._is_main_gone = False
        self._grace_ms = 10_000
        self._start_s = 0.0

    def run(self) -> None:
        """Start the process and stay until nothing of it lives."""
        spec = read_json(self._record / SPEC)
        if spec is None:
            raise FileNotFoundError(f"no readable {SPEC} in {self._record}")
        last_word.keep_room(self._lock)
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._grace_ms = spec.get("grace_ms", self._grace_ms)
        log = os.open(spec["log"], os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._start(spec, log)
        if (self._record / STOP).exists():
            self._begin_stop()
        beat = time.monotonic()
        while self._reap():
            now = time.monotonic()
            if now >= beat:
                beat = now + self._heed_deadline()
                with contextlib.suppress(OSError):
                    os.utime(self._lock)
                _cap(log)
            if self._kill_at is not None and now >= self._kill_at:
                self._kill_tree()
            self._wait(beat)
        self._write_last(time.time_ns() // 1_000_000)

    def _start(self, spec: dict[str, Any], log: int) -> None:
        """Fork, record, and only then let the child go: nothing ever runs unrecorded."""
        account = None if spec.get("user") is None else Account.of(spec["user"])
        gate, opener = os.pipe()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(opener)
            self._become(spec, account, log, gate, keeper)
        os.close(gate)
        self._write(
            pid=pid,
            pid_ticks=start_ticks(pid),
            shim_pid=keeper,
            shim_ticks=start_ticks(keeper),
            boot=boot_id(),
            started_ms=time.time_ns() // 1_000_000,
            log=spec["log"],
            meta={**spec["meta"], **self._told},
            deadline_ms=spec.get("deadline_ms"),
        )
        self._start_s = _boot_s()
        (self._record / SPEC).unlink(missing_ok=True)
        os.write(opener, b"g")
        os.close(opener)

    def _write(self, **news: Any) -> None:
        self._data.update(news)
        write_json(self._record / RECORD, self._data)

    def _write_last(self, ended_ms: int) -> None:
        """Tell the end, first where it needs no room."""
        # A clock that was set back must not make a negative life.
        self._data["ended_ms"] = max(ended_ms, self._data["started_ms"])
        with contextlib.suppress(OSError):
            last_word.say(self._lock, self._data)
        with contextlib.suppress(OSError):
            self._write()

    def _wait(self, beat: float) -> None:
        until = beat if self._kill_at is None else min(beat, self._kill_at)
        caught = signal.sigtimedwait(_WAITED, max(0.0, until - time.monotonic()))
        if caught is not None and caught.si_signo == signal.SIGTERM:
            self._begin_stop()

    def _heed_deadline(self) -> float:
        """End what has outlived its deadline; return when to look again, in seconds."""
        told = (read_json(self._record / DEADLINE) or {}).get("deadline_ms")
        limit_ms = told if isinstance(told, int) else self._data["deadline_ms"]
        if limit_ms is None or self._kill_at is not None:
            return HEARTBEAT_S
        left_s = limit_ms / 1000 - (_boot_s() - self._start_s)
        if left_s > 0:
            return min(HEARTBEAT_S, left_s)
        with contextlib.suppress(OSError):
            self._write(ended_by=ENDED_BY_DEADLINE)
        self._begin_stop()
        return HEARTBEAT_S

    def _begin_stop(self) -> None:
        asked = read_json(self._record / STOP) or {}
        grace_ms = asked.get("grace_ms", self._grace_ms)
        at = time.monotonic() + grace_ms / 1000
        if self._is_main_gone:
            # Its descendants are being ended already, under a shorter grace.
            return
        if self._kill_at is None:
            self._kill_at = at
            # Written with the end: whoever asks before has asked for it.
            self._data.setdefault("ended_by", ENDED_BY_STOP)
            # Once only: many programs take a second one as "at once". Not yet reaped, so the id
            # is still ours.
            os.kill(self._data["pid"], signal.SIGTERM)
        self._kill_at = min(self._kill_at, at)

    def _reap(self) -> bool:
        """Collect what has ended; return whether anything of the tree is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                # As subreaper we inherit every orphan: no child means no descendant.
                return False
            if pid == 0:
                return True
            if pid == self._data["pid"]:
                self._main_ended(os.waitstatus_to_exitcode(status))

    def _main_ended(self, exit_code: int) -> None:
        self._is_main_gone = True
        self._data["exit_code"] = exit_code
        left = descendants()
        if left:
            with contextlib.suppress(OSError):
                self._write()
            self._kill_at = time.monotonic() + AFTER_MAIN_GRACE_S
            _signal_all(left, signal.SIGTERM)

    def _kill_tree(self) -> None:
        _signal_all(descendants(), signal.SIGKILL)
        # Again soon: one that forked while it was killed leaves a child behind.
        self._kill_at = time.monotonic() + 0.05


def _boot_s() -> float:
    """Return seconds since boot, sleep included: nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def descendants() -> list[int]:
    """Return the ids of all descendants of this process, parents first."""
    children: dict[int, list[int]] = {}
    for pid in process_ids():
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{pid}/stat").read_bytes()
            parent = int(stat.rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(pid)
    found: list[int] = []
    level = [os.getpid()]
    while level:
        level = [child for parent in level for child in children.get(parent, ())]
        found.extend(level)
    return found


def _signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _cap(log: int) -> None:
    """Cut a log that has grown beyond the cap to its tail; the writers append, so they go on."""
    with contextlib.suppress(OSError):
        size = os.fstat(log).st_size
        if size > LOG_CAP_BYTES:
            tail = os.pread(log, LOG_KEPT_BYTES, size - LOG_KEPT_BYTES)
            os.ftruncate(log, 0)
            os.write(log, b"... cut here: the log had grown too long ...\n" + tail)
