"""An API server that misbehaves: a proxy before the real one, with faults by a seed.

It drops watches, ends them with 410, tells events twice and late, answers lists from an old state,
refuses with 429 and 500, and cuts connections before or after a write was carried out, so that
whoever wrote cannot know.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientResponse, web
from api_server import ApiServer
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_kube_config

_HOP = {"host", "content-length", "connection", "transfer-encoding"}


@dataclass
class ApiFaults:
    """How likely each fault is, from 0 to 1; of a watch for each event, else for each request."""

    drop_watch: float = 0.0
    gone: float = 0.0
    twice: float = 0.0
    late_s: float = 0.0
    old_list: float = 0.0
    busy: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0

    @classmethod
    def all(cls) -> "ApiFaults":
        """Return all of them, each now and then."""
        return cls(0.05, 0.03, 0.3, 0.05, 0.3, 0.1, 0.05, 0.1)


class FaultyApi:
    """A proxy on loopback; what passes is counted by method and kind of object."""

    def __init__(self, plane: ApiServer, faults: ApiFaults, seed: int) -> None:
        self._plane, self.faults, self._random = plane, faults, random.Random(seed)
        self._lists: dict[str, bytes] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.lists: dict[str, int] = {}
        self.injected: dict[str, int] = {}
        self._under_way = 0

    async def start(self) -> str:
        """Listen; return the address."""
        self._configuration = Configuration()
        self._configuration.connection_pool_maxsize = 0
        given: Any = self._configuration
        await load_kube_config(str(self._plane.kubeconfig), client_configuration=given)
        self._client = ApiClient(given)
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Listen no more."""
        await self._client.close()
        await self._runner.cleanup()

    def _happens(self, fault: str) -> bool:
        if self._random.random() >= getattr(self.faults, fault):
            return False
        self.injected[fault] = self.injected.get(fault, 0) + 1
        return True

    def _count(self, method: str, path: str) -> None:
        parts = path.strip("/").split("/")
        is_kind = parts[-1] in _KINDS
        kind = parts[-1] if is_kind else parts[-2] if len(parts) > 1 else parts[-1]
        self.counts[(method, kind)] = self.counts.get((method, kind), 0) + 1
        if method == "GET" and is_kind:
            self.lists[kind] = self.lists.get(kind, 0) + 1

    async def until_counted(self, limit_s: float = 30.0) -> None:
        """Wait until nothing is under way: a server shows a write before its answer is counted."""
        deadline = time.monotonic() + limit_s
        while self._under_way:
            assert time.monotonic() < deadline, f"{self._under_way} requests have no answer"
            await asyncio.sleep(0.01)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch"):
            return await self._watch(request)
        self._under_way += 1
        try:
            return await self._answer(request)
        finally:
            self._under_way -= 1

    async def _ask(
        self, request: web.Request, headers: dict[str, str], body: Any = None
    ) -> ClientResponse:
        """Ask the real one as its administrator, in whatever way that one logs in."""
        settings = await self._configuration.auth_settings()
        if token := settings.get("BearerToken"):
            headers[str(token["key"])] = str(token["value"])
        ask: Any = self._client.rest_client.request
        url = f"{self._plane.url}{request.rel_url}"
        answer: ClientResponse = (
            await ask(request.method, url, headers=headers, body=body)
        ).response
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self._happens("busy"):
            status = self._random.choice([429, 500, 503])
            return web.json_response({"message": "busy, says the fault"}, status=status)
        if self._happens("cut_before"):
            return _cut(request)
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
        try:
            answer = await self._ask(request, headers, json.loads(body) if body else None)
            data, status = await answer.read(), answer.status
        except ClientError:
            return _cut(request)
        if status < 300:
            self._count(request.method, request.path)
        is_list = request.method == "GET" and request.path.split("/")[-1] in _KINDS
        if is_list and status == 200:
            old = self._lists.get(request.path)
            self._lists.setdefault(request.path, data)
            if old is not None and self._happens("old_list"):
                data = old
        if request.method != "GET" and self._happens("cut_after"):
            return _cut(request)
        return web.Response(body=data, status=status, content_type="application/json")

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        told: list[bytes] = []
        try:
            async with await self._ask(request, {"Accept": "application/json"}) as answer:
                async for line in answer.content:
                    if self._happens("drop_watch"):
                        return _cut(request, response)
                    if self._happens("gone"):
                        status = {"kind": "Status", "code": 410, "message": "too old"}
                        event = {"type": "ERROR", "object": status}
                        await response.write(json.dumps(event).encode() + b"\n")
                        return response
                    await asyncio.sleep(self._random.random() * self.faults.late_s)
                    await response.write(line)
                    told.append(line)
                    if self._happens("twice"):
                        await response.write(self._random.choice(told[-5:]))
        except (ClientError, ConnectionError):
            return _cut(request, response)
        return response


_KINDS = {
    "nodes",
    "pods",
    "jobs",
    "services",
    "secrets",
    "workloads",
    "resourceflavors",
    "cohorts",
    "clusterqueues",
    "localqueues",
}


def _cut(request: web.Request, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return begun or web.Response(status=500)
