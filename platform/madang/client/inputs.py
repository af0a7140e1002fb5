"""Reads the files that a person names: whole, only plain ones, and never more than may be sent.

A pipe or a device would be read without end, and a table of a billion bytes would fill the memory
before it is refused: size and kind are looked at first, on the file that is then read.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from madang.domain.run_inputs import MAX_FILES, MAX_FILES_BYTES
from madang.domain.shown import shown
from madang.errors import InvalidError

_PATH_CHARS = 300


def read_input(path: Path, limit_bytes: int, too_large: Callable[[int], InvalidError]) -> bytes:
    """Return the bytes of a plain file of at most so many bytes.

    Parameters
    ----------
    too_large
        Makes the error from the size of a larger file.

    Raises
    ------
    InvalidError
        ``input_missing``, ``input_not_file``, ``input_unreadable``, or what ``too_large`` makes.
    """
    try:
        # Without waiting: opening a pipe that nobody writes to would never return.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InvalidError("input_not_file", path=shown(str(path), _PATH_CHARS))
            data = file.read(limit_bytes + 1) if status.st_size <= limit_bytes else b""
            size = max(status.st_size, len(data))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if size > limit_bytes:
        raise too_large(size)
    return data


def unreadable(path: Path, error: Exception) -> InvalidError:
    """Return what to tell of a file that could not be read."""
    where = shown(str(path), _PATH_CHARS)
    if getattr(error, "errno", None) in (errno.ENOENT, errno.ENOTDIR):
        return InvalidError("input_missing", path=where, folder=shown(str(Path.cwd()), _PATH_CHARS))
    if getattr(error, "errno", None) == errno.EISDIR:
        return InvalidError("input_not_file", path=where)
    said = getattr(error, "strerror", None) or str(error)
    return InvalidError("input_unreadable", path=where, given=said)


def read_files(paths: Mapping[str, Path]) -> dict[str, bytes]:
    """Return the files that travel with a run, by their name there.

    Raises
    ------
    InvalidError
        As :func:`read_input`; ``files_too_large`` before more is read than may be sent.
    """
    found: dict[str, bytes] = {}
    left = MAX_FILES_BYTES

    def too_large(size: int) -> InvalidError:
        return InvalidError(
            "files_too_large",
            given=len(paths),
            given_bytes=MAX_FILES_BYTES - left + size,
            limit=MAX_FILES,
            limit_bytes=MAX_FILES_BYTES,
        )

    for name, path in paths.items():
        found[name] = read_input(path, left, too_large)
        left -= len(found[name])
    return found


def check_links(notebook: Path, declared: Iterable[str]) -> None:
    """Refuse files that a notebook declares and that are links out of the place their name says.

    Whoever submits somebody else's notebook, from a repository say, must not send a key along with
    it: a hidden name is refused already, and a link with a harmless name leads to the same file.

    Raises
    ------
    InvalidError
        ``path_link_outside``.
    """
    folder = notebook.absolute().parent.resolve()
    for name in declared:
        home = folder.parent if name.startswith("../") else folder
        try:
            real = (folder / name).resolve()
        except (OSError, RuntimeError):  # links in a circle: reading it says so
            continue
        is_inside = real.is_relative_to(home)
        if not is_inside or any(x.startswith(".") for x in real.relative_to(home).parts):
            raise InvalidError(
                "path_link_outside", given=shown(name), target=shown(str(real), _PATH_CHARS)
            )
