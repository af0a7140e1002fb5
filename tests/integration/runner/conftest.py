"""A small real service of the slot routes, and notebooks made of cells."""

import base64
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "platform"
PREFIX = "/services/madang/api/v1/"


def notebook(*cells, metadata=None):
    """Return the bytes of a notebook; a cell is its source, or (source, tag)."""
    made = []
    for number, cell in enumerate(cells):
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        made.append(
            {
                "cell_type": "code",
                "id": f"cell{number}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
        )
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": made}
    ).encode()


def python_env(tmp_path, **more):
    """Return an environment in which a child finds our source and writes nothing outside."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **keep,
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(SOURCE),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "TMPDIR": str(tmp_path),
        **more,
    }


class FakeService:
    """The routes that a slot uses, with one queue of runs in memory; may be down for a while."""

    def __init__(self):
        self.tasks = []
        self.reports = []
        self.outputs = {}
        self.ends = {}
        self.tokens = {"slot-token": ""}
        self.stop_runs = set()
        self.is_over = False
        self.is_down = False
        self.refused_while_down = 0
        self.changed = threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/services/madang"

    def add(self, run_id, data, parameters=None, files=None, limit_ms=60_000):
        self.tokens[f"token-{run_id}"] = run_id
        self.tasks.append(
            {
                "run": {
                    "id": run_id,
                    "attempt": 1,
                    "project": "lab",
                    "parameters": parameters or {},
                },
                "notebook": data.decode(),
                "files": {k: base64.b64encode(v).decode() for k, v in (files or {}).items()},
                "token": f"token-{run_id}",
                "limit_ms": limit_ms,
            }
        )

    def wait_for(self, condition, timeout_s=30):
        with self.changed:
            assert self.changed.wait_for(condition, timeout_s), (self.reports, self.ends)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, token, body):
        """Return (status, JSON or None)."""
        with self.changed:
            self.changed.notify_all()
            if self.is_down:
                self.refused_while_down += 1
                return 503, None
            if token not in self.tokens:
                return 401, problem("unknown_token", 401)
            if path == "slots/next":
                assert token == "slot-token"
                if body:  # how the run before has ended
                    end = json.loads(body)
                    self.end(end.pop("run"), end)
                if self.tasks:
                    return 200, self.tasks.pop(0)
                if self.is_over:
                    return 410, problem("slot_over", 410)
                self.changed.wait(0.2)
                return 204, None
            _, run_id, what = path.split("/")
            if self.tokens[token] != run_id or run_id in self.ends:
                return 404, problem("run_unknown", 404)
            if what == "progress":
                self.reports.append(json.loads(body))
                return 200, {"stop": run_id in self.stop_runs}
            if what == "output":
                self.outputs[run_id] = json.loads(body)
                return 200, {}
            self.end(run_id, json.loads(body))
            return 200, {}

    def end(self, run_id, end):
        self.reports.append(end.pop("progress"))
        if output := end.pop("output", ""):
            self.outputs[run_id] = json.loads(output)
        self.ends[run_id] = end


def handler_of(service):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers["Authorization"].removeprefix("token ")
            path = self.path.removeprefix(PREFIX).partition("?")[0]
            status, answer = service.answer(self.command, path, token, body)
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self):
            self._handle()

        def do_PUT(self):
            self._handle()

        def log_message(self, *_):
            pass

    return Handler


def problem(code, status):
    return {"code": code, "message": code, "hint": "", "details": {}, "status": status}


@pytest.fixture
def service():
    fake = FakeService()
    yield fake
    fake.close()


@pytest.fixture
def python():
    return [sys.executable, "-P", "-m"]
