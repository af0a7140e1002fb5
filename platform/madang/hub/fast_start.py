"""The warm parent of notebook servers, where all of them run as this user.

One for each data folder. It is started in the background when somebody looks at the profile page or
asks for a server, and used by the spawner's launch; until it is ready, servers start the ordinary
way.
"""

import asyncio
import contextlib
import os
from typing import Any

from madang.hub.fast_start_packages import own_packages as own_packages
from madang.settings.home import Home
from madang.shim.warm import WarmParent
from madang.shim.warm.state import Plan, note_unwanted

_PART_MARKER = "MADANG_PART_OF"

_parents: dict[Home, WarmParent] = {}
_tasks: set[asyncio.Task[None]] = set()


def parent_of(spawner: Any) -> WarmParent:
    """Return the warm parent for a spawner's data folder."""
    home: Home = spawner.home
    if home not in _parents:
        # What servers get of the hub's environment, so that both import the same; no secret.
        env = {name: os.environ[name] for name in spawner.env_keep if name in os.environ}
        if _PART_MARKER in os.environ:
            # With it `madang up` and `down` find one that nobody told to end.
            env[_PART_MARKER] = os.environ[_PART_MARKER]
        plan = Plan(
            command=tuple(spawner.cmd),
            preload="madang.hub.singleuser:preload",
            entry="madang.hub.singleuser:main",
            same=(
                *("PYTHON", "LD_", "LANG", "LC_", "JUPYTERHUB_SINGLEUSER_"),
                # Of the debugger, which kernels load at their start.
                *("PYDEVD_", "DEBUGPY_"),
            ),
        )
        env["HOME"] = str(home.warm)
        _parents[home] = WarmParent(home.warm, plan, env, home.logs / "fast-start.log")
    return _parents[home]


def do_without(home: Home, why: str) -> None:
    """Note why servers are always started the ordinary way."""
    # A full disk must not stop a spawn for this.
    with contextlib.suppress(OSError):
        note_unwanted(home.warm, why)


def warm_up(spawner: Any) -> None:
    """Start the parent in the background unless it lives; returns at once."""
    parent = parent_of(spawner)

    async def work() -> None:
        await asyncio.to_thread(parent.ensure)

    task = asyncio.get_running_loop().create_task(work())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
