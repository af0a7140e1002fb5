"""A replica that stands by: its own health in words, everything else handed on byte by byte."""

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager

import pytest

from madang.api.protocol import MAX_HEAD_BYTES
from madang.api.relay import HttpRelay, start
from madang.domain.leadership import Leader
from madang.errors import UnavailableError

LEADER = Leader(term=7, replica="pod-a", address="10.0.0.1:8090", left_ms=9_000)
HEALTH = b"GET /services/madang/healthz HTTP/1.1\r\nHost: x\r\n"
PAGE = b"POST /services/madang/api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


class Side:
    """The leader, as the relay finds it, and what it heard."""

    def __init__(self):
        self.heard = b""
        self.is_there = True
        self.port = 0

    async def answer(self, reader, writer):
        while data := await reader.read(1000):
            self.heard += data
            if self.heard.endswith(b"body"):
                writer.write(b"first ")
                await writer.drain()
            if self.heard.endswith(b"more"):
                writer.write(b"last")
                break
        writer.close()

    def leader(self):
        if not self.is_there:
            raise UnavailableError("nobody_leads")
        return LEADER

    def where(self):
        self.leader()
        return "127.0.0.1", self.port


@pytest.fixture
async def side():
    made = Side()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@asynccontextmanager
async def connected(side):
    relay = HttpRelay(side.leader, side.where)
    server = await start(relay, host="127.0.0.1", port=0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()
        await relay.close()


async def said(side, head):
    async with connected(side) as (reader, writer):
        writer.write(head)
        async with asyncio.timeout(5):
            answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), json.loads(body)


async def test_it_says_in_words_that_it_stands_by_and_who_leads(side):
    status, told = await said(side, HEALTH + b"\r\n")
    assert status == "HTTP/1.1 200 OK"
    assert (told["ok"], told["stands_by"], told["replica"], told["term"]) == (
        True,
        True,
        "pod-a",
        7,
    )
    _, korean = await said(side, HEALTH + b"Accept-Language: ko\r\n\r\n")
    assert "대기" in korean["message"]
    assert "pod-a" in korean["message"]
    assert side.heard == b""


async def test_while_nobody_leads_it_is_not_ready(side):
    side.is_there = False
    for head in (HEALTH + b"\r\n", PAGE):
        status, told = await said(side, head)
        assert status == "HTTP/1.1 503 Service Unavailable"
        assert told["code"] == "nobody_leads"


async def test_a_leader_that_does_not_listen_is_said(side):
    side.port = 1
    status, told = await said(side, PAGE)
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert told["code"] == "leader_silent"
    assert told["details"]["address"] == "127.0.0.1:1"


async def test_everything_else_is_handed_on_both_ways_as_it_comes(side):
    async with connected(side) as (reader, writer), asyncio.timeout(5):
        writer.write(PAGE + b"body")
        assert await reader.readexactly(6) == b"first "
        writer.write(b"more")
        assert await reader.read() == b"last"
    assert side.heard == PAGE + b"bodymore"


async def test_who_leaves_is_missed_on_the_other_side(side):
    async with connected(side) as (reader, writer), asyncio.timeout(5):
        writer.write(PAGE + b"body")
        await reader.readexactly(6)
        writer.write_eof()
        assert await reader.read() == b""


async def test_a_head_without_an_end_is_cut_off(side):
    async with connected(side) as (reader, writer), asyncio.timeout(5):
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD_BYTES + 100_000))
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    assert side.heard == b""
