"""Brings the stop of a server to its end also when the hub's database cannot be written meanwhile.

JupyterHub marks a server as stopping and takes the mark away behind its last commit. When that
commit fails (a full disk, a folder that turned read-only) the mark stays: until the hub is started
again nobody can stop or start that server. Installed once by :func:`madang.hub.configure`; knows
nothing of leases.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

AGAIN_S = 1.0

Stop = Callable[..., Awaitable[Any]]


def install() -> None:
    """Let every stop of a server go on until it is done."""
    from jupyterhub.user import User

    if not hasattr(User.stop, "__wrapped__"):
        User.stop = insisting(User.stop)


def insisting(stop: Stop) -> Stop:
    """Return a stop that is repeated while its own clean-up fails; what else fails is raised."""

    @wraps(stop)
    async def insist(user: Any, server_name: str = "") -> Any:
        while True:
            try:
                return await stop(user, server_name)
            except Exception as error:
                spawner = user.spawners.get(server_name)
                if spawner is None or not spawner._stop_pending:
                    raise
                # Nobody is named: to read a name the hub would ask the database that failed.
                user.log.warning("A server's stop could not be written, trying again: %s", error)
                # Whatever failed in the session that all share fails on until this is said.
                user.db.rollback()
            await asyncio.sleep(AGAIN_S)

    return insist
