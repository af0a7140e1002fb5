"""Two submits with one key make one thing, and a key used for something else is refused."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from madang.errors import ConflictError
from madang.store import Tx

Note = Callable[[Tx, str], None]
"""Writes down what was made, in the same transaction and only when it was made now."""


def fingerprint(*parts: Any) -> str:
    """Return a hash of what was asked, to tell a retry from another request."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    tx: Tx, person: str, key: str | None, print_: str, at_ms: int, make: Callable[[], str]
) -> tuple[str, bool]:
    """Return (id, whether it was made now), calling ``make`` only for a key not seen before.

    Raises
    ------
    ConflictError
        ``key_reused`` when the key was used for a different request.
    """
    if key is None:
        return make(), True
    seen = tx.keys.seen(person, key)
    if seen is not None:
        if seen[0] != print_:
            raise ConflictError("key_reused", given=key[:60])
        return seen[1], False
    made = make()
    tx.keys.remember(person, key, print_, made, at_ms)
    return made, True
