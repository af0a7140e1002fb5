"""The files of one run's checkpoint: written beside the last one, and then put in its place.

Used by :mod:`keeper`. At any moment there is a whole checkpoint or none; what a killed process left
half written is deleted with the next.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from madang.runner.files import write_atomically

GOOD = "good.json"
NAMES = "names.pickle"
CELLS = "cells.json"
FILES = "files"
_PREFIX = "after-"

Marks = Mapping[str, tuple[int, int]]
"""Size and time of each file of a folder."""


class TooMuchError(Exception):
    """The files of the run's folder are larger than what a checkpoint may have."""


class Stored:
    """Checkpoints in a run's folder.

    Parameters
    ----------
    folder
        See :mod:`place`.
    work
        The run's working folder, with nothing in it yet but what travelled with the run.
    """

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self._work = work
        self._given = marks_of(work)

    def good(self) -> dict[str, Any] | None:
        """Return what was noted with the last whole checkpoint."""
        try:
            found: dict[str, Any] = json.loads((self.folder / GOOD).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict):
            return None
        place = Path(str(found.get("place"))).name
        return found if (self.folder / place / NAMES).is_file() else None

    def begin(self) -> Path:
        """Return a new folder for the next one."""
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.folder))

    def finish(self, place: Path, cells: Any, note: Mapping[str, Any], limit_bytes: int) -> None:
        """Let a folder that has its names already be the checkpoint."""
        left = limit_bytes - (place / NAMES).stat().st_size
        before = self.good()
        old = self.folder / before["place"] / FILES if before else None
        removed = self._copy_changed(place / FILES, old, left)
        write_atomically(place / CELLS, json.dumps(cells).encode())
        told = {**note, "place": place.name, "removed": removed}
        write_atomically(self.folder / GOOD, json.dumps(told).encode())
        self.tidy(place)

    def tidy(self, keep: Path | None) -> None:
        """Delete what is not the checkpoint."""
        for path in self.folder.glob(f"{_PREFIX}*"):
            if path != keep:
                shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def files_back(self, good: Mapping[str, Any]) -> Iterator[None]:
        """Bring the files of the working folder back; as they were, when the body fails."""
        source = self.folder / good["place"] / FILES
        before = self._work.with_name("work-before")
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(self._work, before, symlinks=True)
        try:
            if source.is_dir():
                shutil.copytree(source, self._work, symlinks=True, dirs_exist_ok=True)
            for name in good["removed"]:
                (self._work / name).unlink(missing_ok=True)
            yield
        except BaseException:
            for path in self._work.iterdir():
                _delete(path)
            shutil.copytree(before, self._work, symlinks=True, dirs_exist_ok=True)
            raise
        finally:
            shutil.rmtree(before, ignore_errors=True)

    def _copy_changed(self, target: Path, old: Path | None, left_bytes: int) -> list[str]:
        """Copy what cells made of the folder; return what they deleted."""
        now = marks_of(self._work)
        for path in self._work.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                (target / path.relative_to(self._work)).mkdir(parents=True, exist_ok=True)
        for name, mark in now.items():
            if self._given.get(name) == mark:
                continue
            left_bytes -= mark[0]
            if left_bytes < 0:
                raise TooMuchError
            target.mkdir(exist_ok=True)
            if old is not None and _mark(old / name) == mark:
                with contextlib.suppress(OSError):  # a file system without links
                    os.link(old / name, target / name, follow_symlinks=False)
                    continue
            shutil.copy2(self._work / name, target / name, follow_symlinks=False)
        return sorted(set(self._given) - set(now))


def marks_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every ordinary file or link below a folder, by its name in it."""
    found = {}
    for root, folders, names in os.walk(folder):
        links = [name for name in folders if Path(root, name).is_symlink()]
        for name in [*names, *links]:
            path = Path(root, name)
            if mark := _mark(path):
                found[str(path.relative_to(folder))] = mark
    return found


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    is_copied = path.is_symlink() or path.is_file()
    return (state.st_size, state.st_mtime_ns) if is_copied else None


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
