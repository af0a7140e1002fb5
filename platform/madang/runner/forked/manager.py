"""The client's end of a forked kernel, in the shape that nbclient and papermill expect.

:class:`Manager` and :class:`Client` take the places of ``jupyter_client``'s. Papermill's own client
class drives them, so that injection, saving, metadata, timeouts and errors stay papermill's.
"""

import asyncio
import contextlib
import math
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from queue import Empty
from types import SimpleNamespace
from typing import Any

from jupyter_client.client import KernelClient
from jupyter_client.session import Session

from madang.runner.forked.hang import HangWatch
from madang.runner.forked.wire import IOPUB, RECEIVE_BYTES, SHELL, Assembler, packets

_LEAVE_S = 5.0
"""How long a kernel may take to leave, as long as jupyter_client gives it."""


def unsigned() -> Session:
    """Return a session without signatures: nobody else has the socket."""
    session = Session()
    session.auth = None
    return session


class Channel:
    """One channel, as far as nbclient and the Output widget use it."""

    def __init__(self, wire: "Wire", session: Session, number: int) -> None:
        self._wire = wire
        self._session = session
        self._number = number

    def send(self, message: dict[str, Any]) -> None:
        """Send a request."""
        self._wire.send(self._session.serialize(message, ident=self._session.bsession))

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message; ``queue.Empty`` when none comes in ``timeout`` seconds."""
        frames = await self._wire.get(self._number, timeout)
        message: dict[str, Any] = self._session.deserialize(
            self._session.feed_identities(frames)[1]
        )
        if message["msg_type"] == "execute_reply":
            self._wire.is_executing = False
        return message


class Wire:
    """Reads and writes the connection on whichever event loop asks; never blocks on writing."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._assembler = Assembler()
        self._queues: dict[int, deque[list[bytes]]] = {SHELL: deque(), IOPUB: deque()}
        self._waiters: dict[int, asyncio.Future[None]] = {}
        self._unsent: deque[bytes] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.is_executing = False

    def put(self, channel: int, frames: list[bytes]) -> None:
        """Take a message; also one that was published before there was a client."""
        self._queues[channel].append(frames)
        if (waiter := self._waiters.pop(channel, None)) and not waiter.done():
            waiter.set_result(None)

    def send(self, frames: Sequence[Any]) -> None:
        """Send a message; what the kernel does not take yet is sent later, in order."""
        self._unsent.extend(packets(frames, SHELL))
        self._write()

    async def get(self, channel: int, timeout_s: float | None) -> list[bytes]:
        """Wait for a message."""
        self._attach(asyncio.get_running_loop())
        while not self._queues[channel]:
            waiter = self._waiters[channel] = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(waiter, timeout_s)
            except TimeoutError as error:
                raise Empty from error
        return self._queues[channel].popleft()

    def close(self) -> None:
        """End the connection."""
        self._detach()
        self._connection.close()

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop and self._connection.fileno() >= 0:
            self._detach()
            self._loop = loop
            loop.add_reader(self._connection, self._read)
            self._write()

    def _detach(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)

    def _read(self) -> None:
        """Take what there is; at the end stop looking, whether the kernel lives is asked apart."""
        for _ in range(64):
            try:
                packet = self._connection.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except ConnectionError:
                packet = b""
            if not packet:
                self._detach()
                return
            if message := self._assembler.feed(packet):
                self.put(*message)

    def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while self._unsent:
                try:
                    self._connection.send(self._unsent[0], socket.MSG_DONTWAIT)
                except BlockingIOError:
                    if self._loop is not None:
                        self._loop.add_writer(self._connection, self._write)
                    return
                self._unsent.popleft()
        self._unsent.clear()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_writer(self._connection)


