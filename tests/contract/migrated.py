"""The rows of a new installation, migrated once in each process and then copied."""

import tempfile
from functools import cache
from pathlib import Path

from madang.store import Store


def new_database(path: Path) -> str:
    """Write a migrated database without rows at a path, and return its address."""
    path.touch(mode=0o600)  # as the store makes it
    path.write_bytes(_image())
    return f"sqlite:///{path}"


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
