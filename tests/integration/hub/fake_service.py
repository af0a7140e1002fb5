"""A small service with the lease routes, over real HTTP: for tests of hub and stack.

In a test it runs in a thread and is steered through its methods; run as a program it serves on the
port given and admits every lease at once.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PREFIX = "/services/madang"
API = PREFIX + "/api/v1"


class FakeService:
    def __init__(self, port=0, token="service-token", admits=False):
        self.token = token
        self.admits = admits
        self.leases = {}
        self.requests = []
        self.deleted = []
        self.activities = []
        self.refusal = None
        self.changed = threading.Condition()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, data=None):
                body = b"" if data is None else json.dumps(data).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def handle_one(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"{}")
                address = urlsplit(self.path)
                query = {k: v[0] for k, v in parse_qs(address.query).items()}
                status, data = service.route(self.command, address.path, query, body, self.headers)
                self.answer(status, data)

            do_GET = do_POST = do_DELETE = handle_one  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A hub that was killed leaves broken connections."""

        self.server = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{PREFIX}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self.thread.start()
        return self

    def close(self):
        with self.changed:
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def route(self, method, path, query, body, headers):
        if path == PREFIX + "/healthz":
            return 200, {"status": "ok", "leases": len(self.leases)}
        person = headers.get("X-Madang-Person", "")
        if path.endswith("/activity"):
            self.activities.append(body)
            return 204, None
        if headers.get("Authorization") != f"token {self.token}":
            return 401, {"code": "unauthenticated", "message": "no", "hint": "", "details": {}}
        if path == API + "/profiles":
            return 200, self.profiles(person)
        if path == API + "/leases":
            return self.create(person, body) if method == "POST" else (200, self.listed())
        lease_id = path.removeprefix(API + "/leases/")
        if lease_id not in self.leases:
            return 404, {"code": "not_found", "message": "no such lease", "details": {}}
        if method == "DELETE":
            self.deleted.append(lease_id)
            self.update(lease_id, state="ended", reason="cancelled", ready=False)
        elif "wait_s" in query:
            self.wait(lease_id, query.get("seen"), float(query["wait_s"]))
        return 200, self.leases[lease_id]

    def create(self, person, body):
        with self.changed:
            self.requests.append((person, body))
            if self.refusal:
                return self.refusal
            for lease in self.leases.values():
                same = (lease["person"], lease["name"]) == (person, body["name"])
                if same and lease["state"] != "ended":
                    return 200, lease
            number = len(self.leases) + 1
            lease_id = f"lease-{number:026d}"
            self.leases[lease_id] = {
                "id": lease_id,
                "kind": "notebook",
                "name": body["name"],
                "person": person,
                "project": body.get("project", ""),
                "project_id": "project-01",
                "environment": {"name": body["environment"]} if "environment" in body else None,
                "profile": body.get("profile", ""),
                "state": "queued",
                "ready": False,
                "attempt": 0,
                "reason": "",
                "device_ids": [],
                "is_simulated": True,
                "limit_ms": 3_600_000,
                "standing": {"position": number, "waiting": number, "expected_ms": None},
                "version": "1",
            }
        if self.admits:
            self.admit(lease_id)
        return 201, self.leases[lease_id]

    def listed(self):
        return {"leases": list(self.leases.values())}

    def profiles(self, person):
        profile = {
            "name": "cpu",
            "titles": {"ko": "CPU만", "en": "CPU only"},
            "flavor": "cpu",
            "devices": 0,
            "cpu_millis": 2000,
            "memory_bytes": 4 * 1024**3,
            "limit_ms": 3_600_000,
            "max_limit_ms": 7_200_000,
            "allowed": True,
            "why_not": "",
            "devices_free": 0,
            "expected_ms": None,
            "cost_per_hour_microcredits": 0,
            "rate_microcredits": 0,
        }
        project = {"name": "open", "title": "Open", "role": "member", "profiles": [profile]}
        money = {"left_microcredits": 10**8, "granted_microcredits": 10**8}
        return {"person": person, "projects": [{**project, **money}]}

    def admit(self, lease_id):
        lease = self.leases[lease_id]
        devices = {"device_ids": ["sim-0"]}
        attempt = lease["attempt"] + 1
        self.update(
            lease_id, state="admitted", attempt=attempt, ready=True, standing=None, **devices
        )

    def update(self, lease_id, **news):
        with self.changed:
            lease = self.leases[lease_id]
            self.leases[lease_id] = {**lease, **news, "version": str(int(lease["version"]) + 1)}
            self.changed.notify_all()

    def wait(self, lease_id, seen, wait_s):
        deadline = time.monotonic() + wait_s
        with self.changed:
            while self.leases[lease_id]["version"] == seen and time.monotonic() < deadline:
                self.changed.wait(0.2)

    def of(self, person, name=""):
        return [v for v in self.leases.values() if (v["person"], v["name"]) == (person, name)]


if __name__ == "__main__":
    fake = FakeService(port=int(sys.argv[1]), token=sys.argv[2], admits=True)
    fake.server.serve_forever()
