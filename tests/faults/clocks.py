"""A wall clock for one installation alone, which a fault can set while everything runs.

The clock of the machine is nobody's to set in a test. So a few lines of C (`jumping_clock.c`) are
preloaded into the installation's processes by an interpreter of its own: a keeper gets a bare
environment and would lose a variable.
"""

import mmap
import shutil
import struct
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("jumping_clock.c")
_ONE = struct.Struct("=q")


class Clock:
    """The time of day of an installation, in terms of the machine's.

    Parameters
    ----------
    root
        Folder that the library and the interpreter are made in.

    Attributes
    ----------
    python
        The interpreter to start the installation with.
    """

    def __init__(self, root):
        file = root / "clock-offset"
        file.write_bytes(_ONE.pack(0))
        self._file = file.open("r+b")
        self._page = mmap.mmap(self._file.fileno(), _ONE.size)
        library = root / "jumping_clock.so"
        # A string literal of C for the file's name.
        place = '"' + str(file).replace("\\", "\\\\").replace('"', '\\"') + '"'
        words = ["-shared", "-fPIC", "-O2", f"-DOFFSET_FILE={place}", "-o", library, SOURCE]
        subprocess.run([compiler(), *words], check=True, capture_output=True)
        self.python = _interpreter(root / "python", library)

    def set(self, seconds):
        """Let it go before (or, below zero, after) the machine's clock from now on."""
        self._page[:] = _ONE.pack(int(seconds * 1e9))

    def close(self):
        self._page.close()
        self._file.close()


def compiler():
    """Return the C compiler, None without one."""
    return shutil.which("cc")


def why_not():
    """Return why no clock can be made here, empty when one can."""
    if sys.platform != "linux" or sys.prefix == sys.base_prefix:
        return "needs Linux and a virtual environment"
    return "" if compiler() else "needs a C compiler (Debian: apt-get install gcc libc6-dev)"


def _interpreter(folder, library):
    """Make a virtual environment with the packages of ours, whose Python is preloaded."""
    (folder / "bin").mkdir(parents=True)
    for name in ("lib", "share", "etc"):
        if (Path(sys.prefix) / name).exists():
            (folder / name).symlink_to(Path(sys.prefix) / name)
    shutil.copyfile(Path(sys.prefix) / "pyvenv.cfg", folder / "pyvenv.cfg")
    python = folder / "bin" / "python"
    real = Path(sys.executable).resolve()
    # Its name must stay this file's, or children would be started without the clock.
    python.write_text(
        f'#!/bin/bash\nexport LD_PRELOAD="{library}"\nexec -a "{python}" "{real}" "$@"\n'
    )
    python.chmod(0o755)
    return python
