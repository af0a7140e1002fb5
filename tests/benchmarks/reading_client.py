"""A lean HTTP client for the benchmarks: keep-alive connections, one request at a time on each.

Imported by ``bench_reads.py``. The usual clients need more CPU than the servers that are measured,
on the same cores.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Read:
    """One read: what it is called in the table, where it goes, and as whom."""

    name: str
    path: str
    token: str


@dataclass(slots=True)
class Taken:
    """What one phase took: milliseconds of each answer by name, bytes, and all seconds."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """Answers in all."""
        return sum(map(len, self.ms.values()))

    def every(self) -> list[float]:
        """Return the milliseconds of all answers, the shortest first."""
        return sorted(value for values in self.ms.values() for value in values)


async def read_for(
    port: int, clients: Sequence[Callable[[int], Read]], seconds: float, taken: Taken
) -> None:
    """Let each client read without a pause; each is asked for its n-th read.

    Parameters
    ----------
    taken
        Gets what it took, while it goes on.

    Raises
    ------
    RuntimeError
        When an answer is anything but 200.
    """
    began = time.monotonic()
    until = began + seconds
    await asyncio.gather(*(_client(port, one, until, taken) for one in clients))
    taken.seconds = time.monotonic() - began


async def _client(port: int, wanted: Callable[[int], Read], until: float, taken: Taken) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    number = 0
    while (began := time.monotonic()) < until:
        one = wanted(number)
        number += 1
        writer.write(
            f"GET {one.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: token {one.token}\r\n\r\n".encode()
        )
        size = await _answer(reader, one)
        taken.ms.setdefault(one.name, []).append((time.monotonic() - began) * 1000)
        taken.bytes[one.name] = size
    writer.close()


async def _answer(reader: asyncio.StreamReader, one: Read) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{one.path}: {head.decode('latin-1')}")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            await reader.readexactly(int(value))
            return int(value)
    raise RuntimeError(f"{one.path}: no length in {head.decode('latin-1')}")
