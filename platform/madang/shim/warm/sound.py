"""Whether forking from this process is sound now: alone, without sockets, its files unchanged."""

import sys
import threading
from pathlib import Path
from types import ModuleType

from madang.shim.warm.state import stamp


class UnsoundError(Exception):
    """Forking is not sound, or not wanted; the text says why."""


class Files:
    """The files of all modules that are loaded now, as they are now."""

    def __init__(self) -> None:
        self._stamp = stamp()
        self._known = {}
        for module in list(sys.modules.values()):
            name = getattr(module, "__file__", None) if isinstance(module, ModuleType) else None
            if isinstance(name, str) and (seen := _seen(Path(name))) is not None:
                self._known[Path(name)] = seen

    def check(self) -> None:
        """Refuse when one has changed, or packages came or went."""
        if self._stamp != stamp():
            raise UnsoundError("packages were installed or removed")
        for path, known in self._known.items():
            if _seen(path) != known:
                raise UnsoundError(f"{path} has changed")


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def check_alone() -> None:
    """Refuse to fork beside threads, event loops and ZeroMQ contexts."""
    if len(threading.enumerate()) != 1 or len(list(Path("/proc/self/task").iterdir())) != 1:
        raise UnsoundError("an imported module has started a thread")
    policy = getattr(sys.modules.get("asyncio.events"), "_event_loop_policy", None)
    if getattr(getattr(policy, "_local", None), "_loop", None) is not None:
        raise UnsoundError("an imported module has made an event loop")
    context = getattr(sys.modules.get("zmq"), "Context", None)
    if getattr(context, "_instance", None) is not None:
        raise UnsoundError("an imported module has made a ZeroMQ context")
