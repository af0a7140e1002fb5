"""``madang up --detach``: the supervisor goes on in the background, the caller hears how it went.

Run as ``python -m madang.stack.detached`` by :func:`start_detached` only. The two talk through a
pipe, one JSON object per line.
"""

import dataclasses
import json
import os
import subprocess
import sys
from typing import IO, Any

from madang import errors
from madang.errors import LocalError, MadangError
from madang.settings.home import Home
from madang.stack.files import make_private_folder, rotate
from madang.stack.plan import UpOptions
from madang.stack.words import Tell


def start_detached(home: Home, options: UpOptions, tell: Tell) -> None:
    """Start the supervisor in the background and return once everything is healthy.

    Raises
    ------
    MadangError
        What the supervisor could not do; it has ended then.
    """
    make_private_folder(home.logs)
    read_fd, write_fd = os.pipe()
    what = {"home": str(home.root), "options": dataclasses.asdict(options), "fd": write_fd}
    rotate(home.logs / "up.log")
    log = os.open(home.logs / "up.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        starter = subprocess.Popen(
            [sys.executable, "-P", "-m", "madang.stack.detached"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(write_fd,),
            start_new_session=True,
            cwd=home.root,
        )
    finally:
        os.close(write_fd)
        os.close(log)
    starter.communicate(json.dumps(what).encode())
    with os.fdopen(read_fd, encoding="utf-8") as news:
        _listen(news, tell, home)


def _listen(news: IO[str], tell: Tell, home: Home) -> None:
    for line in news:
        entry = json.loads(line)
        if "tell" in entry:
            tell(entry["tell"])
        elif "failed" in entry:
            kind = getattr(errors, entry["failed"], LocalError)
            raise kind(entry["code"], **entry["details"])
        else:
            return
    raise LocalError("up_ended", log=str(home.logs / "up.log"))


class _News:
    """The supervisor's end of the pipe; once the caller has gone, lines go to the log."""

    def __init__(self, fd: int) -> None:
        self._pipe: IO[str] | None = os.fdopen(fd, "w", encoding="utf-8")

    def send(self, **entry: Any) -> None:
        if self._pipe is None:
            return
        try:
            self._pipe.write(json.dumps(entry) + "\n")
            self._pipe.flush()
        except BrokenPipeError:
            self._pipe = None

    def tell(self, line: str) -> None:
        if self._pipe is None:
            sys.stderr.write(line + "\n")
        self.send(tell=line)

    def close(self) -> None:
        self.send(ready=True)
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def main() -> None:
    """Read what to do from stdin, leave the caller, run."""
    from madang.stack.up import run

    what = json.load(sys.stdin)
    if os.fork():
        # The caller waits for this one only; the supervisor is nobody's child.
        os._exit(0)
    os.set_inheritable(what["fd"], False)
    news = _News(what["fd"])
    try:
        options = UpOptions(**what["options"])
        run(Home.find(what["home"]), options, news.tell, news.close, is_detached=True)
    except MadangError as error:
        details = json.loads(json.dumps(error.details, default=str))
        news.send(failed=type(error).__name__, code=error.code, details=details)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
