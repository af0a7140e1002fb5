"""What a scheduler answers is a tenant's word: nothing of it may harm the service."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from madang.engines import scheduler_api
from madang.engines.kubernetes.cluster_pods import known_name


class Scheduler:
    """An HTTP server that answers what a test says."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.bodies: list[Any] = []
        self.hang = Event()
        self.is_hanging = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if outer.is_hanging:
                    outer.hang.wait(10)
                length = int(self.headers.get("Content-Length") or 0)
                if length:
                    outer.bodies.append(json.loads(self.rfile.read(length)))
                status, data = outer.answers.get(self.path, (404, b""))
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:
                    return

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.hang.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler()
    yield made
    made.close()


async def test_a_wish_is_taken(scheduler: Scheduler) -> None:
    scheduler.answers["/api/v1/adaptive_target"] = (200, b'{"workers": 5}')
    assert await scheduler_api.wanted_workers(scheduler.url, "k") == 5


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (200, b'{"workers": -1}'),
        (200, b'{"workers": true}'),
        (200, b'{"workers": 1e30}'),
        (200, b'{"workers": 99999999999}'),
        (200, b'{"workers": "3"}'),
        (200, b"[3]"),
        (200, b"not json"),
        (200, b"[" * 200_000),
        (200, b" " * (scheduler_api.MAX_BYTES + 1) + b'{"workers": 1}'),
        (200, b"\xff\xfe"),
        (500, b'{"workers": 1}'),
        (302, b'{"workers": 1}'),
    ],
)
async def test_a_wish_that_cannot_be_is_none(
    scheduler: Scheduler, status: int, data: bytes
) -> None:
    scheduler.answers["/api/v1/adaptive_target"] = (status, data)
    scheduler.answers["/elsewhere"] = (200, b'{"workers": 1}')
    assert await scheduler_api.wanted_workers(scheduler.url, "k") is None


async def test_nobody_there_and_nobody_answering(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_api, "ASK_LIMIT_S", 0.2)
    scheduler.is_hanging = True
    begin = time.monotonic()
    assert await scheduler_api.wanted_workers(scheduler.url, "k") is None
    assert not await scheduler_api.retire(scheduler.url, "k", ["a"])
    assert time.monotonic() - begin < 3
    assert await scheduler_api.wanted_workers("http://127.0.0.1:9/", "k") is None


async def test_workers_are_retired_by_their_names(scheduler: Scheduler) -> None:
    workers = [{"name": n, "address": f"tls://{n}"} for n in "abc"] + [{"name": 1}, "odd"]
    scheduler.answers["/api/v1/get_workers"] = (200, json.dumps({"workers": workers}).encode())
    scheduler.answers["/api/v1/retire_workers"] = (200, b'{"tls://a": {}, "tls://c": {}}')
    assert await scheduler_api.retire(scheduler.url, "k", ["a", "c", "gone"])
    assert scheduler.bodies == [{"workers": ["tls://a", "tls://c"]}]
    assert await scheduler_api.retire(scheduler.url, "k", ["gone"])
    assert len(scheduler.bodies) == 1
    # One of them holds data that found no other place.
    assert not await scheduler_api.retire(scheduler.url, "k", ["a", "b"])


async def test_workers_are_known_by_the_names_that_the_service_gave_them(
    scheduler: Scheduler,
) -> None:
    workers = [{"name": f"worker-8-{n}", "address": f"tls://{n}"} for n in range(3)]
    scheduler.answers["/api/v1/get_workers"] = (200, json.dumps({"workers": workers}).encode())
    scheduler.answers["/api/v1/retire_workers"] = (200, b'{"tls://1": {}}')
    assert await scheduler_api.retire(scheduler.url, "k", ["worker-9"], known_name)
    assert scheduler.bodies == [{"workers": ["tls://1"]}]


async def test_who_answers_is_a_scheduler(scheduler: Scheduler) -> None:
    assert not await scheduler_api.answers(scheduler.url, "k")
    scheduler.answers["/api/v1/get_workers"] = (403, b"")
    assert not await scheduler_api.answers(scheduler.url, "k")
    scheduler.answers["/api/v1/get_workers"] = (200, b'{"workers": []}')
    assert await scheduler_api.answers(scheduler.url, "k")
