"""The connection of a cluster object to its scheduler: who works, and what was logged.

Used by :mod:`madang.client.cluster`, on distributed's event loop. It knows nothing of the cluster
object, so that one that nobody holds any more can be collected and let go.
"""

import asyncio
import contextlib
from typing import Any

from distributed import Security
from distributed.core import rpc
from distributed.objects import SchedulerInfo


class Link:
    """A subscription to the workers of one scheduler.

    Attributes
    ----------
    address
        Of the scheduler.
    comm
        For questions to the scheduler, ``distributed.core.rpc``.
    info
        What ``Scheduler.identity()`` says, kept up to date.
    """

    def __init__(self, address: str, security: Security) -> None:
        self.address = address
        self.comm: Any = rpc(address, connection_args=security.get_connection_args("client"))
        self.info: Any = {"workers": {}}
        self._news: Any = None
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        self.loop = asyncio.get_running_loop()

    async def open(self) -> "Link":
        """Connect, take the present state, and follow it from there."""
        try:
            self._news = await self.comm.live_comm()
            self._news.name = "Madang cluster"
            await self._news.write({"op": "subscribe_worker_status"})
            self.info = SchedulerInfo(await self._news.read())
        except BaseException:
            await self.comm.close_rpc()
            raise
        self._task = asyncio.create_task(self._follow())
        return self

    @property
    def is_open(self) -> bool:
        """Whether the scheduler is still there, as far as is known."""
        return self._task is not None and not self._task.done()

    async def _follow(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                for op, message in await self._news.read():
                    self._take(op, message)
        # The scheduler is gone, and with it whoever worked for it.
        self.info["workers"] = {}

    def _take(self, op: str, message: Any) -> None:
        if op == "add":
            self.info["workers"].update(message.pop("workers"))
            self.info.update(message)
        else:
            self.info["workers"].pop(message, None)

    def close_soon(self) -> None:
        """Close from a callback of the loop."""
        self._closing = asyncio.ensure_future(self.close())

    async def close(self) -> None:
        """End the connection; repeating is harmless."""
        if self._news is not None:
            await self._news.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.comm.close_rpc()
