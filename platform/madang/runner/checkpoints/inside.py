"""Saves the names of a notebook into a file, and brings them back. Executed inside a kernel.

Its text is sent to the kernel, which may be one of another environment: it needs the standard
library, IPython and cloudpickle only, and leaves nothing behind among the notebook's names.
"""

import contextlib
import importlib
import json
import linecache
import os
import pickle
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Any

MAX_TOLD = 5
MAX_ARRAYS = 50
Check = Callable[[Mapping[str, Any], Callable[[], Any]], dict[str, Any] | None]
_OWN = re.compile(r"_+|_i+|_i?\d+|_[dio]h|__\w+__|In|Out|exit|quit|get_ipython|open")
_NOT_AGAIN = ("__main__", "__mp_main__", "madang")


class TooLargeError(Exception):
    """More was written than a checkpoint may have."""


class HoldsSecretError(Exception):
    """What was to be written has the value of a secret in it."""


class Limited:
    """A file, or nothing, that takes so many bytes and no more, and no value of a secret.

    A pickle writes each text whole, so that none is in two pieces.
    """

    def __init__(self, file: Any, limit_bytes: int, secrets: Sequence[str]) -> None:
        self._file = file
        self._limit_bytes = limit_bytes
        self._secrets = [value.encode() for value in secrets]
        self.size_bytes = 0

    def write(self, data: Any) -> int:
        """Write all of it."""
        length = memoryview(data).nbytes
        self.size_bytes += length
        if self.size_bytes > self._limit_bytes:
            raise TooLargeError
        if self._secrets and any(value in bytes(data) for value in self._secrets):
            raise HoldsSecretError
        if self._file is not None:
            self._file.write(data)
        return length


class Namespace(dict):  # type: ignore[type-arg]
    """Stands in a pickle for the dictionary of the notebook's names.

    Functions are built on it, so that those which come back see what later cells assign, in
    methods, closures and containers alike.
    """

    def __reduce__(self) -> Any:
        """Be the names of whichever kernel loads this."""
        return getattr, (sys.modules["__main__"], "__dict__")


def make_pickler(shell: Any, file: Any) -> Any:
    """Return a pickler for what cells make."""
    import cloudpickle
    from IPython import get_ipython

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        """cloudpickle's, knowing what each kernel has of its own."""

        def reducer_override(self, obj: Any) -> Any:
            """Save the shell by name."""
            if obj is shell:
                return get_ipython, ()
            if isinstance(obj, Namespace):
                return obj.__reduce__()
            if isinstance(obj, MethodType) and obj == shell.get_ipython:
                return getattr, (shell, "get_ipython")
            return super().reducer_override(obj)

    pickler = Pickler(file, protocol=5)
    pickler.globals_ref[id(shell.user_ns)] = Namespace(kept=True)
    return pickler


def names_of(shell: Any) -> dict[str, Any]:
    """Return what the notebook's cells have named."""
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in list(shell.user_ns.items())
        if not _OWN.fullmatch(name) and not (name in hidden and hidden[name] is value)
    }


def save(shell: Any, request: Mapping[str, Any], check: Check) -> dict[str, Any]:
    """Write everything into one file; nothing of the notebook is changed by it.

    Parameters
    ----------
    request
        ``path`` to write to, ``limit_bytes``, ``check_s`` (how long loading may take), ``work``
        (the run's folder), ``secrets``, values that must not be written, and ``suspects``, names
        that could not be saved the last time.
    check
        Tells why what was written cannot be loaded.
    """
    names = names_of(shell)
    suspects = {name: names[name] for name in request["suspects"] if name in names}
    if bad := blame(shell, suspects, request):
        return {"refused": "names", "names": bad}
    content = {
        "names": names,
        "states": random_states(),
        "history": [
            list(shell.history_manager.input_hist_parsed),
            list(shell.history_manager.input_hist_raw),
        ],
        "sources": {f: linecache.cache[f] for f in _cells(shell) if f in linecache.cache},
        "cells": dict(_cells(shell)),
    }
    try:
        with open(request["path"], "wb") as file:  # noqa: PTH123
            limited = Limited(file, request["limit_bytes"], request["secrets"])
            pickle.dump(_head(shell, request), limited, protocol=5)
            make_pickler(shell, limited).dump(content)
            file.flush()
            os.fsync(file.fileno())
    except TooLargeError:
        return {"refused": "too_large"}
    except OSError as error:
        if error.filename is None and error.errno is None:
            return {"refused": "names", "names": blame(shell, names, request)}
        return {"refused": "disk", "detail": error.strerror or str(error)}
    except Exception:  # any object may fail as it likes
        return {"refused": "names", "names": blame(shell, names, request)}
    problem = check(request, lambda: blame(shell, names, request, True))
    seen = lost(names, request["work"])
    return problem or {"size_bytes": limited.size_bytes, "lost": seen}


def _cells(shell: Any) -> Mapping[str, int]:
    return getattr(shell.compile, "_filename_map", {})


