"""Keeps parts running: each in its own session, each restarted alone, with growing pauses.

It does not know what a part is. Killing it ends none of them; a later ``up`` finds them by state
file and marker.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from madang import shim
from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import log_writer
from madang.stack.files import make_private_folder
from madang.stack.plan import MARKER, Part
from madang.stack.processes import Identity, end
from madang.stack.state import State
from madang.units import now_ms

_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
_LIVED_WELL_S = 30.0
_WRITER = Path(log_writer.__file__)


class Supervisor:
    """Starts, tends and ends parts, and keeps ``state.json`` true.

    Parameters
    ----------
    state
        Saved after every change.
    on_restart
        Called with a part's name after it was started again.
    """

    def __init__(self, home: Home, state: State, on_restart: Callable[[str], None]) -> None:
        self._home = home
        self._state = state
        self._on_restart = on_restart
        self._parts: dict[str, Part] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._failures: dict[str, int] = {}
        self._started: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._is_noted = True
        self._writers: list[subprocess.Popen[bytes]] = []

    def start(self, part: Part) -> None:
        """Start a part and remember it."""
        self._parts[part.name] = part
        make_private_folder(part.log.parent)
        try:
            writer, out = self._start_writer(part.log)
            try:
                process = subprocess.Popen(
                    part.argv,
                    env=dict(part.env),
                    cwd=self._home.root,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            finally:
                os.close(out)
        except OSError as error:
            raise LocalError("part_not_started", part=part.name, why=str(error)) from error
        self._writers = [w for w in self._writers if w.poll() is None] + [writer]
        self._running[part.name] = process
        self._started[part.name] = time.monotonic()
        identity = Identity.of(process.pid)
        if identity is not None:
            self._state.parts[part.name] = identity
            self._state.since_ms[part.name] = now_ms()
        self._is_noted = self._state.note(self._home)

    def _start_writer(self, log: Path) -> tuple[subprocess.Popen[bytes], int]:
        """Start the writer of a log; returns it with the end that the part writes to.

        It carries no marker of ours: it is no part, and ends by itself with the last that prints.
        """
        reading, writing = os.pipe()
        try:
            writer = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WRITER), str(log)],
                env={"LANG": "C.UTF-8"},
                cwd="/",
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return writer, writing

    def exit_code(self, name: str) -> int | None:
        """Return the exit code of a part that has ended, None while it runs."""
        return self._running[name].poll()

    def tend(self) -> None:
        """Start again what has ended, when its pause is over."""
        if not self._is_noted:
            self._is_noted = self._state.note(self._home)
        now = time.monotonic()
        for name, process in list(self._running.items()):
            if process.poll() is None:
                continue
            if name not in self._due:
                lived = now - self._started[name]
                failures = 0 if lived >= _LIVED_WELL_S else self._failures.get(name, 0)
                self._failures[name] = failures + 1
                self._due[name] = now + _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
            if now >= self._due[name]:
                del self._due[name]
                self.start(self._parts[name])
                self._on_restart(name)

    def end_all(self) -> None:
        """End every part and wait for it."""
        identities = [Identity.of(process.pid) for process in self._running.values()]
        end(one for one in identities if one is not None)
        for process in self._running.values():
            process.wait(timeout=10)
        self._running.clear()
        for writer in self._writers:
            # Something that the part left behind may still print; that is not waited for.
            with contextlib.suppress(subprocess.TimeoutExpired):
                writer.wait(timeout=5)
        self._writers.clear()


def leftovers(home: Home, state: State) -> list[Identity]:
    """Return parts of this data folder that an ended supervisor left running.

    Found by the state file, and by the marker in their environment for those that were started a
    moment before the supervisor was killed.
    """
    found = set(state.alive().values())
    wanted = f"{MARKER}={home.root}".encode()
    of_lease = f"{shim.MARKER}=".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        # Whatever belongs to a lease is none of our business, even if it inherited the marker.
        if wanted in environment and not any(line.startswith(of_lease) for line in environment):
            identity = Identity.of(int(entry.name))
            if identity is not None:
                found.add(identity)
    return list(found)
