"""Find and end processes whose keeper is gone (kill -9, out of memory): nothing runs unowned.

They are known by the record folder in their environment. Reading /proc costs some milliseconds, so
this is for a reconcile loop and for records that ended without an entry, not for every look.
"""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from madang.shim.record import (
    LAUNCH_LOCK,
    MARKER,
    RECORD,
    is_kept,
    last_seen_ms,
    process_ids,
    read,
    read_data,
    write_json,
)

SWEEP_LIMIT_S = 5.0


def strays(root: Path) -> list[tuple[int, Path]]:
    """Return (pid, record folder) of every process below ``root`` that no keeper owns."""
    root = root.absolute()
    owned: dict[Path, bool] = {}
    found = []
    for pid, record in _marked():
        if root not in record.parents and record != root:
            continue
        if record not in owned:
            owned[record] = is_kept(record)
        if not owned[record]:
            found.append((pid, record))
    return found


def _marked() -> list[tuple[int, Path]]:
    prefix = f"{MARKER}=".encode()
    found = []
    for pid in process_ids():
        with contextlib.suppress(OSError):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            for entry in environment.split(b"\0"):
                if entry.startswith(prefix):
                    found.append((pid, Path(os.fsdecode(entry[len(prefix) :]))))
    return found


def sweep(record: Path) -> int:
    """End every process of a record whose keeper is gone, and record the end; harmless otherwise.

    Returns
    -------
    int
        Number of processes that were ended. When there were any, the recorded end is now: they
        held the device until now.
    """
    record = record.absolute()
    if not record.is_dir():
        return 0
    lock = os.open(record / LAUNCH_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # A launch in progress has no keeper yet; wait for it rather than sweep beneath it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_kept(record):
            return 0
        count = _end_all(record)
        data = read_data(record)
        if data is not None and read(record) is not None and data.get("ended_ms") is None:
            ended = time.time_ns() // 1_000_000 if count else last_seen_ms(record, data)
            write_json(record / RECORD, {**data, "ended_ms": ended, "is_sure": False})
        return count
    finally:
        os.close(lock)


def _end_all(record: Path) -> int:
    ended: set[int] = set()
    deadline = time.monotonic() + SWEEP_LIMIT_S
    while time.monotonic() < deadline:
        left = [pid for pid, marked in _marked() if marked == record and pid != os.getpid()]
        if not left:
            break
        for pid in left:
            if _kill(pid, record):
                ended.add(pid)
        time.sleep(0.01)
    return len(ended)


def _kill(pid: int, record: Path) -> bool:
    """Kill a process through a descriptor, after checking that it still carries the marker."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if f"{MARKER}={record}".encode() not in environment:
            return False
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