def _head(shell: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must be there before the names can be loaded."""
    folder = os.getcwd()  # noqa: PTH109
    inside = os.path.relpath(folder, request["work"])
    return {
        "python": list(sys.version_info[:2]),
        "path": list(sys.path),
        "work": request["work"],
        "folder": folder if inside.startswith("..") else inside,
        "modules": [m for m in sys.modules if m.partition(".")[0] not in _NOT_AGAIN],
        "extensions": sorted(shell.extension_manager.loaded),
        "count": shell.execution_count,
    }


def blame(
    shell: Any, names: Mapping[str, Any], request: Mapping[str, Any], is_loaded: bool = False
) -> list[list[str]]:
    """Return names that cannot be saved (or loaded) alone, with their types."""
    found = []
    for name, value in names.items():
        store = bytearray()

        class Store:
            """Keeps what is written only where it is read again."""

            def write(self, data: Any, store: bytearray = store) -> None:
                """Take data."""
                if is_loaded:
                    store += data

        try:
            limited = Limited(Store(), request["limit_bytes"], request["secrets"])
            make_pickler(shell, limited).dump(value)
            if is_loaded:
                pickle.loads(bytes(store))  # noqa: S301 - made a line above
        except Exception:  # any object may fail as it likes
            kind = type(value)
            shown = kind.__qualname__
            if kind.__module__ != "builtins":
                shown = f"{kind.__module__}.{shown}"
            found.append([name[:80], shown[:120]])
            if len(found) == MAX_TOLD:
                break
    return found


def random_states() -> dict[str, Any]:
    """Return the states of the global generators of what is loaded."""
    import random

    found: dict[str, Any] = {"random": random.getstate()}
    if numpy_random := sys.modules.get("numpy.random"):
        found["numpy"] = numpy_random.get_state()
    if torch := sys.modules.get("torch"):
        found["torch"] = torch.get_rng_state()
        if torch.cuda.is_initialized():
            found["cuda"] = torch.cuda.get_rng_state_all()
    return found


def set_random_states(states: Mapping[str, Any]) -> None:
    """Let the generators go on from where they were."""
    import random

    random.setstate(states["random"])
    if "numpy" in states:
        importlib.import_module("numpy.random").set_state(states["numpy"])
    if "torch" in states:
        torch: Any = importlib.import_module("torch")
        torch.set_rng_state(states["torch"])
        if "cuda" in states:
            torch.cuda.set_rng_state_all(states["cuda"])


def lost(names: Mapping[str, Any], work: str) -> list[list[str]]:
    """Return what will not be as it was, where that can be seen: pairs of a code and a name."""
    found = []
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        arrays = [(n, v) for n, v in names.items() if type(v) is numpy.ndarray and v.size]
        for place, (name, value) in enumerate(arrays[:MAX_ARRAYS]):
            for other, second in arrays[:place]:
                if value is not second and numpy.may_share_memory(value, second):
                    found.append(["shared_memory", f"{other}, {name}"])
    for name, value in names.items():
        if isinstance(value, str | os.PathLike) and str(value).startswith(work):
            found.append(["moved_path", name[:80]])
    return found[:MAX_TOLD]


def restore(shell: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Bring everything back. After a failure the kernel is of no use for the notebook."""
    names = shell.user_ns
    with open(request["path"], "rb") as file:  # noqa: PTH123
        head = pickle.load(file)  # noqa: S301 - written by this person's own run
        if head["python"] != list(sys.version_info[:2]):
            return {"refused": "other_python"}
        _go_to(head, request["work"])
        for name in head["modules"]:
            if name not in sys.modules:
                # What the names need and cannot have says so itself below.
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        for name in set(head["extensions"]) - set(shell.extension_manager.loaded):
            with contextlib.suppress(Exception):
                shell.extension_manager.load_extension(name)
        builtins = names.get("__builtins__")
        content = pickle.load(file)  # noqa: S301 - as above
    for name in set(names_of(shell)) - set(content["names"]):
        del names[name]  # made by a shared cell, and deleted by a later one
    names.update(content["names"])
    names["__builtins__"] = builtins
    linecache.cache.update(content["sources"])
    _cells(shell).update(content["cells"])  # type: ignore[attr-defined]
    history = shell.history_manager
    history.input_hist_parsed[:], history.input_hist_raw[:] = content["history"]
    shell.execution_count = head["count"]
    set_random_states(content["states"])
    return {"names": len(content["names"])}


def _go_to(head: Mapping[str, Any], work: str) -> None:
    """Stand where the cells stood, and find modules where they found them."""
    for path in head["path"]:
        moved = path.replace(head["work"], work, 1) if path.startswith(head["work"]) else path
        if moved not in sys.path:
            sys.path.append(moved)
    os.chdir(os.path.join(work, head["folder"]))  # noqa: PTH118


def answer(request: str, check: Check) -> str:
    """Do what is asked for in JSON and answer in JSON; nothing is raised but interrupts."""
    asked = json.loads(request)
    try:
        import cloudpickle
        from IPython import get_ipython
    except ImportError:
        return json.dumps({"refused": "no_cloudpickle"})
    if not hasattr(cloudpickle.Pickler, "_function_getnewargs"):
        return json.dumps({"refused": "no_cloudpickle"})
    shell = get_ipython()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done = save(shell, asked, check) if asked["do"] == "save" else restore(shell, asked)
    except Exception as error:  # told to the person in the run's log
        done = {"refused": "failed", "detail": f"{type(error).__name__}: {error}"[:300]}
    return json.dumps(done)
