"""Writes what a part prints to its log, and starts a new file before one grows too large.

A process of its own between the part and the file, run by path without ``site``; it ends when the
part has closed its output. So no line is lost while files are exchanged, as it would be if a file
were copied and cut beneath its writer; a killed supervisor takes no part with it; and a part that
runs for years fills no disk. Standard library only.
"""

import contextlib
import os
import signal
import sys

CAP_BYTES = 10 * 1024**2
KEPT = 4
_CHUNK = 64 * 1024


class LogWriter:
    """One log and the files before it, ``hub.log.1`` being the latest of them."""

    def __init__(self, path: str, cap_bytes: int = CAP_BYTES) -> None:
        self._path = path
        self._cap = cap_bytes
        self._lost = 0
        self._fd = self._open()

    def _open(self) -> int:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(fd, 0o600)
        return fd

    def write(self, data: bytes) -> None:
        """Append; on a full disk count what is lost rather than hold up the part."""
        try:
            if os.fstat(self._fd).st_size + len(data) > self._cap:
                self._exchange()
            if self._lost:
                self._put(f"... {self._lost} bytes could not be written ...\n".encode())
                self._lost = 0
            self._put(data)
        except OSError:
            self._lost += len(data)

    def _put(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    def _exchange(self) -> None:
        """Move the files on by one and begin a new one."""
        with contextlib.suppress(FileNotFoundError):
            # The writer of the part's next life may have done it already.
            if os.path.samestat(os.fstat(self._fd), os.stat(self._path)):  # noqa: PTH116
                for number in range(KEPT, 1, -1):
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(f"{self._path}.{number - 1}", f"{self._path}.{number}")  # noqa: PTH105
                os.replace(self._path, f"{self._path}.1")  # noqa: PTH105
        new = self._open()
        os.close(self._fd)
        self._fd = new


def main(arguments: list[str]) -> int:
    """Copy standard input to the log until its end."""
    # Told to end together with the part, it stays for the part's last words.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    writer = LogWriter(arguments[0], int(arguments[1]) if len(arguments) > 1 else CAP_BYTES)
    while data := os.read(0, _CHUNK):
        # Whole lines stay in one file where the part writes whole lines.
        writer.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
