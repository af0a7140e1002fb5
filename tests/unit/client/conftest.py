"""A real HTTP service in this process that answers what a test scripts."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

PREFIX = "/services/madang/api/v1/"


class Html(bytes):
    """What another program than the service answers."""


class Service:
    """Answers by (method, path); an answer is (status, JSON or bytes) or a function of the call.

    A list of answers is used up one by one, its last one stays.
    """

    def __init__(self):
        self.answers = {}
        self.calls = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def public_url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"

    def on(self, method, path, *answers):
        self.answers[method, path] = list(answers)

    def answer(self, call):
        self.calls.append(call)
        answers = self.answers.get((call["method"], call["path"]))
        if answers is None:
            return 404, problem("not_there", 404)
        chosen = answers.pop(0) if len(answers) > 1 else answers[0]
        return chosen(call) if callable(chosen) else chosen

    def called(self, method, path):
        return [c for c in self.calls if (c["method"], c["path"]) == (method, path)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def problem(code, status, **details):
    return {
        "code": code,
        "message": f"{code} said",
        "hint": "do this",
        "details": details,
        "status": status,
    }


def handler_of(service):
    class Handler(BaseHTTPRequestHandler):
        def _handle(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            assert parts.path.startswith(PREFIX), self.path
            status, answer = service.answer(
                {
                    "method": self.command,
                    "path": parts.path.removeprefix(PREFIX),
                    "query": {k: v[0] for k, v in parse_qs(parts.query).items()},
                    "headers": dict(self.headers),
                    "body": json.loads(body) if body else None,
                }
            )
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if isinstance(answer, Html):
                self.send_header("Content-Type", "text/html; charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self._handle()

        def do_POST(self):
            self._handle()

        def do_PATCH(self):
            self._handle()

        def do_PUT(self):
            self._handle()

        def do_DELETE(self):
            self._handle()

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def bare_env(monkeypatch, tmp_path):
    """Nothing set, an empty data folder, English."""
    for name in ("MADANG_URL", "MADANG_TOKEN", "JUPYTERHUB_API_TOKEN", "MADANG_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MADANG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MADANG_LANG", "en")
    monkeypatch.setattr("madang.client.http._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("madang.client.http._MIN_POLL_S", 0.01)
    return monkeypatch


@pytest.fixture
def service(bare_env):
    made = Service()
    bare_env.setenv("MADANG_URL", f"{made.public_url}services/madang")
    bare_env.setenv("MADANG_TOKEN", "secret")
    yield made
    made.close()


@pytest.fixture
def client(service):
    from madang.client.http import MadangClient

    with MadangClient() as made:
        yield made
