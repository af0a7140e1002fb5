"""Where checkpoints lie: a private folder of the person, one for each run.

Below the home of the account on one machine; on a volume in a cluster, whose pods have no home that
outlives them. Used by the slot. No name in it comes from a request: the home is the account's, the
volume the launcher's, the run's id the service's. A folder is held by whoever executes the run, so
that two retries of one run never write into it together; what nobody has touched for a week is
deleted.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

KEPT_DAYS = 7
PLACE = Path(".local", "state", "madang", "checkpoints")
VOLUME_ENV = "MADANG_CHECKPOINT_VOLUME"
ENV = "MADANG_CHECKPOINT_DIR"
OWN = "own"
"""What the notebook itself keeps there; see :data:`ENV`."""

_LOCK = "lock"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def place_of(env: Mapping[str, str]) -> Path | None:
    """Return where the account of an environment keeps checkpoints; None without a home."""
    volume = env.get(VOLUME_ENV, "")
    if Path(volume).is_absolute():
        # The volume itself belongs to whoever mounted it, and its mode is not ours to change.
        return Path(volume, "runs")
    home = env.get("HOME", "")
    return Path(home) / PLACE if Path(home).is_absolute() else None


@contextmanager
def held(place: Path | None, runs: tuple[str, ...]) -> Iterator[Path | None]:
    """Give the folder of the first of these runs that nobody holds, None when there is no place.

    A folder that cannot be made is no reason for a run not to be executed.
    """
    lock = -1
    folder = None
    for run in runs if place is not None else ():
        if not _ID.fullmatch(run):
            continue
        folder = Path(place or "", run)
        with contextlib.suppress(OSError):
            lock = _lock(folder)
            break
        folder = None
    try:
        yield folder
    finally:
        if lock >= 0:
            os.close(lock)


def _lock(folder: Path) -> int:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for private in (folder.parent, folder):
        private.mkdir(mode=0o700, exist_ok=True)
        private.chmod(0o700)
    (folder / OWN).mkdir(mode=0o700, exist_ok=True)
    os.utime(folder)
    return _lock_only(folder)


def key_of(task: Mapping[str, Any]) -> str:
    """Return what two attempts must have in common for one to go on where the other ended."""
    run = task["run"]
    same = {
        "notebook": sha256(task["notebook"].encode("utf-8", "surrogatepass")).hexdigest(),
        "files": {n: sha256(d.encode()).hexdigest() for n, d in (task.get("files") or {}).items()},
        "parameters": run["parameters"],
        "environment": run.get("environment"),
        "python": task.get("python") or sys.version,
    }
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def forget(folder: Path) -> None:
    """Delete the folder of a run that has nothing to go on with any more."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep_old(place: Path | None, *, days: float = KEPT_DAYS) -> list[Path]:
    """Delete the folders that nobody has held for so long, and return them."""
    swept = []
    if place is None or not place.is_dir():
        return []
    oldest_s = time.time() - days * 86_400
    for folder in place.iterdir():
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_mtime > oldest_s:
                continue
            lock = _lock_only(folder)
            try:
                forget(folder)
            finally:
                os.close(lock)
            swept.append(folder)
    return swept


def _lock_only(folder: Path) -> int:
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
