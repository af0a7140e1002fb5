"""Small files of the data folder: private, and never half written."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from madang.errors import LocalError


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner enters; parents that are missing are private too.

    Raises
    ------
    LocalError
        ``folder_unwritable``.
    """
    if not path.parent.exists():
        make_private_folder(path.parent)
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def write_private(path: Path, data: Mapping[str, Any]) -> None:
    """Write a 0600 JSON file; a reader sees the old text or the new one.

    Raises
    ------
    LocalError
        ``folder_unwritable``: a full disk, no permission; the old text is still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> LocalError:
    """Return the error of a file or folder that cannot be written."""
    return LocalError("folder_unwritable", path=str(path), why=error.strerror or str(error))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, an empty one when there is no readable one."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def tail(path: Path, lines: int = 15, limit_bytes: int = 8000) -> str:
    """Return the last lines of a log, empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit_bytes))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def rotate(log: Path, cap_bytes: int = 10 * 1024**2) -> None:
    """Put a log that has grown aside; for one that nobody writes at the moment."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > cap_bytes:
            log.replace(log.with_name(f"{log.name}.1"))
