"""Asks a cluster's scheduler over its JSON interface: how many workers, and let some go.

The scheduler runs the tenant's code, so that nothing it says is trusted: few bytes, little time,
no redirect, no proxy, never Dask's own protocol (which unpickles), and no failure but "no answer".
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx

MAX_BYTES = 256 * 1024
ASK_LIMIT_S = 2.0
RETIRE_LIMIT_S = 20.0
"""Moving the data of a worker takes as long as there is data; after that it is computed again."""

MAX_WORKERS = 1_000_000
KEY_HEADER = "X-Madang-Key"
KEY_ENV = "MADANG_SCHEDULER_KEY"
"""As :mod:`madang.client.scheduler_routes` reads them in the scheduler's process."""

_PLAIN = {"Accept-Encoding": "identity"}
"""Few compressed bytes may become many."""


async def wanted_workers(url: str, key: str) -> int | None:
    """Return the number of workers that the scheduler at ``url`` could use now."""
    data = await _ask("GET", f"{url}api/v1/adaptive_target", key, None, ASK_LIMIT_S)
    wanted = data.get("workers") if isinstance(data, dict) else None
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        return None
    return wanted if 0 <= wanted <= MAX_WORKERS else None


async def answers(url: str, key: str) -> bool:
    """Tell whether the scheduler of this key answers at ``url``."""
    known = await _ask("GET", f"{url}api/v1/get_workers", key, None, ASK_LIMIT_S)
    return isinstance(known, dict) and isinstance(known.get("workers"), list)


async def retire(
    url: str, key: str, names: Sequence[str], known_name: Callable[[str], str] = str
) -> bool:
    """Let the scheduler move the data of the named workers elsewhere, and forget the workers.

    Parameters
    ----------
    known_name
        Turns a worker's name, as the scheduler says it, into one of ``names``.
    """
    known = await _ask("GET", f"{url}api/v1/get_workers", key, None, ASK_LIMIT_S)
    workers = known.get("workers") if isinstance(known, dict) else None
    if not isinstance(workers, list):
        return False
    wanted = set(names)
    addresses = [
        worker["address"]
        for worker in workers
        if isinstance(worker, dict)
        and known_name(str(worker.get("name"))) in wanted
        and isinstance(worker.get("address"), str)
    ]
    if not addresses:
        return True
    body = {"workers": addresses}
    done = await _ask("POST", f"{url}api/v1/retire_workers", key, body, RETIRE_LIMIT_S)
    return isinstance(done, dict) and set(addresses) <= set(done)


async def _ask(method: str, url: str, key: str, body: Any, limit_s: float) -> Any:
    """Return the JSON that was answered, None for any other answer or none."""
    try:
        async with (
            asyncio.timeout(limit_s),
            httpx.AsyncClient(trust_env=False, timeout=limit_s) as http,
            http.stream(method, url, json=body, headers={**_PLAIN, KEY_HEADER: key}) as answer,
        ):
            if answer.status_code != 200:
                return None
            found = b""
            async for piece in answer.aiter_raw():
                found += piece
                if len(found) > MAX_BYTES:
                    return None
        return json.loads(found)
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        return None
