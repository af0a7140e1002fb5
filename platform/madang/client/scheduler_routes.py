"""The scheduler's JSON interface behind a key; Dask loads this module in the scheduler's process.

Dask's own routes let anybody who reaches the port retire the workers, and on a shared machine every
user reaches loopback. The service and the cluster's owner know the key, nobody else.
"""

import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from distributed.http.scheduler import api
from distributed.http.utils import RequestHandler

KEY_HEADER = "X-Madang-Key"
KEY_ENV = "MADANG_SCHEDULER_KEY"


def is_known(headers: Mapping[str, str]) -> bool:
    """Tell whether a request brings the key."""
    wanted, given = os.environ.get(KEY_ENV, ""), headers.get(KEY_HEADER, "")
    return bool(wanted) and hmac.compare_digest(wanted.encode(), given.encode())


class WorkersHandler(RequestHandler):  # type: ignore[misc] # Dask ships no types.
    """What each worker holds; Dask's own ``get_workers`` has names and addresses only."""

    def get(self) -> None:
        """Answer with numbers and names."""
        self.set_header("Content-Type", "application/json")
        workers = [_worker(state) for state in self.server.workers.values()]
        self.write(json.dumps({"workers": workers}))


def _worker(state: Any) -> dict[str, Any]:
    metrics = state.metrics or {}
    return {
        "name": str(state.name),
        "address": state.address,
        "threads": state.nthreads,
        "memory_bytes": int(metrics.get("memory") or 0),
        "limit_bytes": int(state.memory_limit or 0),
        "cpu_percent": round(metrics.get("cpu") or 0),
        "processing": len(state.processing),
    }


def _guarded(handler: type[Any]) -> type[Any]:
    class Guarded(handler):  # type: ignore[misc]
        """A handler that answers only who brings the key."""

        def prepare(self) -> None:
            """Refuse before anything is read."""
            if not is_known(self.request.headers):
                self.set_status(403)
                self.finish()

    return Guarded


routes: list[tuple[Any, ...]] = [
    (path, _guarded(handler), options)
    for path, handler, options in [*api.routes, ("api/v1/workers", WorkersHandler, {})]
]
