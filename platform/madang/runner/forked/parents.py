"""Starts warm processes, keeps them while they fit, and asks them for kernels.

Used in the process that runs papermill; the processes belong to it and end with it, because their
sockets do. A warm process fits a notebook that has its variables, packages and imports; another one
is forked from the first for each set of imports and shared cells.
"""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from madang.runner.forked.abandoning import Abandon
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.weight import Weight
from madang.runner.forked.wire import kernel_pair, receive_request, send_request, unpacked

if TYPE_CHECKING:
    from madang.runner.forked.manager import Manager

MAX_FORKS = 1_000
MAX_AGE_S = 3_600.0
MAX_GROWN = 4
START_S = 60.0
_CHANGING = ("MADANG_", "PYTEST_CURRENT_TEST", "PWD", "OLDPWD", "COLUMNS", "LINES", "SHLVL")


@dataclass(frozen=True)
class Wanted:
    """What a kernel should be like: imports, shared cells, variables, folder, arguments.

    ``format_minor`` is what its notebook says of its own format, and makes no other process.
    """

    preload: tuple[str, ...]
    shared: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    argv: tuple[str, ...] = field(default=("",))
    format_minor: Any = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What two notebooks must have in common to be forked from one process."""
        if self.shared:  # their cells saw folder and variables
            return self.preload, self.shared, self.cwd, tuple(sorted(_lasting(self.env).items()))
        return self.preload, ()


def _lasting(env: Mapping[str, str]) -> dict[str, str]:
    return {n: v for n, v in env.items() if not n.startswith(_CHANGING) and n != "_"}


class Parent:
    """One warm process, asked over its socket.

    It ends all that it forked when it ends. So whoever runs something in it holds it, and one that
    is to be replaced only retires: it ends when nobody holds it any more.

    Parameters
    ----------
    control
        Our end of its socket.
    closed
        Called once, after the socket was closed.
    root
        The one at the beginning, which has imported nothing for notebooks; itself without it.
    """

    def __init__(
        self,
        control: socket.socket,
        closed: Callable[[], None] = lambda: None,
        root: "Parent | None" = None,
    ) -> None:
        self._control = control
        self._closed = closed
        self.root = root or self
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._holders = 0
        self._is_retired = False
        self._is_closed = False
        self.told: list[Any] = []
        self.inheritance: dict[str, Any] = {}
        self.forks = 0
        self.is_dead = False
        self._weight: Weight | None = None
        self.born = time.monotonic()

    @property
    def is_worn(self) -> bool:
        """Whether another one should take its place: dead, forked from often enough, or leaking."""
        if self.is_dead or self.forks >= MAX_FORKS:
            return True
        return self._weight is not None and self._weight.is_too_much

    def hear(self, pid: int, limit_s: float | None = None) -> None:
        """Wait until the process is ready; :class:`ForkRefusedError` says why it will not be."""
        self._control.settimeout(limit_s)
        try:
            answer = receive_request(self._control)
        except TimeoutError as error:
            raise ForkRefusedError("parent_silent") from error
        self._control.settimeout(None)
        if answer is None:
            raise ForkRefusedError("parent_died")
        if reason := answer[0].get("refused"):
            raise ForkRefusedError(reason)
        self.told = answer[0].get("recorded", [])
        self.inheritance = answer[0].get("inheritance", {})
        self._weight = Weight(pid)

    def ask(self, request: dict[str, Any], descriptors: list[int]) -> tuple[int, int]:
        """Have something forked; return its number and a descriptor that shows its end."""
        with self._lock:
            try:
                send_request(self._control, request, descriptors)
                answer = receive_request(self._control)
            except OSError:
                answer = None
        if answer is None:
            self.is_dead = True
            raise ForkRefusedError("parent_died")
        if reason := answer[0].get("refused"):
            raise ForkRefusedError(reason)
        self.forks += 1
        return int(answer[0]["pid"]), answer[1][0]

    def kernel(self, wanted: Wanted) -> "Manager":
        """Return a kernel of its own for one notebook."""
        from madang.runner.forked.manager import Manager  # the slot needs nothing of Jupyter

        request = {
            "do": "kernel",
            "env": dict(wanted.env),
            "cwd": wanted.cwd,
            "argv": list(wanted.argv),
            "is_seeded": is_seeded(wanted.shared),
        }
        return Manager(*self.fork_kernel(request), unpacked(self.told))

    def fork_kernel(self, request: dict[str, Any]) -> tuple[int, int, socket.socket]:
        """Have a kernel forked; return its number, what shows its end, and our end of its wire."""
        ours, theirs = kernel_pair()
        try:
            return *self.ask(request, [theirs.fileno()]), ours
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    def grow(self, wanted: Wanted, abandon: Abandon) -> "Parent":
        """Return a process that has imported and run what is wanted; it holds this one."""
        ours, theirs = socket.socketpair()
        request = {
            "do": "grow",
            "preload": list(wanted.preload),
            "shared": list(wanted.shared),
            "env": dict(wanted.env),
            "cwd": wanted.cwd,
        }
        self.hold()
        grown = Parent(ours, self.release, self.root)
        try:
            pid, watched = self.ask(request, [theirs.fileno()])
            with abandon.covering(watched):
                theirs.close()
                grown.hear(pid)
        except BaseException as error:
            theirs.close()
            grown.close()
            if isinstance(error, ForkRefusedError) and error.code == "parent_died":
                raise ForkRefusedError("growing_died") from error
            raise
        return grown

    @property
    def is_gone(self) -> bool:
        """Whether its process has ended, and what it forked with it."""
        try:
            return not self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    @property
    def is_closed(self) -> bool:
        """Whether its socket is closed."""
        return self._is_closed

    @property
    def is_retired(self) -> bool:
        """Whether it ends when nobody holds it any more."""
        return self._is_retired

    def hold(self) -> None:
        """Keep it from ending by itself."""
        with self._counting:
            self._holders += 1

    def release(self) -> None:
        """Hold it no more; the last one ends what has retired."""
        with self._counting:
            self._holders -= 1
            is_over = self._is_retired and not self._holders
        if is_over:
            self.close()

    def retire(self) -> None:
        """Let it end once nobody holds it."""
        with self._counting:
            self._is_retired = True
            is_over = not self._holders
        if is_over:
            self.close()

    def close(self) -> None:
        """Let it and all that it forked end."""
        with self._counting:
            was_closed, self._is_closed = self._is_closed, True
        if not was_closed:
            self._control.close()
            self._closed()


def is_seeded(shared: tuple[str, ...]) -> bool:
    """Tell whether shared cells mean their random numbers: they name a seed or a state."""
    text = "\n".join(shared).lower()
    return any(word in text for word in ("seed", "setstate", "set_state"))


class Parents:
    """All warm processes of this process.

    Parameters
    ----------
    also
        ``runs``: they have papermill too, and can be forked into whole runs.
    """

    def __init__(self, also: str = "") -> None:
        self._also = [also] if also else []
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._base: Parent | None = None
        self._grown: OrderedDict[tuple[Any, ...], Parent | ForkRefusedError] = OrderedDict()
        self._retired: list[Parent] = []
        self._stamp: Any = None

    def kernel(self, wanted: Wanted) -> "Manager":
        """Return a kernel; :class:`ForkRefusedError` where that cannot be sound."""
        try:
            return self.parent(wanted).kernel(wanted)
        except ForkRefusedError as refused:
            if refused.code != "parent_died":
                raise
        return self.parent(wanted).kernel(wanted)

    def held(self, wanted: Wanted) -> Parent:
        """Return a process that fits and that does not end before it is released."""
        with self._lock:
            parent = self.parent(wanted)
            parent.hold()
            return parent

    def parent(self, wanted: Wanted, abandon: Abandon | None = None) -> Parent:
        """Return a process that fits, or :class:`ForkRefusedError`.

        Parameters
        ----------
        abandon
            With it another thread ends the wait for one that must be made.
        """
        abandon = abandon or Abandon()
        with self._lock:
            if self._owner != os.getpid():  # we are a fork ourselves: what it had is not ours
                self._forget()
            base = self._fresh_base(wanted, abandon)
            if not wanted.preload and not wanted.shared:
                return base
            grown = self._grown.get(wanted.key)
            if isinstance(grown, Parent) and grown.is_worn:
                grown.retire()
                grown = None
            if grown is None:
                grown = self._grow(base, wanted, abandon)
            self._grown[wanted.key] = grown
            self._grown.move_to_end(wanted.key)
            while len(self._grown) > MAX_GROWN:
                oldest = self._grown.popitem(last=False)[1]
                if isinstance(oldest, Parent):
                    oldest.retire()
        if isinstance(grown, ForkRefusedError):
            raise ForkRefusedError(f"{grown.code} {grown.detail}".strip())
        return grown

    def _grow(self, base: Parent, wanted: Wanted, abandon: Abandon) -> "Parent | ForkRefusedError":
        try:
            return base.grow(wanted, abandon)
        except ForkRefusedError as refused:
            if refused.code == "parent_died" or abandon.is_set:
                raise
            return refused  # the next run with the same need not try again

    def _fresh_base(self, wanted: Wanted, abandon: Abandon) -> Parent:
        stamp = (_lasting(wanted.env), _packages())
        base = self._base
        if base is not None and (
            stamp != self._stamp
            or base.is_worn
            or (self._process is not None and self._process.poll() is not None)
            or time.monotonic() - base.born > MAX_AGE_S
        ):
            self._retire()
            base = None
        if base is None:
            base = self._base = self._start(wanted.env, abandon)
            self._stamp = stamp
        return base

    def _retire(self) -> None:
        """Replace all of them: they end when the runs in them have ended."""
        for parent in [*self._grown.values(), self._base]:
            if isinstance(parent, Parent):
                parent.retire()
        retired = [parent for parent in (*self._retired, self._base) if parent is not None]
        self._forget()
        self._retired = [parent for parent in retired if not parent.is_closed]

    def _start(self, env: Mapping[str, str], abandon: Abandon) -> Parent:
        ours, theirs = socket.socketpair()
        with theirs:
            process = self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "madang.runner.forked.nursery"),
                    *(str(theirs.fileno()), *self._also),
                ],
                env=dict(env),
                cwd="/",
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        parent = Parent(ours, partial(_reap, process))
        try:
            with abandon.covering(os.pidfd_open(process.pid)):
                parent.hear(process.pid, START_S)
        except BaseException:
            process.kill()
            parent.close()
            raise
        return parent

    def close(self) -> None:
        """End all of them; kernels that still run end too."""
        with self._lock:
            if self._owner == os.getpid():
                for parent in [*self._grown.values(), self._base, *self._retired]:
                    if isinstance(parent, Parent):
                        parent.close()
            self._forget()


def _reap(process: "subprocess.Popen[bytes]") -> None:
    """Wait until a warm process whose socket was closed has ended, or end it."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5.0)
    process.kill()
    process.wait()


def _packages() -> tuple[tuple[str, int], ...]:
    """Return when something was installed into, or taken from, the folders of modules."""
    found = []
    for path in map(Path, dict.fromkeys(sys.path)):
        if path.name in ("site-packages", "dist-packages"):
            with contextlib.suppress(OSError):
                found.append((str(path), path.stat().st_mtime_ns))
    return tuple(found)


parents = Parents()
atexit.register(parents.close)
