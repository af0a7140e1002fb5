"""The kernel parent: a child of one forked notebook server, from which its Python kernels fork.

Started by :func:`madang.hub.singleuser.main` where the server itself was forked from a warm parent,
before the server has any thread; ``ipykernel`` is imported there already. It belongs to its server
alone: it ends with it, and its kernels are in the tree that the keeper of the lease counts and
ends. One thread, no event loop, no ZeroMQ: it looks before every fork, and whatever is unsound is
answered with the reason, so that the server starts an ordinary kernel. Nothing but the server holds
the other end of its socket.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

from madang.shim.child import die_with
from madang.shim.record import MARKER
from madang.shim.warm import forked, room
from madang.shim.warm.sound import UnsoundError, check_alone
from madang.shim.warm.state import Plan

MODULE = "ipykernel_launcher"
REQUEST_BYTES = 192 * 1024
_PRELOADED = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.heartbeat",
    "ipykernel.comm.manager",
    # Every kernel loads its debugger: a hundred modules and ten MiB, of which a fork owns none.
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.history",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "faulthandler",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
    "zmq.eventloop.zmqstream",
)

_of_kernels: frozenset[str] = frozenset()
_env_of_imports: dict[str, str] = {}
"""Variables that those imports set; a kernel sets them while it imports for itself."""

_put_away: list[ModuleType | None] = []


def preload() -> None:
    """Import what every kernel imports, and nothing else before it: those are a kernel's own."""
    global _of_kernels
    before = dict(os.environ)
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):
            import_module(name)
    _of_kernels = frozenset(sys.modules)
    _env_of_imports.update(os.environ.items() - before.items())


def begin(plan: Plan) -> socket.socket:
    """Fork the kernel parent of this server; returns the socket to ask it.

    Parameters
    ----------
    plan
        What the server was forked for. A kernel that is to have other variables of those that act
        while modules are imported is no fork.

    Raises
    ------
    UnsoundError
        This process must not fork, or has not imported what kernels need.
    """
    if "ipykernel.kernelapp" not in _of_kernels:
        raise UnsoundError("ipykernel was not imported beforehand")
    check_alone()
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server = os.getpid()
    if os.fork() == 0:
        try:
            mine.close()
            die_with(server)
            KernelParent(theirs, plan).run()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    theirs.close()
    return mine


class KernelParent:
    """Waits for requests and for the ends of kernels, and tells the server of both."""

    def __init__(self, connection: socket.socket, plan: Plan) -> None:
        self._socket, self._plan = connection, plan
        self._kernels: dict[int, int] = {}

    def run(self) -> None:
        """Serve until the server is gone and no kernel is left."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # Collecting would write to the pages that we share.
        gc.disable()
        gc.freeze()
        room.replace_arguments(sys.orig_argv[:3], "madang-kernels")
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd in self._kernels:
                    poll.unregister(fd)
                    self._tell_end(fd)
                elif not (data := self._socket.recv(REQUEST_BYTES)):
                    return
                elif (pidfd := self._answer(data)) is not None:
                    poll.register(pidfd, select.POLLIN)

    def _answer(self, data: bytes) -> int | None:
        try:
            asked = json.loads(data)
            self._check(asked)
            pid = self._fork(asked)
        except (UnsoundError, OSError, ValueError, KeyError) as error:
            self._say({"why": f"{error}"[:300] or type(error).__name__})
            return None
        pidfd = os.pidfd_open(pid)
        self._kernels[pidfd] = pid
        self._say({"pid": pid})
        return pidfd

    def _check(self, asked: Mapping[str, Any]) -> None:
        if forked.files is None:
            raise UnsoundError("nobody knows which files were loaded")
        forked.files.check()
        check_alone()
        command = self._plan.command
        if why := self._plan.misfit(command, asked["env"], self._plan.seen(os.environ)):
            raise UnsoundError(why)

    def _fork(self, asked: Mapping[str, Any]) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                _be_kernel(asked, parent)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        return pid

    def _tell_end(self, pidfd: int) -> None:
        pid = self._kernels.pop(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        self._say({"ended": pid, "code": os.waitstatus_to_exitcode(status)})

    def _say(self, what: Mapping[str, Any]) -> None:
        # A server that does not read learns of it from the end of the socket.
        with contextlib.suppress(OSError):
            self._socket.send(json.dumps(what).encode(), socket.MSG_DONTWAIT)


def _be_kernel(asked: Mapping[str, Any], parent: int) -> NoReturn:
    """Become a kernel as ``python -m ipykernel_launcher`` would be one; never returns."""
    os.setsid()
    os.closerange(3, 65536)
    os.chdir(asked["cwd"])
    env = {**_env_of_imports, **asked["env"], "JPY_PARENT_PID": str(parent)}
    room.replace_environment(env, first=MARKER)
    time.tzset()
    argv = list(asked["argv"])
    room.replace_arguments(argv, "python")
    _forget_the_server()
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.orig_argv = argv
    launcher = find_spec(MODULE)
    sys.argv = [str(launcher.origin) if launcher else MODULE, *argv[3:]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.enable()
    code = 1
    try:
        # Read from the environment while it was imported, for another process.
        own = [*sys.argv[1:], f"--IPKernelApp.parent_handle={parent}"]
        sys.modules["ipykernel.kernelapp"].launch_new_instance(argv=own)
        code = 0
    except SystemExit as error:
        code = forked.exit_code(error)
    except BaseException:
        traceback.print_exc()
    forked.leave(code)


def _forget_the_server() -> None:
    """Let a kernel import anew what only the server had imported, as a fresh kernel would.

    A person may install another version first. What has parts in C stays, for many of those cannot
    be loaded twice, and so does the standard library. The old modules are kept aside: to free them
    would write to all the pages that are shared.
    """
    fixed = {"madang", "__main__", *sys.stdlib_module_names}
    fixed |= {name.partition(".")[0] for name in _of_kernels}
    for name, module in sys.modules.items():
        if str(getattr(module, "__file__", "")).endswith(".so"):
            fixed.add(name.partition(".")[0])
    for name in list(sys.modules):
        if name.partition(".")[0] not in fixed:
            _put_away.append(sys.modules.pop(name))
