"""The end of a process, noted where it needs no room: in the keeper's own lock file.

The keeper keeps a few bytes there from its start, so it can say the end on a full disk and in a
folder that turned read-only, while ``record.json`` cannot be written anew. Readers of a record ask
here when it tells of no end. Standard library only.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOM_BYTES = 160
_KEYS = ("ended_ms", "exit_code", "ended_by")


def keep_room(lock: int) -> None:
    """Take the bytes of the last word now, while there is room; OSError when there is none."""
    os.pwrite(lock, b" " * ROOM_BYTES, 0)


def say(lock: int, data: Mapping[str, Any]) -> None:
    """Note the end, the exit code and what brought it about, in place."""
    text = json.dumps({key: data.get(key) for key in _KEYS}).encode()
    os.pwrite(lock, text.ljust(ROOM_BYTES), 0)


def heard(lock: Path) -> dict[str, Any]:
    """Return what a keeper noted, as keys of its record; empty while it has not."""
    try:
        with lock.open("rb") as file:
            data = json.loads(file.read(ROOM_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict) or not isinstance(data.get("ended_ms"), int):
        return {}
    return {key: data[key] for key in _KEYS if data.get(key) is not None}
