"""Runs the steps of the demo one after the other, a line with its time for each."""

import sys
import time
import traceback
from collections.abc import Awaitable, Callable


class CheckError(Exception):
    """Something that the demo says did not hold."""


def check(is_true: bool, said: str) -> None:
    """Raise :class:`CheckError` with what was said unless it holds."""
    if not is_true:
        raise CheckError(said)


class Steps:
    """Counts and prints; after a failed step the rest is skipped, except what cleans up."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    async def run(
        self, title: str, work: Callable[[], Awaitable[str]], *, always: bool = False
    ) -> None:
        """Run one step; ``work`` returns what was seen, to stand in its line."""
        if self.failed and not always:
            self.skipped += 1
            return
        begin = time.monotonic()
        try:
            seen = await work()
        except Exception as error:
            # A loop edge: the demo must still stop what it started.
            self.failed += 1
            self._line("FAILED", title, begin, f"{type(error).__name__}: {error}")
            traceback.print_exc(file=sys.stderr)
            return
        self.passed += 1
        self._line("ok", title, begin, seen)

    def _line(self, mark: str, title: str, begin: float, seen: str) -> None:
        number = self.passed + self.failed
        took = time.monotonic() - begin
        print(f"{number:2d}  {mark:6} {took:6.2f} s  {title}: {seen}", flush=True)

    def summary(self) -> str:
        """Return the last line."""
        total = self.passed + self.failed + self.skipped
        left = f", {self.skipped} skipped" if self.skipped else ""
        return f"demo: {total} steps, {self.passed} ok, {self.failed} failed{left}"
