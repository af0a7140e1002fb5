"""One data folder, one ``up``: a lock that falls with its holder."""

import fcntl
import os
import time
from types import TracebackType

from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack.files import make_private_folder, read_json, unwritable


class HomeLock:
    """The exclusive right to run the parts of a data folder.

    Raises
    ------
    LocalError
        ``already_up`` with the address, when somebody else holds it; ``folder_unwritable``.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._fd = -1

    def __enter__(self) -> "HomeLock":
        make_private_folder(self._home.root)
        # Not inherited by the parts: they outlive a killed supervisor, the lock must not.
        try:
            self._fd = os.open(self._home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(self._home.lock, error) from error
        try:
            _take(self._fd)
        except OSError as error:
            os.close(self._fd)
            url = read_json(self._home.state).get("public_url") or "?"
            raise LocalError("already_up", home=str(self._home.root), url=url) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)


def _take(fd: int) -> None:
    # Whoever asks is_held holds it shared for a moment, so one refusal says nothing.
    for _ in range(9):
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.03)
    return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(home: Home) -> bool:
    """Tell whether an ``up`` of this data folder runs."""
    try:
        fd = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
