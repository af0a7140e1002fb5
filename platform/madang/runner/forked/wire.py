"""Carries messages between a kernel and its client over one Unix socket of packets.

Used by both ends. A message is a list of frames, as ZeroMQ has them, cut into packets which are
written whole: processes and threads of a kernel share the socket without a lock, since every packet
says whose it is. And requests to a nursery: JSON with open descriptors, over a Unix stream.
"""

import itertools
import json
import os
import socket
import struct
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any

SHELL, IOPUB = 1, 2
"""Channels, as the Jupyter protocol names them; replies and requests share the first."""

_HEAD = struct.Struct("!IIBB")
_LENGTH = struct.Struct("!Q")
_PACKET_BYTES = 96 * 1024
"""Far below the smallest send buffer that Linux gives, so that a packet is written whole."""

RECEIVE_BYTES = _HEAD.size + _PACKET_BYTES
MAX_TASK_BYTES = 128 * 1024
"""What a kernel that was forked ahead is told at once of its run; more needs another fork."""

_MAX_DESCRIPTORS = 8
_MAX_REQUEST_BYTES = 256 * 1024**2
_numbers = itertools.count()


def kernel_pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a new connection between a kernel and its client."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def packets(frames: Sequence[Any], channel: int) -> Iterator[bytes]:
    """Cut a message into what is written at once."""
    parts = [bytes(memoryview(frame)) for frame in frames]
    body = b"".join(
        [_LENGTH.pack(len(parts)), *(_LENGTH.pack(len(part)) for part in parts), *parts]
    )
    number = next(_numbers) & 0xFFFFFFFF
    for start in range(0, len(body), _PACKET_BYTES):
        is_last = start + _PACKET_BYTES >= len(body)
        head = _HEAD.pack(os.getpid(), number, channel, is_last)
        yield head + body[start : start + _PACKET_BYTES]


class Assembler:
    """Puts packets together again."""

    def __init__(self) -> None:
        self._begun: dict[tuple[int, int], list[bytes]] = {}

    def feed(self, packet: bytes) -> tuple[int, list[bytes]] | None:
        """Take a packet; return channel and frames once their message is whole."""
        pid, number, channel, is_last = _HEAD.unpack_from(packet)
        body = packet[_HEAD.size :]
        if not is_last:
            self._begun.setdefault((pid, number), []).append(body)
            return None
        if begun := self._begun.pop((pid, number), None):
            body = b"".join([*begun, body])
        return channel, _frames(body)


def _frames(body: bytes) -> list[bytes]:
    (count,) = _LENGTH.unpack_from(body)
    place = _LENGTH.size * (1 + count)
    found = []
    for index in range(count):
        (length,) = _LENGTH.unpack_from(body, _LENGTH.size * (1 + index))
        found.append(body[place : place + length])
        place += length
    return found


def unpacked(told: Sequence[Any]) -> list[list[tuple[int, list[bytes]]]]:
    """Return what shared cells published, from how a warm process tells it."""
    return [
        [(channel, [b64decode(frame) for frame in frames]) for channel, frames in messages]
        for messages in told
    ]


def send_request(
    connection: socket.socket, request: dict[str, Any], descriptors: Sequence[int] = ()
) -> None:
    """Send a request or an answer to one, with open descriptors."""
    body = json.dumps(request).encode("utf-8", "surrogatepass")
    socket.send_fds(connection, [_LENGTH.pack(len(body))], descriptors)
    connection.sendall(body)


def receive_request(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Wait for a request or an answer; None when the other end is gone."""
    try:
        head, descriptors, _, _ = socket.recv_fds(
            connection, _LENGTH.size, _MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        head += _exactly(connection, _LENGTH.size - len(head)) if head else b""
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        body = _exactly(connection, min(length, _MAX_REQUEST_BYTES))
    except ConnectionError:
        return None
    if len(body) < length:
        return None
    request: dict[str, Any] = json.loads(body.decode("utf-8", "surrogatepass"))
    return request, descriptors


def _exactly(connection: socket.socket, length: int) -> bytes:
    """Return so many bytes, or fewer when the other end is gone."""
    found = bytearray()
    while len(found) < length:
        piece = connection.recv(min(length - len(found), 1 << 20))
        if not piece:
            break
        found += piece
    return bytes(found)
