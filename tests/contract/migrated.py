"""The rows of a new installation, migrated once in each process, copied, and opened in a hurry."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from madang.store import Store


def new_database(path: Path) -> str:
    """Write a migrated database without rows at a path, and return its address."""
    path.touch(mode=0o600)  # as the store makes it
    path.write_bytes(_image())
    return f"sqlite:///{path}"


def hurry(store: Store) -> Store:
    """Let a store in a file wait for no disk: what survives a power cut its own tests ask."""

    @event.listens_for(store._writing, "connect")
    def trust(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    return store


@cache
def _image() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.sqlite"
        store = Store(f"sqlite:///{path}")
        store.migrate()
        store.close()
        # Its log is in the file, or the copies would be empty.
        assert [found.name for found in Path(folder).iterdir()] == [path.name]
        return path.read_bytes()
