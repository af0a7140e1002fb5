"""The private folder of a slot worker, and the folders that killed ones left behind.

Used by :mod:`madang.runner.slot`. A folder is somebody's while its lock is held; the lock falls
with its holder, however that ends. It must not touch what belongs to another account, nor a folder
that was given up on purpose because it holds a run that could not be handed in: it has no lock.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from madang.runner.disk import release

PREFIX = "madang-slot-"
LOCK = "lock"


@contextmanager
def own_room() -> Iterator[Path]:
    """Give a folder for as long as it is needed; what runs left in it stays after an orderly end.

    Folders of this account whose slot was killed are deleted before.
    """
    sweep_rooms(Path(tempfile.gettempdir()))
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    # Locked before it has its name, so that nobody finds it and takes it for one left behind.
    lock = os.open(root / f".{LOCK}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (root / f".{LOCK}").rename(root / LOCK)
        yield root
    finally:
        release(root)
        (root / LOCK).unlink(missing_ok=True)
        os.close(lock)
        with contextlib.suppress(OSError):
            root.rmdir()  # empty unless a run could not be handed in


def sweep_rooms(parent: Path) -> list[Path]:
    """Delete the folders of this account whose slot was killed, and return them."""
    swept = []
    for path in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.lstat().st_uid == os.geteuid() and _is_left_behind(path):
                shutil.rmtree(path)
                swept.append(path)
    return swept


def _is_left_behind(path: Path) -> bool:
    lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
