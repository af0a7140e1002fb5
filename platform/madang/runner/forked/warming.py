"""Gets warm processes ready for the lanes of a slot: who wants the same one waits for the same.

Shared cells run once for all of them, and are given up only when nobody waits for them any more.
"""

import threading
from typing import Any

from madang.runner.forked.abandoning import Abandon
from madang.runner.forked.parents import Parents, Wanted
from madang.runner.forked.refused import ForkRefusedError


class Growth:
    """A warm process that is getting ready in a thread of its own."""

    def __init__(self, parents: Parents, wanted: Wanted) -> None:
        self._parents = parents
        self._wanted = wanted
        self.abandon = Abandon()
        self.refused: ForkRefusedError | None = None
        self.waiting = 0
        self._thread = threading.Thread(target=self._grow, daemon=True)
        self._thread.start()

    def wait(self, limit_s: float) -> bool:
        """Return whether it is ready or refused, after waiting for that."""
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def _grow(self) -> None:
        try:
            self._parents.parent(self._wanted, self.abandon)
        except ForkRefusedError as refused:
            self.refused = refused


class Warming:
    """All that is getting ready in one slot."""

    def __init__(self, parents: Parents) -> None:
        self._parents = parents
        self._lock = threading.Lock()
        self._going: dict[tuple[Any, ...], Growth] = {}

    def join(self, wanted: Wanted) -> Growth:
        """Wait with others for the same, or be the first; whoever joins must leave."""
        with self._lock:
            growth = self._going.get(wanted.key)
            if growth is None:
                growth = self._going[wanted.key] = Growth(self._parents, wanted)
            growth.waiting += 1
            return growth

    def leave(self, wanted: Wanted, growth: Growth) -> None:
        """Wait no more; when nobody does, what is not ready is given up."""
        with self._lock:
            growth.waiting -= 1
            if not growth.waiting:
                del self._going[wanted.key]
                growth.abandon()
