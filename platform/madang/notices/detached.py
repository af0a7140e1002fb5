"""Blocking work in a thread that nobody waits for longer than they want to.

Pools are shared and joined at exit, so that one hanging name server or mail server would hold up
forecasts and the stop of the service. A thread of its own only costs itself.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def detached(work: Callable[[], T], *errors: type[Exception]) -> T:
    """Run ``work`` in a thread of its own and return its result.

    When the caller is cancelled the thread goes on alone, and its result is dropped.

    Parameters
    ----------
    errors
        What ``work`` may raise; it is raised here.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def done(result: T | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except errors as raised:
            error = raised
        # The loop is closed when the service ended meanwhile: nobody asks any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(done, result, error)

    threading.Thread(target=run, name="notices", daemon=True).start()
    return await future
