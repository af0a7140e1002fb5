"""Looks at the process itself and says why it may not be forked now.

Called by :mod:`nursery` before every fork. A fork copies one thread; what the others hold stays
held. So everything that may be held, shared or half written is looked for, and a reason is a code
that people find words for under ``fresh_kernel.<code>``, with what was found behind it.
"""

import contextlib
import ctypes
import os
import re
import stat
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OPENMP = re.compile(r"/(libgomp[^/]*\.so[^/\s]*)$")
_OTHER_OPENMP = re.compile(r"/(libiomp5|libomp|libkmp)[^/]*\.so")
_UNTESTED = ("torch", "tensorflow", "jax", "polars", "cupy", "cudf", "grpc", "jpype", "pyspark")
_NATIVE_POOLS = ("numpy", "scipy", "pyarrow")
_PAUSE_HARD = 2

_at_birth: dict[str, Any] = {}


def remember(app: Any) -> None:
    """Note what a kernel has that did nothing yet; later looks compare with it."""
    _at_birth["modules"] = frozenset(sys.modules)
    _at_birth["startup"] = _startup(app)
    remember_tasks()


def remember_tasks() -> None:
    """Note how many native threads there are after imports: libraries start pools with them."""
    _at_birth["tasks"] = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names only


def _startup(app: Any) -> str:
    """Return what a person's profile runs in every kernel, which here would have run only once."""
    with contextlib.suppress(OSError):
        for path in sorted(Path(app.profile_dir.startup_dir).iterdir()):
            if path.suffix in (".py", ".ipy"):
                return path.name
    for name in ("exec_lines", "exec_files", "extensions"):
        if getattr(app, name, None):
            return name
    return ""


def why_not_fork(app: Any, request: Mapping[str, Any]) -> str:
    """Return the reason, or nothing after everything that must pause has paused."""
    del app
    if startup := _at_birth["startup"]:
        return f"startup_files {startup}"
    if shadowed := _shadowed(request["cwd"]):
        return f"module_shadowed {shadowed}"
    _end_dask_pool()
    others = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
    if others:
        return f"threads {', '.join(others)}"
    return _why_not_native()


def _why_not_native() -> str:
    """Look at what C libraries have started or hold."""
    libraries = _mapped_libraries()
    if any(_OTHER_OPENMP.search(path) for path in libraries):
        return "openmp_untested"
    if _had_distributed_client():
        return "library_untested distributed.Client"
    if loaded := [name for name in _UNTESTED if name in sys.modules]:
        return f"library_untested {loaded[0]}"
    if _has_cuda():
        return "cuda_in_use"
    tasks = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names only
    if tasks > _at_birth["tasks"] and not any(name in sys.modules for name in _NATIVE_POOLS):
        return f"native_threads {tasks - _at_birth['tasks']}"
    return "" if all(_pause(path) for path in libraries if _OPENMP.search(path)) else "openmp_busy"


def _had_distributed_client() -> bool:
    """Tell whether a client of a cluster was ever made: what it leaves makes later ones wait."""
    client: Any = sys.modules.get("distributed.client")
    return client is not None and client._global_client_index[0] > 0


def _mapped_libraries() -> set[str]:
    found = set()
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        path = line.partition("/")[2]
        if ".so" in path:
            found.add(f"/{path}")
    return found


def _pause(path: str) -> bool:
    """End the pool of an OpenMP library; it starts anew where it is used next."""
    try:
        pause = ctypes.CDLL(path, mode=os.RTLD_NOLOAD).omp_pause_resource_all
    except (OSError, AttributeError):
        return False
    return int(pause(_PAUSE_HARD)) == 0


def _has_cuda() -> bool:
    """Tell whether this process has opened a GPU; a context of it does not survive a fork."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names only
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("/dev/nvidia"):  # noqa: PTH115
                return True
    return False


def _end_dask_pool() -> None:
    dask: Any = sys.modules.get("dask.threaded")
    if dask is not None and dask.default_pool is not None:
        dask.default_pool.shutdown(wait=True)
        dask.default_pool = None


def _shadowed(folder: str) -> str:
    """Return a module that a fresh kernel would take from the notebook's folder instead."""
    loaded = {name.partition(".")[0] for name in sys.modules.keys() - _at_birth["modules"]}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.removesuffix(".py")
            if name in loaded and (entry.name.endswith(".py") or entry.is_dir()):
                return entry.name
    return ""


def is_only_read(number: str) -> bool:
    """Tell whether a descriptor is a file that is read: each fork can open that for itself."""
    with contextlib.suppress(OSError):
        flags = Path(f"/proc/self/fdinfo/{number}").read_text().split("flags:")[1].split()[0]
        is_file = stat.S_ISREG(os.fstat(int(number)).st_mode)
        return is_file and int(flags, 8) & os.O_ACCMODE == os.O_RDONLY
    return False


def open_descriptors() -> dict[str, str]:
    """Return what each descriptor of this process is, by number."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names only
        with contextlib.suppress(OSError):
            found[name] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
    return {name: path for name, path in found.items() if not path.endswith("/fd")}