class Client(KernelClient):  # type: ignore[misc]
    """jupyter_client's requests over a wire."""

    def __init__(self, manager: "Manager") -> None:
        super().__init__(session=unsigned())
        self._manager = manager
        self._shell = Channel(manager.wire, self.session, SHELL)
        self._iopub = Channel(manager.wire, self.session, IOPUB)
        self.recorded: deque[list[tuple[int, list[bytes]]]] = deque()

    @property
    def shell_channel(self) -> Channel:
        """Where requests go and replies come from."""
        return self._shell

    @property
    def iopub_channel(self) -> Channel:
        """Where outputs come from."""
        return self._iopub

    def start_channels(self, **_: Any) -> None:
        """Nothing: they are open."""

    stop_channels = start_channels

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel says that it is there."""
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while self._manager.is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(Empty):
                await self._iopub.get_msg(0.5)
                return
        # Nothing of the notebook has begun: whatever it was, a fresh kernel may do better.
        self._manager.is_hung = True
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def is_alive(self) -> bool:
        """Tell whether the kernel lives; one that hangs for being a fork does not."""
        return self._manager.is_alive()

    def execute(self, code: str, *arguments: Any, **options: Any) -> str:
        """Ask for a cell; one that ran before the fork has its messages already."""
        if not self.recorded:
            self._manager.wire.is_executing = True
            identifier: str = super().execute(code, *arguments, **options)
            return identifier
        request = self.session.msg("execute_request", {"code": code})
        for channel, frames in self.recorded.popleft():
            parts = self.session.feed_identities(frames)[1]
            message = self.session.deserialize(parts)
            if message["parent_header"]:
                again = {**message, "parent_header": request["header"]}
                self._manager.wire.put(channel, self.session.serialize(again, ident=b"shared"))
        shown: str = request["header"]["msg_id"]
        return shown


class Manager:
    """A kernel that lives already.

    Parameters
    ----------
    pid, watched
        The kernel, and a descriptor that becomes readable when it is gone.
    connection
        Our end of its connection.
    recorded
        What shared cells published, one list for each.
    """

    has_kernel = True

    def __init__(
        self,
        pid: int,
        watched: int,
        connection: socket.socket,
        recorded: Sequence[list[tuple[int, list[bytes]]]] = (),
    ) -> None:
        self._watched = watched
        self.wire = Wire(connection)
        self.provisioner = SimpleNamespace(pid=pid)
        self.is_hung = False
        self.inheritance: Mapping[str, Any] = {}
        self._hang = HangWatch(pid)
        self._recorded = recorded

    def client(self) -> Client:
        """Return the client."""
        client = Client(self)
        client.recorded.extend(self._recorded)
        return client

    def is_alive(self) -> bool:
        """Tell whether the kernel lives, after ending one that hangs."""
        if self._is_gone(0):
            return False
        if self._hang.look():
            self.is_hung = True
            self._kill()
        return not self.is_hung

    def interrupt_kernel(self) -> None:
        """Interrupt the cell that runs."""
        self._signal(signal.SIGINT)

    async def shutdown_kernel(self, now: bool = False) -> None:
        """Interrupt the kernel, ask it to leave, and make it leave.

        As jupyter_client does it, and on the event loop: what an interrupted cell still says after
        a time limit gets into the notebook.
        """
        if not now and not self.is_hung and not self._is_gone(0):
            if self.wire.is_executing:  # it would hit the request itself otherwise
                self.interrupt_kernel()
            session = unsigned()
            request = session.msg("shutdown_request", {"restart": False})
            self.wire.send(session.serialize(request, ident=session.bsession))
            await self._wait_until_gone(_LEAVE_S)
        self._kill()

    def close(self) -> None:
        """Kill a kernel that still lives, and forget it."""
        if self._watched >= 0:
            self._kill()
            self.wire.close()
            os.close(self._watched)
            self._watched = -1

    async def _wait_until_gone(self, limit_s: float) -> None:
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._watched, gone.set)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), limit_s)
        finally:
            loop.remove_reader(self._watched)

    def cleanup_resources(self) -> None:
        """Nothing: there are no files."""

    def _is_gone(self, limit_s: float) -> bool:
        return self._watched < 0 or bool(select.select([self._watched], [], [], limit_s)[0])

    def _kill(self) -> None:
        if not self._is_gone(0):
            self._signal(signal.SIGKILL)
            self._is_gone(_LEAVE_S)

    def _signal(self, sign: signal.Signals) -> None:
        """Signal the kernel and what it started; its number is its own while it is not reaped."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.provisioner.pid, sign)
