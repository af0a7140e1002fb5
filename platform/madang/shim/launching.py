"""Ask for a keeper, and ask a keeper to stop. Called by hub and engines; both are idempotent.

Environment and arguments of the process go over by a 0600 file that the keeper removes once read:
a token must never stand on a command line.
"""

import fcntl
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from madang.errors import LocalError
from madang.shim.record import (
    DEADLINE,
    KEEPER_LOG,
    LAUNCH_LOCK,
    LOG,
    MARKER,
    RECORD,
    SPEC,
    STOP,
    Record,
    has_keeper,
    read,
    read_json,
    write_json,
)
from madang.shim.spawning import spawn
from madang.shim.warm.asking import NotForkedError, WarmParent

START_LIMIT_S = 15.0
"""How long the start of a keeper may take on an overloaded machine."""

_ENTRY = Path(__file__).with_name("__main__.py")


def launch(
    record: Path,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path | None = None,
    meta: Mapping[str, Any] | None = None,
    user: str | None = None,
    warm: WarmParent | None = None,
    deadline_ms: int | None = None,
    grace_ms: int = 10_000,
) -> Record:
    """Start a process under a keeper of its own, once per record folder.

    Parameters
    ----------
    record
        Folder for the record; made when missing (0700).
    argv, env, cwd
        Command, whole environment and working folder of the process.
    log
        File that output is appended to; ``log`` in the record folder when None.
    meta
        JSON values kept in the record, for the caller's own use. No secrets.
    user
        System user that the process becomes before it is executed; only root may ask for one. The
        keeper, the record and the log stay ours: the process gets its log as an open descriptor.
    warm
        Parent to fork the process from where that is possible; the record's meta then says
        ``start`` (``forked`` or ``fresh``) and, for ``fresh``, ``start_why``.
    deadline_ms
        How long after its start the keeper itself ends the tree, should nobody have asked before;
        None for never. Counted by the boot clock: a clock that is set ends nothing early, and time
        in which the machine slept counts. :func:`set_deadline` moves it.
    grace_ms
        Time that the tree gets when its deadline has passed.

    Returns
    -------
    Record
        Of the process started now, or of the one that this folder was used for before, be it
        alive or ended: a record folder never sees a second process.

    Raises
    ------
    LocalError
        ``process_not_started`` when the keeper could not start (full disk, no such folder).
    """
    record = record.absolute()
    record.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Held only for the start: of several launchers one starts, the others read. It falls with its
    # holder, so a launcher that is killed blocks nobody.
    lock = os.open(record / LAUNCH_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read(record)
        if known is not None:
            return known
        spec = {
            "argv": list(argv),
            "env": {**env, MARKER: str(record)},
            "cwd": str(cwd),
            "log": str((log or record / LOG).absolute()),
            "meta": dict(meta or {}),
            "user": user,
            "deadline_ms": deadline_ms,
            "grace_ms": grace_ms,
        }
        write_json(record / SPEC, spec)
        try:
            _start_keeper(record, spec, warm)
            return _await_start(record)
        finally:
            (record / SPEC).unlink(missing_ok=True)
    except OSError as error:
        raise LocalError("process_not_started", record=str(record), why=str(error)) from error
    finally:
        os.close(lock)


def _start_keeper(record: Path, spec: dict[str, Any], warm: WarmParent | None) -> None:
    if warm is not None and spec["user"] is None:
        try:
            return warm.fork(record, spec["argv"], spec["env"])
        except NotForkedError as error:
            # It may have been forked all the same; of two keepers only one gets the lock.
            spec["meta"] |= {"start": "fresh", "start_why": str(error)}
            write_json(record / SPEC, spec)
    return _spawn_keeper(record)


def _spawn_keeper(record: Path) -> None:
    # The keeper forks itself away from us at once, so that it never is our zombie.
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    # Isolated and without site-packages: 8 ms instead of 12, and no user file can change it.
    spawn(["-I", "-S", str(_ENTRY), str(record)], env, record / KEEPER_LOG, os.O_TRUNC)


def _await_start(record: Path) -> Record:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        known = read(record)
        if known is not None:
            return known
        if (tail := _failure(record)) is not None:
            raise LocalError("process_not_started", record=str(record), why=tail)
        time.sleep(0.003)
    raise LocalError("process_not_started", record=str(record), why=f"{START_LIMIT_S:.0f} s")


def _failure(record: Path) -> str | None:
    """Return what the keeper printed: it prints only when it dies before the start."""
    try:
        text = (record / KEEPER_LOG).read_text("utf-8", "replace").strip()
    except OSError:
        return None
    if not text or (record / RECORD).exists():
        return None
    return text.splitlines()[-1][:300]


def set_deadline(record: Path, deadline_ms: int) -> None:
    """Move the deadline of a process that lives; harmless for others, and when it is so already.

    The keeper reads it with its next beat. Who may write to the record folder may write this too:
    with system users only the service may; where all share one user a tenant can put their own
    deadline off, as they could kill their keeper, and the service ends them all the same.
    """
    known = read(record)
    if known is None or not known.is_alive:
        return
    set_before = read_json(record / DEADLINE) or read_json(record / RECORD) or {}
    if set_before.get("deadline_ms") != deadline_ms:
        write_json(record / DEADLINE, {"deadline_ms": deadline_ms})


def stop(record: Path, grace_ms: int) -> None:
    """Ask for the end of a process tree and return at once; harmless when it is gone.

    The main process gets SIGTERM and may end its own children; what still lives after
    ``grace_ms`` is killed. Asking again may shorten the grace, never lengthen it. Asked before
    ``launch``, the process is ended as soon as it starts.
    """
    record = record.absolute()
    if not record.is_dir():
        return
    data = read_json(record / RECORD)
    known = read(record)
    if data is not None and (known is None or not known.is_alive):
        return
    asked = read_json(record / STOP)
    if asked is None or asked.get("grace_ms", 0) > grace_ms:
        try:
            write_json(record / STOP, {"grace_ms": int(grace_ms)})
        except OSError:
            # A full disk keeps nothing alive: the keeper is told all the same, and gives the grace
            # that it was told before, or its own.
            if data is None:
                raise
    data = read_json(record / RECORD)
    if data is None:
        return
    try:
        fd = os.pidfd_open(int(data["shim_pid"]))
    except OSError:
        return
    try:
        # Checked again with the descriptor in hand: the id cannot change its owner any more.
        if has_keeper(record, data):
            signal.pidfd_send_signal(fd, signal.SIGTERM)
    except ProcessLookupError:
        return
    finally:
        os.close(fd)
