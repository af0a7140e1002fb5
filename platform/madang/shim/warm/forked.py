"""What runs on the child's side of a warm parent's forks: the keeper, and the server in it."""

import asyncio
import atexit
import gc
import os
import signal
import sys
import threading
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from madang.shim import keeper as keeping
from madang.shim.child import take_place
from madang.shim.record import KEEPER_LOG, MARKER
from madang.shim.warm import room
from madang.shim.warm.sound import Files
from madang.shim.warm.state import Plan

FORKED = "forked"

files: Files | None = None
"""The files of all that was imported when the warm parent began to serve; its forks have them."""

served: Plan | None = None
"""What this process was forked for; None in every other process."""


def fork_keeper(record: Path, plan: Plan) -> int:
    """Fork a keeper for a record folder and return its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            _keep(record, plan)
        except BaseException as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(1)
    return pid


def _keep(record: Path, plan: Plan) -> NoReturn:
    """Be the keeper that ``python -m madang.shim <record>`` would be."""
    os.closerange(3, 65536)
    os.setsid()
    # Collecting would write to the pages that we share.
    gc.disable()
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(record / KEEPER_LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for fd, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, fd)
    os.close(null)
    os.close(log)
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    room.replace_environment(env)
    entry = str(Path(keeping.__file__).with_name("__main__.py"))
    room.replace_arguments([sys.executable, entry, str(record)], "madang-keeper")

    def become(spec: dict[str, Any], account: object, log: int, gate: int, keeper: int) -> NoReturn:
        if account is not None:
            raise PermissionError("a fork cannot become another user")
        _serve(plan, spec, log, gate, keeper)

    code = keeping.keep(record, become=become, told={"start": FORKED})
    os._exit(code)


def _serve(plan: Plan, spec: dict[str, Any], log: int, gate: int, keeper: int) -> NoReturn:
    """Turn the forked child into the server; never returns."""
    try:
        take_place(spec, log, gate, keeper)
        os.closerange(3, 65536)
        _be_fresh(plan, spec)
    except BaseException as error:
        os.write(2, f"madang: cannot start {spec['argv'][0]}: {error}\n".encode())
        os._exit(127)
    global served
    served = plan
    module, _, name = plan.entry.partition(":")
    code = 1
    try:
        getattr(sys.modules[module], name)(list(spec["argv"][len(plan.command) :]))
        code = 0
    except SystemExit as error:
        code = exit_code(error)
    except BaseException:
        traceback.print_exc()
    leave(code)


def _be_fresh(plan: Plan, spec: dict[str, Any]) -> None:
    """Take the environment, arguments and state that a new interpreter would have."""
    room.replace_environment(spec["env"], first=MARKER)
    time.tzset()
    room.replace_arguments(spec["argv"], "madang-server")
    module = plan.entry.partition(":")[0]
    sys.modules["__main__"] = import_module(module)
    sys.argv = [str(sys.modules["__main__"].__file__), *spec["argv"][len(plan.command) :]]
    sys.orig_argv = list(spec["argv"])
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # As Python sets them for itself.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    gc.enable()


def exit_code(error: SystemExit) -> int:
    """Return the status of a process that ends with this."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{error.code}\n")
    return 1


def leave(code: int) -> NoReturn:
    """End as an interpreter ends: threads, exit functions, buffers."""
    try:
        # As multiprocessing's children do: the frames below belong to the parent's loop.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)


def trial() -> NoReturn:
    """Do what every server needs, in a fork that is thrown away."""
    try:
        room.replace_environment({MARKER: "trial", "A": "b"}, first=MARKER)
        shown = Path("/proc/self/environ").read_bytes().rstrip(b"\0")
        if shown != f"{MARKER}=trial\0A=b".encode() or os.getenv("A") != "b":
            raise OSError("the environment cannot be replaced")
        asyncio.run(asyncio.sleep(0))
        thread = threading.Thread(target=time.time)
        thread.start()
        thread.join()
        zmq = sys.modules.get("zmq")
        if zmq is not None:
            zmq.Context().term()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
