"""The event stream: changes, heartbeats, and its ends."""

import asyncio
from typing import Any

import pytest

from madang.api.events import MAX_STREAMS, open_stream, stream
from madang.api.waiting import unless_gone
from madang.domain.project import Person
from madang.errors import RefusedError
from madang.services.requests import Actor

ACTOR = Actor(person=Person(id="person-ada", hub_name="ada"))


class FakeRequest:
    """A request whose client leaves when told to."""

    def __init__(self, token: str = "ada-token") -> None:
        self.left = asyncio.Event()
        self.headers = {"authorization": f"token {token}"}
        self.cookies: dict[str, str] = {}
        self.state = type("State", (), {})()

    async def receive(self) -> dict[str, str]:
        await self.left.wait()
        return {"type": "http.disconnect"}


async def follow(lines: Any) -> bytes:
    async with asyncio.timeout(2):
        found: bytes = await anext(lines)
        return found


async def test_changes_come_as_topics(bench: Any) -> None:
    request: Any = FakeRequest()
    lines = stream(bench.app.state.house, request, ACTOR)
    assert (await follow(lines)).startswith(b"retry:")
    coming = asyncio.ensure_future(follow(lines))
    async with asyncio.timeout(2):
        await bench.services.events.has_listener.wait()
    for queue in bench.services.events.listeners:
        queue.put_nowait({"runs", "leases"})
    assert await coming == b'event: change\ndata: {"topics": ["leases", "runs"]}\n\n'
    request.left.set()
    assert [line async for line in lines] == []
    assert bench.services.events.listeners == set()
    assert bench.app.state.house.streams == {}


async def test_a_quiet_stream_beats_until_the_person_logs_out(bench: Any) -> None:
    request: Any = FakeRequest()
    lines = stream(bench.app.state.house, request, ACTOR, heartbeat_s=0.001)
    await follow(lines)
    assert await follow(lines) == b": still here\n\n"
    bench.hub.is_down, bench.now_s = True, bench.now_s + 61
    assert await follow(lines) == b": still here\n\n"
    bench.hub.is_down = False
    del bench.hub.models["ada-token"]
    assert [line async for line in lines] == []


async def test_the_closing_service_ends_streams(bench: Any) -> None:
    request: Any = FakeRequest()
    lines = stream(bench.app.state.house, request, ACTOR)
    await follow(lines)
    bench.app.state.house.closing.set()
    assert [line async for line in lines] == []


async def test_streams_of_one_person_are_bounded(bench: Any) -> None:
    request: Any = FakeRequest()
    bench.app.state.house.streams[ACTOR.person.id] = MAX_STREAMS
    with pytest.raises(RefusedError):
        open_stream(bench.app.state.house, request, ACTOR)


async def test_a_wait_ends_with_its_client(bench: Any) -> None:
    request: Any = FakeRequest()
    has_ended = asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()
        return "never"

    waiting = asyncio.ensure_future(unless_gone(bench.app.state.house, request, work()))
    await asyncio.sleep(0)
    request.left.set()
    async with asyncio.timeout(2):
        assert await waiting is None
    assert has_ended.is_set()
