"""Starts a Python process that then forks itself away from us: keepers and warm parents."""

import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_RESET = (
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def spawn(argv: Sequence[str], env: Mapping[str, str], log: Path, flags: int) -> None:
    """Run our interpreter with ``argv`` in its own session and wait until it has forked.

    Parameters
    ----------
    log
        File for its output, opened with ``flags``.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *argv],
        env,
        file_actions=actions,
        setsid=True,
        # Whatever our caller ignores or blocks (nohup does) must not reach the process.
        setsigmask=(),
        setsigdef=_RESET,
    )
    # Where SIGCHLD is ignored there is nothing to wait for.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
