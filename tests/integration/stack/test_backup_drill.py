"""The drill: copy a busy installation, lose the machine, go on from the copy somewhere else."""

import contextlib
import json
import sqlite3
import threading
import time

import httpx
import pytest

from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import backup, down, ports, restore, up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SLEEPER = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": "a",
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "import os, time\nfor _ in range(600):\n"
            "    if os.path.exists(os.environ['DRILL_GO']):\n        break\n    time.sleep(0.1)\n"
            "print('done')",
        }
    ],
}


def until(check, what, patience_s=60.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if found := check():
                return found
        time.sleep(0.1)
    raise AssertionError(f"not within {patience_s} s: {what}")


class Installation:
    def __init__(self, root):
        self.home = Home(root)
        self.port = ports.choose(None, set())

    def up(self, **options):
        up(
            self.home,
            port=self.port,
            gpus="sim:2xh200",
            detach=True,
            tell=lambda _: None,
            **options,
        )
        known = json.loads(self.home.cli_token.read_text())
        self.headers = {"Authorization": f"token {known['token']}"}
        self.base = f"http://127.0.0.1:{self.port}"

    def api(self, method, path, **more):
        url = f"{self.base}/services/madang/api/v1/{path}"
        answer = httpx.request(
            method, url, headers=self.headers, trust_env=False, timeout=20, **more
        )
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def hub(self, method, path, **more):
        url = f"{self.base}/hub/api/{path}"
        return httpx.request(method, url, headers=self.headers, trust_env=False, timeout=20, **more)


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.delenv("MADANG_DATABASE_URL", raising=False)
    made = []

    def start(name):
        made.append(Installation(tmp_path / name))
        return made[-1]

    yield start
    for one in made:
        down(one.home, tell=lambda _: None)


def test_drill(make, tmp_path, monkeypatch):
    go = tmp_path / "go"
    source = json.dumps(SLEEPER).replace("os.environ['DRILL_GO']", f"'{go}'")
    first = make("first")
    first.up()
    assert first.hub("POST", "users/ada").status_code == 201
    run = first.api(
        "POST",
        "runs",
        json={"project": "open", "name": "long", "notebook": source, "limit_s": 300},
    )
    until(lambda: first.api("GET", f"runs/{run['id']}")["state"] == "running", "the run runs")
    first.hub("POST", "users/ada/server", json={"user_options": {"profile": "cpu"}})
    until(
        lambda: first.hub("GET", "users/ada").json()["servers"].get("", {}).get("ready"), "server"
    )

    made = _copy_while_busy(first, tmp_path)
    files = made.manifest.files
    assert {"madang.sqlite", "hub.sqlite", "config/policy.yaml"} <= set(files)
    assert sum(name.startswith("artifacts/") for name in files) >= 1
    assert not any(name.startswith("secrets/") for name in files)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.left_out == str(first.home.people)

    # Neither over a running installation, nor over one that merely exists.
    with pytest.raises(LocalError, match="already_up"):
        restore(first.home, made.path, force=True)
    assert first.api("GET", f"runs/{run['id']}")["state"] == "running"
    down(first.home, tell=lambda _: None)
    with pytest.raises(LocalError, match="home_not_empty"):
        restore(first.home, made.path)
    go.touch()

    second = make("second")
    done = restore(second.home, made.path)
    assert done.put_aside == ""
    second.up(**done.config)
    verified = second.api("GET", "ledger/verify")
    assert verified["ok"], verified
    assert verified["entries"] >= done.entries

    def notebook_is_lost():
        leases = second.api("GET", "leases?kind=notebook")
        mine = [x for x in leases if x["person"] == "ada" and not x["name"]]
        return mine and mine[0]["state"] == "ended" and mine[0]["reason"] == "lost"

    until(notebook_is_lost, "ada's notebook is told to be lost")
    assert second.hub("GET", "users/ada").json()["servers"] == {}
    # The run is taken up again by a new slot, with the artifacts of the copy.
    again = until(
        lambda: (r := second.api("GET", f"runs/{run['id']}"))["state"] == "succeeded" and r,
        "the run is done",
    )
    assert again["attempt"] == 2
    assert second.api("GET", "ledger/verify")["ok"]
    down(second.home, tell=lambda _: None)

    # Back over the second one: what is there is put aside, and comes up again from the copy.
    forced = restore(second.home, made.path, force=True)
    aside = Home(second.home.backups / forced.put_aside.rsplit("/", 1)[1])
    with contextlib.closing(sqlite3.connect(aside.database)) as old:
        assert old.execute("SELECT state FROM runs").fetchall() == [("succeeded",)]
    with contextlib.closing(sqlite3.connect(second.home.database)) as new:
        assert new.execute("SELECT state FROM runs").fetchall() == [("running",)]
    assert not second.home.restoring.exists()
    second.home.restoring.write_text("{}")
    with pytest.raises(LocalError, match="restore_unfinished"):
        up(second.home, port=second.port, detach=True, tell=lambda _: None)
    restore(second.home, made.path, force=True)


def _copy_while_busy(first, tmp_path):
    """Back up while leases come and go as fast as they can."""
    stop, count = threading.Event(), [0]

    def work(name):
        while not stop.is_set():
            body = {"project": "open", "profile": "cpu", "name": f"{name}{count[0] % 7}"}
            lease = first.api("POST", "leases", json=body)
            first.api("DELETE", f"leases/{lease['id']}")
            count[0] += 1

    workers = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    try:
        until(lambda: count[0] >= 10, "writes")
        made = backup(first.home, tmp_path / "copy.tar.gz")
        before = count[0]
        until(lambda: count[0] > before, "writes go on")
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    return made
