"""What system users need of this machine: rights for us to become them, and a way to our Python."""

import os
import stat
import sys
from pathlib import Path

import madang
from madang.errors import LocalError


def refuse_without_system_users() -> None:
    """Refuse ``--login pam`` where nobody's server could start.

    Raises
    ------
    LocalError
        ``pam_needs_root``, or ``python_out_of_reach`` with the folder that others cannot enter.
    """
    if os.geteuid() != 0:
        raise LocalError("pam_needs_root")
    for path in (Path(sys.executable), Path(sys.executable).resolve(), Path(madang.__file__)):
        closed = closed_folder(path)
        if closed is not None:
            raise LocalError("python_out_of_reach", path=str(path), folder=str(closed))


def closed_folder(path: Path) -> Path | None:
    """Return the first folder on the way to a file that other users cannot pass through."""
    for folder in reversed(path.absolute().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None
