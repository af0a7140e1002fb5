"""A scheduler's answer is foreign data: what is strange is not believed, what is large not read."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from madang.services.cluster_facts import MAX_BYTES, MAX_WORKERS, ask, read


class Scheduler(http.server.BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, bytes]]] = {}

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path, (404, b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", body.decode())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # What is asked here is what is believed; how soon depends on who else uses the machine.
    monkeypatch.setattr("madang.services.cluster_facts.TIMEOUT_S", 30.0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scheduler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


COUNTS = {"workers": 2, "cores": 4, "tasks": 7, "memory": 3, "bytes": 99}
WORKERS = {"num_workers": 1, "workers": [{"name": "worker-0", "address": "tls://127.0.0.1:5"}]}


def says(counts: bytes, workers: bytes = json.dumps(WORKERS).encode(), status: int = 200) -> None:
    Scheduler.answers = {
        "/json/counts.json": (status, counts),
        "/api/v1/get_workers": (200, workers),
    }


async def test_counts_and_workers(scheduler: str) -> None:
    says(json.dumps(COUNTS).encode())
    facts = await ask(scheduler, "k")
    assert facts is not None
    assert (facts["workers"], facts["cores"], facts["erred"]) == (2, 4, 0)
    # Of a scheduler that was started by an earlier version: names, and no memory.
    assert [(row["name"], row["memory_bytes"]) for row in facts["named"]] == [("worker-0", 0)]


async def test_memory_of_each_worker(scheduler: str) -> None:
    says(json.dumps(COUNTS).encode())
    row = WORKERS["workers"][0] | {"memory_bytes": 5, "limit_bytes": "many", "cpu_percent": -3}
    Scheduler.answers["/api/v1/workers"] = (200, json.dumps({"workers": [row]}).encode())
    facts = await ask(scheduler, "k")
    assert facts is not None
    (worker,) = facts["named"]
    assert (worker["memory_bytes"], worker["limit_bytes"], worker["cpu_percent"]) == (5, 0, 0)


@pytest.mark.parametrize(
    "counts",
    [b"no json", b"[]", b'"x"', b"[" * 100_000, b"{" + b" " * (MAX_BYTES + 1) + b"}"],
)
async def test_what_is_no_answer(scheduler: str, counts: bytes) -> None:
    says(counts)
    assert await ask(scheduler, "k") is None


async def test_a_redirect_is_not_followed(scheduler: str) -> None:
    says(f"{scheduler}other".encode(), status=302)
    assert await ask(scheduler, "k") is None


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://example.org/", "file:///etc/passwd", ""]
)
async def test_only_this_machine_is_asked(url: str) -> None:
    assert await ask(url, "k") is None


async def test_nobody_listens() -> None:
    assert await ask("http://127.0.0.1:9/", "k") is None


def test_strange_values_are_left_out() -> None:
    rows = [{"name": "<b>", "address": "x"}, {"name": "w", "address": "tls://h:1"}, 7]
    rows += [{"name": f"w{n}", "address": "a"} for n in range(500)]
    facts = read({"workers": -1, "cores": True, "tasks": 1e300, "bytes": "9"}, {"workers": rows})
    assert facts is not None
    assert (facts["workers"], facts["cores"], facts["tasks"], facts["bytes"]) == (0, 0, 0, 0)
    assert len(facts["named"]) <= MAX_WORKERS
    assert all("<" not in row["name"] for row in facts["named"])
