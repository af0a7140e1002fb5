"""What a cluster's scheduler says about itself, over its HTTP JSON and never the Dask protocol.

The scheduler runs as its person, so what it answers is foreign data: the answer is limited in
bytes and time, redirects are not followed, and only numbers and short names are taken from it.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

MAX_BYTES = 256 * 1024
TIMEOUT_S = 2.0
MAX_WORKERS = 64
_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_NAME = re.compile(r"[\w.:/\[\]-]{1,120}")
_OF_WORKER = ("threads", "memory_bytes", "limit_bytes", "cpu_percent", "processing")
_COUNTS = ("workers", "cores", "tasks", "processing", "waiting", "memory", "erred", "bytes")


async def ask(dashboard_url: str, key: str) -> dict[str, Any] | None:
    """Return counts and workers of a scheduler; None when it does not answer properly.

    ``key`` opens its JSON interface (:func:`madang.domain.cluster.scheduler_key`).
    """
    if urlsplit(dashboard_url).hostname not in _HOSTS:
        return None
    base = dashboard_url.rstrip("/")
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(
                timeout=TIMEOUT_S, trust_env=False, headers={"X-Madang-Key": key}
            ) as http,
        ):
            counts = await _json(http, f"{base}/json/counts.json")
            workers = await _workers(http, f"{base}/api/v1/")
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        return None
    return read(counts, workers)


async def _workers(http: httpx.AsyncClient, api: str) -> Any:
    """Return the workers with their memory; a scheduler of an earlier version knows names only."""
    try:
        return await _json(http, f"{api}workers")
    except httpx.HTTPStatusError as error:
        if error.response.status_code != 404:
            raise
        return await _json(http, f"{api}get_workers")


async def _json(http: httpx.AsyncClient, url: str) -> Any:
    data = b""
    async with http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        async for part in answer.aiter_raw():
            data += part
            if len(data) > MAX_BYTES:
                raise ValueError("the scheduler's answer is too large")
    return json.loads(data)


def read(counts: Any, workers: Any) -> dict[str, Any] | None:
    """Return what may be believed of two answers; None when they are of another shape."""
    if not isinstance(counts, Mapping) or not isinstance(workers, Mapping):
        return None
    rows = workers.get("workers")
    rows = rows if isinstance(rows, list) else []
    named = [_worker(row) for row in rows[:MAX_WORKERS] if isinstance(row, Mapping)]
    return {key: _count(counts.get(key)) for key in _COUNTS} | {
        "named": sorted((row for row in named if row), key=lambda row: row["name"])
    }


def _worker(row: Mapping[str, Any]) -> dict[str, Any] | None:
    name, address = str(row.get("name"))[:120], str(row.get("address"))[:120]
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(address):
        return None
    known = {key: _count(row.get(key)) for key in _OF_WORKER}
    return {"name": name, "address": address, **known}


def _count(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < 2**53 else 0
