"""The scheduler's JSON interface behind a key; Dask loads this module in the scheduler's process.

Dask's own routes let anybody who reaches the port retire the workers, and on a shared machine every
user reaches loopback. The service and the cluster's owner know the key, nobody else.
"""

import hmac
import os
from typing import Any

from distributed.http.scheduler import api

KEY_HEADER = "X-Madang-Key"
KEY_ENV = "MADANG_SCHEDULER_KEY"


def _guarded(handler: type[Any]) -> type[Any]:
    class Guarded(handler):  # type: ignore[misc]
        """A handler of Dask's that answers only who brings the key."""

        def prepare(self) -> None:
            """Refuse before anything is read."""
            wanted = os.environ.get(KEY_ENV, "")
            given = self.request.headers.get(KEY_HEADER, "")
            if not wanted or not hmac.compare_digest(wanted.encode(), given.encode()):
                self.set_status(403)
                self.finish()

    return Guarded


routes: list[tuple[Any, ...]] = [
    (path, _guarded(handler), options) for path, handler, options in api.routes
]
