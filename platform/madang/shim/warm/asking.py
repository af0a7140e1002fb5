"""Starts, asks and ends a warm parent. Used by the hub through :func:`madang.shim.launch`."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from madang.shim.record import write_json
from madang.shim.spawning import spawn
from madang.shim.warm import room, state
from madang.shim.warm.state import ENDED, OFF, ON, Plan, is_held, read_state

ANSWER_LIMIT_S = 5.0
RETRY_S = 60.0
"""A parent that refused is tried again after so long, or as soon as packages change."""


RESTART_S = 2.0

_ENTRY = Path(__file__).with_name("__main__.py")


class NotForkedError(Exception):
    """The server must be started the ordinary way; the text says why."""


@dataclass(slots=True)
class WarmParent:
    """The warm parent of one folder, as its users see it.

    Parameters
    ----------
    folder
        Its own folder (0700).
    plan
        What it stands for.
    env
        Its environment: no secrets, nothing of a person.
    log
        File that it prints to.
    """

    folder: Path
    plan: Plan
    env: Mapping[str, str]
    log: Path
    _tried_at: float = field(default=-RETRY_S)
    _tried_stamp: str = ""

    def ensure(self) -> None:
        """Start one in the background unless one lives; returns at once."""
        if is_held(self.folder):
            return
        now, stamp = time.monotonic(), state.stamp()
        # One that served and died may come again soon.
        pause_s = RESTART_S if read_state(self.folder).state in (ON, ENDED) else RETRY_S
        if stamp == self._tried_stamp and now - self._tried_at < pause_s:
            return
        self._tried_at, self._tried_stamp = now, stamp
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(self.folder / state.PLAN, self.plan.to_json())
        self._spawn()

    def _spawn(self) -> None:
        argv = [str(_ENTRY), str(self.folder), "-" * room.TITLE_BYTES]
        spawn(argv, room.filled(self.env), self.log, os.O_APPEND)

    def fork(self, record: Path, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Have a keeper forked for a record folder whose spec is written.

        Raises
        ------
        NotForkedError
            It was not, or perhaps was: a second keeper of the same folder is harmless.
        """
        known = read_state(self.folder)
        if not known.is_alive or known.state != ON:
            raise NotForkedError(_reason(known))
        if why := self.plan.misfit(argv, env, known.seen):
            raise NotForkedError(why)
        answer = self._ask({"record": str(record)})
        if not answer.get("ok"):
            raise NotForkedError(str(answer.get("why") or "no answer"))

    def greet(self) -> None:
        """Tell a living parent that this process has a use for it; harmless otherwise."""
        with contextlib.suppress(NotForkedError):
            self._ask({})

    def _ask(self, request: Mapping[str, str]) -> dict[str, object]:
        # Here, because every keeper that is started imports this module.
        import socket
        import struct

        try:
            fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise NotForkedError(str(error)) from error
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(ANSWER_LIMIT_S)
                connection.connect(f"/proc/self/fd/{fd}/{state.SOCKET}")
                creds = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                if struct.unpack("3i", creds)[1] != os.geteuid():
                    raise NotForkedError("the parent belongs to somebody else")
                connection.sendall(json.dumps(request).encode())
                answer = json.loads(connection.recv(4096) or b"{}")
        except (OSError, ValueError) as error:
            raise NotForkedError(f"the parent does not answer: {error}") from error
        finally:
            os.close(fd)
        return answer if isinstance(answer, dict) else {}


def _reason(known: state.WarmState) -> str:
    if known.state == OFF or not known.is_alive:
        return known.why or "no parent runs"
    return "the parent is still starting"


def stop(folder: Path, patience_s: float = 5.0) -> None:
    """End the parent of a folder; what it forked goes on. Harmless when there is none.

    One that is on its way and holds no lock yet finds no plan any more, and ends by itself.
    """
    with contextlib.suppress(OSError):
        (folder / state.PLAN).unlink(missing_ok=True)
    deadline = time.monotonic() + patience_s
    while is_held(folder) and time.monotonic() < deadline:
        known = read_state(folder)
        if known.pid:
            with contextlib.suppress(OSError):
                fd = os.pidfd_open(known.pid)
                try:
                    # The lock is held by who wrote this pid, or by one that has not written yet.
                    if is_held(folder) and read_state(folder).pid == known.pid:
                        signal.pidfd_send_signal(fd, signal.SIGTERM)
                finally:
                    os.close(fd)
        time.sleep(0.05)
