"""Carries the values of a run's secrets from the slot to the one process that executes it.

They lie in a nameless piece of memory whose descriptor is handed on: in no file, no argument and
no variable, and a warm process that passes the descriptor on never reads it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def handed_on(values: Mapping[str, str]) -> Iterator[list[int]]:
    """Give a descriptor of the values, as a list for whoever passes it on; none for no values."""
    if not values:
        yield []
        return
    held = os.memfd_create("madang-secrets")
    try:
        with os.fdopen(os.dup(held), "wb") as file:
            file.write(json.dumps(values).encode())
        yield [held]
    finally:
        os.close(held)


def taken(descriptor: int) -> dict[str, str]:
    """Return the values behind a descriptor, which is closed; none for a negative one."""
    if descriptor < 0:
        return {}
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        found: dict[str, str] = json.loads(file.read())
    return found
