"""Tries in a process that is thrown away whether what was saved can be loaded.

Executed inside a kernel, as ``inside`` is. A fork has everything imported already; where a GPU is
in use a fork cannot use it, so that a new interpreter tries.
"""

import contextlib
import ctypes
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

_SET_PDEATHSIG = 1
_LOAD = "import pickle,sys\nf=open(sys.argv[1],'rb')\npickle.load(f)\npickle.load(f)"


def check(request: Mapping[str, Any], blame: Callable[[], Any]) -> dict[str, Any] | None:
    """Return why it cannot be loaded, or None."""
    if is_gpu_used():
        return _check_anew(request["path"], request["check_s"])
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            _become_thrown_away()
            os.write(writer, _said(request["path"], blame).encode())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        said = _hear(reader, time.monotonic() + request["check_s"])
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    if said is None:
        return {"refused": "check_time"}
    if not said:
        return {"refused": "check_died"}
    heard: dict[str, Any] | None = json.loads(said)
    return heard


def is_gpu_used() -> bool:
    """Tell whether this process has opened a device."""
    with contextlib.suppress(OSError):
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/self/fd/{number}").startswith("/dev/nvidia"):  # noqa: PTH115
                    return True
    return False


def _become_thrown_away() -> None:
    """Be quiet, be the first to go when memory ends, and have none of the notebook's names."""
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("1000")
    # What is saved by its name only must not be found by the luck of being there.
    sys.modules["__main__"] = ModuleType("__main__")
    from cloudpickle import cloudpickle

    for trackers in ("_DYNAMIC_CLASS_TRACKER_BY_CLASS", "_DYNAMIC_CLASS_TRACKER_BY_ID"):
        getattr(cloudpickle, trackers, {}).clear()


def _said(path: str, blame: Callable[[], Any]) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            pickle.load(file)  # noqa: S301 - written a moment ago
            pickle.load(file)  # noqa: S301
    except BaseException as error:  # any object may fail as it likes
        bad = blame()
        told = {"refused": "names", "names": bad}
        return json.dumps(
            told if bad else {"refused": "check_failed", "detail": f"{type(error).__name__}"}
        )
    return "null"


def _hear(reader: int, deadline: float) -> bytes | None:
    """Return what the process says until its end; None when it takes too long."""
    heard = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return None
        piece = os.read(reader, 65_536)
        if not piece:
            return heard
        heard += piece


def _check_anew(path: str, limit_s: float) -> dict[str, Any] | None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _LOAD, path],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"refused": "check_time"}
    if ended.returncode == 0:
        return None
    last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return {"refused": "check_failed", "detail": "".join(last)[:300]}
