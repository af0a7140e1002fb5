"""System users for the benchmarks with ``--login pam``: made for one run, and gone after it.

Imported by ``bench_spawn.py``. Only root may make accounts. Where other users cannot pass to our
interpreter, the folders on the way are opened for passing through while the benchmark runs.
"""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench_hubs import PEOPLE

import madang
from madang.stack.machine import closed_folder


@contextlib.contextmanager
def system_users() -> Iterator[None]:
    """Give every person of the benchmark an account with a home of its own."""
    if os.geteuid() != 0:
        sys.exit("--login pam makes system users, which only root may")
    homes = Path(tempfile.mkdtemp(prefix="madang-homes-"))
    homes.chmod(0o755)
    made: list[str] = []
    with _passable():
        try:
            for name in PEOPLE:
                home = homes / name
                # An account that is there already is somebody's: this ends with an error.
                _run("useradd", "--create-home", "--home-dir", str(home), name)
                made.append(name)
                home.chmod(0o700)
            yield
        finally:
            for name in made:
                subprocess.run(["userdel", name], check=False, capture_output=True)
            shutil.rmtree(homes)


@contextlib.contextmanager
def _passable() -> Iterator[None]:
    opened: list[tuple[Path, int]] = []
    try:
        for path in (Path(sys.executable).resolve(), Path(sys.executable), Path(madang.__file__)):
            while (folder := closed_folder(path)) is not None:
                opened.append((folder, stat.S_IMODE(folder.stat().st_mode)))
                folder.chmod(opened[-1][1] | stat.S_IXOTH)
        yield
    finally:
        for folder, mode in reversed(opened):
            folder.chmod(mode)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)
