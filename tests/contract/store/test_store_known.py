"""A read knows within one moment who somebody is; a write always looks."""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from madang.domain.project import Project
from madang.store import Store, Tx


def counted(store: Store, work: Callable[[Tx], Any], how: str) -> int:
    """Return how many statements a piece of work sends."""
    sent = []

    def note(tx: Tx) -> None:
        def each(*given: Any) -> None:
            sent.append(given[2])

        event.listen(tx.connection, "before_cursor_execute", each)
        try:
            work(tx)
        finally:
            event.remove(tx.connection, "before_cursor_execute", each)

    getattr(store, how)(note)
    return len(sent)


def twice(tx: Tx) -> None:
    for _ in range(2):
        assert tx.projects.get("project-1") is not None
        assert tx.projects.role("project-1", "nobody") is None
        assert tx.people.get("nobody") is None


def test_a_read_asks_once_and_a_write_each_time(store: Store, project: Project) -> None:
    assert counted(store, twice, "read_now") == 3
    assert counted(store, twice, "write_now") == 6


def test_a_write_sees_what_it_has_changed(store: Store, project: Project) -> None:
    def work(tx: Tx) -> tuple[str, str]:
        before = tx.projects.get(project.id)
        tx.projects.change(project.id, title="Tides")
        after = tx.projects.get(project.id)
        assert before is not None
        assert after is not None
        return before.title, after.title

    assert store.write_now(work) == ("Waves", "Tides")


async def test_the_next_read_sees_what_was_written_since(store: Store, project: Project) -> None:
    def title(tx: Tx) -> str:
        found = tx.projects.get(project.id)
        assert found is not None
        return found.title

    assert await asyncio.gather(*(store.read(title) for _ in range(5))) == ["Waves"] * 5
    await store.write(lambda tx: tx.projects.change(project.id, title="Tides"))
    assert await asyncio.gather(*(store.read(title) for _ in range(5))) == ["Tides"] * 5
