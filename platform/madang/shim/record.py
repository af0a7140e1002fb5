"""The record folder of one process: names, atomic writing, and reading what happened.

The keeper is the only writer while it lives; everybody else reads. Nothing here starts or ends a
process.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from madang.shim import last_word

MARKER = "MADANG_ATTEMPT_DIR"
"""Environment variable of every process of a record: the record folder itself."""

RECORD = "record.json"
LOCK = "lock"
LAUNCH_LOCK = "launch.lock"
SPEC = "spec.json"
STOP = "stop.json"
DEADLINE = "deadline.json"
LOG = "log"
KEEPER_LOG = "keeper.log"

ENDED_BY_DEADLINE = "deadline"
ENDED_BY_STOP = "stop"

HEARTBEAT_S = 5.0
"""How often the keeper touches its lock; an end that nobody recorded is dated by it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one process and its descendants.

    Attributes
    ----------
    pid
        The main process.
    started_ms, ended_ms
        UTC; the end is that of the last descendant, None while one lives.
    shim_pid
        The keeper.
    exit_code
        Of the main process, negative for a signal; known before ``ended_ms`` while descendants
        are being ended; None while unknown.
    is_alive
        Whether the keeper lives and has not recorded the end.
    is_sure
        False when the end was not recorded (kill -9, power loss): ``ended_ms`` is then the last
        moment at which the process was known to live.
    meta
        What the caller of ``launch`` wanted to remember (no secrets).
    log
        File that the process prints to.
    is_overdue
        Whether the keeper ended it, or is ending it, because its deadline had passed.
    was_told
        Whether it had been told to stop when it ended.
    """

    pid: int
    started_ms: int
    shim_pid: int
    exit_code: int | None
    ended_ms: int | None
    is_alive: bool
    is_sure: bool
    meta: dict[str, Any] = field(default_factory=dict)
    log: str = ""
    is_overdue: bool = False
    was_told: bool = False


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a 0600 file durably: whoever reads sees the old text or the new, never half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, or None when there is no (whole) one."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def boot_id() -> str:
    """Return the id of this boot; process ids and start times repeat after a reboot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """Return the start time of a living process in clock ticks since boot, else None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may itself hold spaces and parentheses.
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def process_ids() -> list[int]:
    """Return the ids of all processes of this machine."""
    with os.scandir("/proc") as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit()]


def is_locked(record: Path) -> bool:
    """Tell whether a keeper holds the lock of a record folder."""
    try:
        fd = os.open(record / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def has_keeper(record: Path, data: Mapping[str, Any]) -> bool:
    """Tell whether the keeper that wrote ``data`` lives: it holds the lock, and it is the same."""
    return (
        is_locked(record)
        and data.get("boot") == boot_id()
        and data.get("shim_ticks") == start_ticks(int(data["shim_pid"]))
    )


def is_kept(record: Path) -> bool:
    """Tell whether a keeper owns what runs of a record, or is about to record it.

    A lock alone is not enough once something is recorded: an end that somebody wrote into the
    record, or a record that cannot be read, must not hide what still runs.
    """
    if not is_locked(record):
        return False
    if not (record / RECORD).exists():
        return True
    found = read(record)
    return found is not None and found.is_alive


def last_seen_ms(record: Path, data: Mapping[str, Any]) -> int:
    """Return when the keeper last gave a sign of life (its start at least)."""
    try:
        beat = (record / LOCK).stat().st_mtime_ns // 1_000_000
    except OSError:
        beat = 0
    return max(int(data["started_ms"]), beat)


def read_data(record: Path) -> dict[str, Any] | None:
    """Return what a keeper wrote, with an end that found no room in the record."""
    data = read_json(record / RECORD)
    if data is None or data.get("ended_ms") is not None:
        return data
    return data | last_word.heard(record / LOCK)


def read(record: Path) -> Record | None:
    """Return what is recorded of a process, or None when it was never started.

    Never waits and changes nothing. A keeper that is gone without having recorded an end gives an
    end with ``is_sure`` False; descendants that outlived it are found by ``strays`` and ended by
    ``sweep``.
    """
    data = read_data(record)
    if data is None:
        return None
    try:
        return _read(record, data)
    except (KeyError, TypeError, ValueError):
        # Not what a keeper writes: somebody has put it there, and it says nothing.
        return None


def _read(record: Path, data: dict[str, Any]) -> Record:
    is_alive = data.get("ended_ms") is None and has_keeper(record, data)
    if data.get("ended_ms") is None and not is_alive:
        # It may have ended orderly between the two looks.
        data = read_data(record) or data
    ended = data.get("ended_ms")
    is_sure = bool(data.get("is_sure", True))
    if ended is None and not is_alive:
        ended, is_sure = last_seen_ms(record, data), False
    return Record(
        pid=int(data["pid"]),
        started_ms=int(data["started_ms"]),
        shim_pid=int(data["shim_pid"]),
        exit_code=data.get("exit_code"),
        ended_ms=ended,
        is_alive=is_alive,
        is_sure=is_sure,
        meta=dict(data.get("meta") or {}),
        log=str(data.get("log") or ""),
        is_overdue=data.get("ended_by") == ENDED_BY_DEADLINE,
        was_told=data.get("ended_by") == ENDED_BY_STOP,
    )
