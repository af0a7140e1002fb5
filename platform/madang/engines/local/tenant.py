"""The one folder of an attempt that belongs to its system user: keys to read, room to write.

Attempts lie in the data folder, which no tenant can enter. What a cluster of a system user must
read or write lies in the folder for temporary files instead, under a name that nobody can guess.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from madang.settings.system_users import SystemUser

SCRATCH = "scratch"


def folder_of(attempt: str) -> Path:
    """Return the folder that an attempt, by the name of its own folder, has or would have."""
    return Path(tempfile.gettempdir()) / f"madang-{attempt}"


def prepare(attempt: str, user: SystemUser, texts: Mapping[str, str]) -> Path:
    """Make the folder with its files; safe to repeat, also after a crash half way.

    While files are written only we can enter it; it is handed over last, so that nobody can put a
    link where we are about to write.
    """
    folder = folder_of(attempt)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), user.uid):
            raise
        if found.st_uid == user.uid:
            return folder
    for name, text in texts.items():
        path = folder / name
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.write(text)
            os.fchown(fd, user.uid, user.gid)
    (folder / SCRATCH).mkdir(mode=0o700, exist_ok=True)
    for path in (folder / SCRATCH, folder):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    return folder


def remove(attempt: str) -> None:
    """Delete the folder of an attempt that has ended; harmless when there is none."""
    shutil.rmtree(folder_of(attempt), ignore_errors=True)
