"""Folders of environments on this machine: the port ``Environments``.

Builds run as their persons and write here; what they leave is read as one reads a stranger's file.
The folders above a build are ours, so nobody can put another in its place. Work happens in threads.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from madang.domain.environment import (
    MAX_REPORT_BYTES,
    Built,
    EnvironmentRef,
    read_built,
)
from madang.engines.ports import Kernel
from madang.errors import LocalError
from madang.settings.environment_folders import RECORD, EnvironmentFolders
from madang.settings.system_users import system_user

_PROJECT = re.compile(r"project-[0-9a-z]+")
_ENVIRONMENT = re.compile(r"environment-[0-9a-z]+")


class LocalEnvironments:
    """The port ``Environments`` over a folder.

    Parameters
    ----------
    root
        Made when it is missing; may be a link.
    system_users
        Whether builds run as the system user of their person.
    """

    def __init__(self, root: Path, *, system_users: bool = False) -> None:
        self._folders = EnvironmentFolders(root)
        self._system_users = system_users

    async def prepare(self, ref: EnvironmentRef, person_name: str) -> str:
        """Make an empty folder for a build.

        Raises
        ------
        LocalError
            ``environment_folder``: no room, or no permission.
        RefusedError
            ``system_user_unknown``, ``system_user_is_root``.
        """
        return await asyncio.to_thread(self._prepare, ref, person_name)

    def _prepare(self, ref: EnvironmentRef, person_name: str) -> str:
        user = system_user(person_name) if self._system_users else None
        path = self._folders.revision(ref)
        try:
            for parent in (self._folders.root, path.parent.parent, path.parent):
                self._make(parent)
            if path.exists() or path.is_symlink():
                shutil.rmtree(path)
            path.mkdir(mode=0o755)
            if user is not None:
                # Whatever the umask was: others of the project execute what is in here.
                path.chmod(0o755)
                os.chown(path, user.uid, user.gid, follow_symlinks=False)
        except OSError as error:
            why = error.strerror or str(error)
            raise LocalError("environment_folder", why=why) from error
        return str(path)

    def _make(self, folder: Path) -> None:
        """Make one of our own folders: to be passed through, not to be listed."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o711 if self._system_users else 0o700)

    async def inspect(self, ref: EnvironmentRef) -> Built | None:
        """Return what a finished build says of itself."""
        return await asyncio.to_thread(self.built, ref)

    def built(self, ref: EnvironmentRef) -> Built | None:
        """Do what :meth:`inspect` does, for callers in a thread."""
        folder = self._folders.revision(ref)
        try:
            owner = folder.lstat().st_uid
            data = _read(folder / RECORD, owner)
            record = json.loads(data)
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(record, dict) or not self._folders.python(ref).exists():
            return None
        return read_built(record, data)

    def prefix(self, ref: EnvironmentRef) -> Path:
        """Return the folder of an environment."""
        return self._folders.revision(ref)

    async def python(self, ref: EnvironmentRef) -> str:
        """Return the path of an interpreter."""
        return str(self._folders.python(ref))

    async def publish(self, project: str, kernels: Sequence[Kernel]) -> None:
        """Write the kernels that servers of a project offer; each appears whole or not at all."""
        await asyncio.to_thread(self._publish, project, kernels)

    def _publish(self, project: str, kernels: Sequence[Kernel]) -> None:
        folder = self._folders.kernels(project)
        if not kernels and not folder.is_dir():
            return
        for parent in (self._folders.root, self._folders.project(project)):
            self._make(parent)
        for path in (folder.parent, folder):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        for kernel in kernels:
            place = folder / kernel.name
            place.mkdir(exist_ok=True)
            place.chmod(0o755)
            _write(place / "kernel.json", _kernel_json(kernel, self._folders.revision(kernel.ref)))
        names = {kernel.name for kernel in kernels}
        for path in folder.iterdir():
            if path.name not in names:
                shutil.rmtree(path, ignore_errors=True)

    async def remove(self, ref: EnvironmentRef) -> None:
        """Delete a folder; one that is deleted half is no environment any more."""
        await asyncio.to_thread(self._remove, ref)

    def _remove(self, ref: EnvironmentRef) -> None:
        path = self._folders.revision(ref)
        with contextlib.suppress(OSError):
            (path / RECORD).unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()

    async def kept(self) -> Sequence[EnvironmentRef]:
        """Return every folder of a build."""
        return await asyncio.to_thread(self._kept)

    def _kept(self) -> list[EnvironmentRef]:
        return [
            EnvironmentRef(project=project.name, environment=made.name, revision=int(build.name))
            for project in _below(self._folders.root)
            if _PROJECT.fullmatch(project.name)
            for made in _below(project)
            if _ENVIRONMENT.fullmatch(made.name)
            for build in _below(made)
            if build.name.isdecimal() and build.name.isascii()
        ]


def _below(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    return []


def _read(path: Path, owner: int) -> bytes:
    """Read a plain file of its owner; anything else that may lie there in its place is refused."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != owner or found.st_nlink != 1:
            raise OSError("not a plain file of its owner")
        data = file.read(MAX_REPORT_BYTES + 1)
    if len(data) > MAX_REPORT_BYTES:
        raise OSError("too large")
    return data


def _kernel_json(kernel: Kernel, prefix: Path) -> dict[str, Any]:
    return {
        "argv": [
            str(prefix / "bin" / "python"),
            *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ],
        "display_name": kernel.title,
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {"debugger": True, "madang": {"revision": kernel.ref.revision}},
        "env": environment_env(prefix, kernel.environment, "${PATH}"),
    }


def environment_env(prefix: Path, name: str, path: str) -> dict[str, str]:
    """Return what a process of an environment gets: its programs first, and nobody's own packages.

    Parameters
    ----------
    path
        The search path for programs so far.
    """
    return {
        "PATH": f"{prefix / 'bin'}{os.pathsep}{path}",
        "VIRTUAL_ENV": str(prefix),
        "PYTHONNOUSERSITE": "1",
        # Of the installation's packages none may shine through.
        "PYTHONPATH": "",
        "MADANG_ENVIRONMENT": name,
    }


def _write(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=1, ensure_ascii=False)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.read_text("utf-8") == text:
            return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.chmod(0o644)
    temporary.replace(path)
