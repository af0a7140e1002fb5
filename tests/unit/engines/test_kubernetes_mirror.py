"""What a copy of objects tells after faults of the watch: each change, at least once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.objects import GoneError


def made(name: str, version: int, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": str(version)}, **more}


class Faulty:
    """An API server whose watch says that it has forgotten, once it is told to."""

    def __init__(self) -> None:
        self.lists: list[tuple[int, list[dict[str, Any]]]] = []
        self.forgets = asyncio.Event()

    async def get(self, _path: str, **_query: Any) -> dict[str, Any]:
        version, items = self.lists.pop(0)
        return {"metadata": {"resourceVersion": str(version)}, "items": items}

    async def watch(self, *_given: Any, **_query: Any) -> AsyncIterator[dict[str, Any]]:
        await self.forgets.wait()
        self.forgets.clear()
        raise GoneError("kubernetes_gone")
        yield {}


async def test_what_a_write_showed_first_is_told_by_the_next_list() -> None:
    api, heard = Faulty(), []
    told = asyncio.Event()

    def hear(name: str, found: Any) -> None:
        heard.append((name, found and found.get("status")))
        told.set()

    mirror = Mirror(api, "/leases", hear)  # type: ignore[arg-type]
    api.lists = [(5, [made("a", 5, status="waits")]), (8, [made("a", 7, status="admitted")])]
    mirror.start()
    await asyncio.wait_for(mirror.wait(), 10)
    # Somebody admitted it, then a write of ours was answered, then the watch broke off.
    mirror.note(made("a", 7, status="admitted"))
    assert heard == [("a", "waits")]
    told.clear()
    api.forgets.set()
    await asyncio.wait_for(told.wait(), 10)
    assert heard == [("a", "waits"), ("a", "admitted")]
    await mirror.stop()


async def test_what_was_told_is_not_told_again_by_a_list() -> None:
    api, heard = Faulty(), []
    again = asyncio.Event()

    def hear(name: str, _found: Any) -> None:
        heard.append(name)
        if name == "b":
            again.set()

    mirror = Mirror(api, "/leases", hear)  # type: ignore[arg-type]
    api.lists = [(5, [made("a", 5)]), (8, [made("a", 5), made("b", 8)])]
    mirror.start()
    await asyncio.wait_for(mirror.wait(), 10)
    api.forgets.set()
    await asyncio.wait_for(again.wait(), 10)
    assert heard == ["a", "b"]
    await mirror.stop()
