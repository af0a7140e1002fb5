"""Hands connections of a replica that stands by on to the one that leads, byte by byte.

Both replicas are behind one address, and a pod that is not ready would never let an upgrade, a
drain or ``kubectl rollout status`` come to an end: so who stands by is ready, and of use. It reads
no more than the head of a connection's first request, to say for itself whether it is well; what
it cannot hand on it answers with 503. The leader checks everything else.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable

from madang.api.protocol import MAX_HEAD_BYTES
from madang.domain.leadership import Leader
from madang.errors import MadangError, UnavailableError
from madang.i18n import choose_language, problem, text
from madang.settings.config import SERVICE_PREFIX

HEAD_S = 10.0
CONNECT_S = 2.0
MAX_CONNECTIONS = 1_000
_CHUNK_BYTES = 64 * 1024
_HEALTH = re.compile(rb"^(?:GET|HEAD) " + f"{SERVICE_PREFIX}/healthz".encode() + rb"[? ]")
_LANGUAGE = re.compile(rb"\r\naccept-language:[ \t]*([^\r\n]{1,200})", re.IGNORECASE)


class Relay:
    """The connections of one port.

    Parameters
    ----------
    where
        Returns host and port to hand on to.

    Raises
    ------
    UnavailableError
        By ``where``: there is nobody to hand on to.
    """

    def __init__(self, where: Callable[[], tuple[str, int]]) -> None:
        self._where = where
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection, unless there are too many."""
        if len(self._tasks) >= MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cut all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever is connected may leave at any moment, on either side; and where nothing can be
        # said, since it may be TLS, a connection that leads nowhere is closed.
        with contextlib.suppress(
            OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, UnavailableError
        ):
            try:
                await self.serve(reader, writer)
            finally:
                writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand one connection on."""
        await self.hand_on(reader, writer, b"")

    async def hand_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        """Hand on what was read already, and then whatever comes, both ways.

        Raises
        ------
        UnavailableError
            ``stands_by``, or what ``where`` raises; nothing was handed on.
        """
        host, port = self._where()
        try:
            async with asyncio.timeout(CONNECT_S):
                there, back = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            raise UnavailableError("leader_silent", address=f"{host}:{port}") from error
        try:
            back.write(head)
            async with asyncio.TaskGroup() as both:
                answering = both.create_task(_pump(there, writer))
                asking = both.create_task(_pump(reader, back))
                await answering
                # Nobody reads what comes after the answer's end.
                asking.cancel()
        except* (OSError, EOFError):
            pass
        finally:
            back.close()


class HttpRelay(Relay):
    """The connections of the port that speaks HTTP.

    Parameters
    ----------
    leader
        Returns who leads.

    Raises
    ------
    MadangError
        By ``leader``: it is not known, and why.
    """

    def __init__(self, leader: Callable[[], Leader], where: Callable[[], tuple[str, int]]) -> None:
        super().__init__(where)
        self._leader = leader

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer for this replica's health, hand everything else on."""
        async with asyncio.timeout(HEAD_S):
            head = await reader.readuntil(b"\r\n\r\n")
        lang = _language(head)
        try:
            if _HEALTH.match(head):
                await _answer(writer, 200, _health(self._leader(), lang))
            else:
                await self.hand_on(reader, writer, head)
        except MadangError as error:
            await _answer(writer, error.status, problem(error, lang))


async def start(relay: Relay, **where: object) -> asyncio.Server:
    """Serve a relay; ``where`` as :func:`asyncio.start_server` takes it."""
    return await asyncio.start_server(relay.accept, limit=MAX_HEAD_BYTES, **where)  # type: ignore[arg-type]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _language(head: bytes) -> str:
    found = _LANGUAGE.search(head)
    return choose_language(found[1].decode("latin-1") if found else None)


def _health(leader: Leader, lang: str) -> dict[str, object]:
    said = {"replica": leader.replica, "address": leader.address, "term": leader.term}
    return {"ok": True, "stands_by": True, "message": text("standby.health", lang, **said), **said}


async def _answer(writer: asyncio.StreamWriter, status: int, said: dict[str, object]) -> None:
    body = json.dumps(said, ensure_ascii=False).encode()
    word = "OK" if status == 200 else "Service Unavailable"
    head = (
        f"HTTP/1.1 {status} {word}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nRetry-After: 2\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
