"""A real installation and people with browsers, for the tests and for the pictures.

A ``House`` is ``madang up`` in a folder of its own; a ``Visitor`` is one person in one browser
context, who collects everything that the console complains about.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import TimeoutError as LateError
from playwright.sync_api import expect

from madang.stack.demo.look import free_port

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEXT_STEP = "run `make test-browser` as root, or install Debian's chromium and fonts-noto-cjk"
# What a browser says by itself about an answer that belongs to the story. Each line names one
# address and one text; whatever is not in it fails the test.
_STATUS = "Failed to load resource: the server responded with a status of"
_KNOWN = (
    # The waiting page asks whether the server answers yet; until then the hub answers for it.
    (re.compile(r"/user/[^/]+/(?:[^/]+/)?api/?$"), re.compile(rf"{_STATUS} (404|424|503) ")),
    # Lab asks whether a notebook of that name is there before it makes one.
    (re.compile(r"/user/[^/]+/api/contents/Untitled\d*\.ipynb$"), re.compile(rf"{_STATUS} 404 ")),
)
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)


def launch(playwright):
    if not CHROMIUM.exists():
        raise FileNotFoundError(f"{CHROMIUM} is missing: {NEXT_STEP}")
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)


class House:
    """One installation, started and ended with the command line."""

    def __init__(self, folder, gpus="sim:2xh200", *options):
        self.folder, self.gpus, self.options = Path(folder), gpus, options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def _madang(self, *words, patience_s=90):
        code = "import sys; from madang.cli.main import run; sys.exit(run())"
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            timeout=patience_s,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "MADANG_HOME": str(self.folder)},
        )

    def up(self):
        words = ("--home", str(self.folder), "--port", str(self.port), "--gpus", self.gpus)
        done = self._madang("up", *words, "--detach", *self.options)
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def down(self):
        done = self._madang("down", "--home", str(self.folder))
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def password(self):
        return self._secret("user_password")

    @property
    def admin_password(self):
        return self._secret("admin_password")

    def _secret(self, name):
        return json.loads((self.folder / "secrets.json").read_text())[name]

    def pid_of(self, part):
        """Return the process of the proxy, the hub or the service."""
        state = json.loads((self.folder / "state.json").read_text())
        return state["parts"][part]["pid"]


class Visitor:
    """One person with one browser."""

    def __init__(self, browser, house, name, *, lang="en", width=1280, scheme="light", height=900):
        self.house, self.name = house, name
        self.context = browser.new_context(
            base_url=house.url,
            locale={"en": "en-US", "ko": "ko-KR"}[lang],
            viewport={"width": width, "height": height},
            color_scheme=scheme,
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.complaints, self._awaited = [], []
        self.page = self.open()

    def open(self):
        return self.listen(self.context.new_page())

    def listen(self, page):
        """Hear what the console of a page complains about, and return the page."""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._note(page.url, str(error)))
        return page

    def _hear(self, message):
        if message.type == "error":
            self._note(message.location.get("url", ""), message.text)

    def _note(self, url, said):
        """Keep what a console says unless it is known or part of the story."""
        path = urlsplit(url).path
        for known in (*_KNOWN, *self._awaited):
            if known[0].search(path) and known[1].match(said):
                return
        self.complaints.append(f"{url}: {said}")

    def expect_status(self, path, status):
        """Say that this visit will be answered so at ``path``, and that this is the story."""
        said = re.compile(rf"{_STATUS} {status} ")
        self._awaited.append((re.compile(rf"{re.escape(path)}$"), said))

    def expect_lines(self, path):
        """Say that what stands below ``path`` is broken off, as the story has it."""
        self._awaited.append((re.compile(re.escape(path)), re.compile(".*", re.DOTALL)))

    def log_in(self, password=None):
        self.page.goto("/hub/login")
        self.page.fill("#username_input", self.name)
        self.page.fill("#password_input", password or self.house.password)
        self.page.click("#login_submit")
        return self

    def go(self, path=""):
        self.page.goto(f"/services/madang/{path}")
        return self

    def choose(self, project, profile):
        """Fill the profile page and start."""
        self.page.goto("/hub/spawn")
        self.page.check(f'input[name="project"][value="{project}"]')
        self.page.check(f'input[value="{project}/{profile}"]')
        self.page.click("#m-start")

    def in_lab(self):
        self.page.wait_for_url("**/lab**")
        return self

    def call(self, method, path, body=None, key=None):
        """Call the API as the page does, with its session and its guard against other sites."""
        found = self.page.evaluate(
            """async ([method, path, body, key]) => {
                const meta = document.querySelector('meta[name="madang-csrf"]');
                const answer = await fetch("/services/madang/api/v1/" + path, {
                    method, body: body === null ? undefined : JSON.stringify(body),
                    headers: { "X-Madang-CSRF": meta.content, "Idempotency-Key": key,
                               "Content-Type": "application/json" },
                });
                return [answer.status, await answer.json().catch(() => null)];
            }""",
            [method, path, body, key or os.urandom(8).hex()],
        )
        assert found[0] < 400, found
        return found[1]

    def close(self):
        self.context.close()


def notebook(*cells, parameters=None):
    """Return the text of a notebook; ``parameters`` is the source of its tagged cell."""

    def cell(source, tags=()):
        return {
            "cell_type": "code",
            "execution_count": None,
            "id": os.urandom(4).hex(),
            "metadata": {"tags": list(tags)},
            "outputs": [],
            "source": source,
        }

    found = [cell(parameters, ["parameters"])] if parameters else []
    found += [cell(source) for source in cells]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(
        {"cells": found, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    )


def until(check, what, patience_s=30.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            found = check()
        except (httpx.HTTPError, LateError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {patience_s} s: {what}")


def end_everything(visitor):
    """Give back what a person holds, so that the next story starts with an empty pool."""
    if not visitor.page.url.endswith("/services/madang/"):
        visitor.go()
    for lease in visitor.call("GET", "leases?mine=1"):
        if lease["state"] != "ended":
            visitor.call("DELETE", f"leases/{lease['id']}")

    def is_over():
        return all(lease["state"] == "ended" for lease in visitor.call("GET", "leases?mine=1"))

    until(is_over, "everything has ended")

    def is_known():
        return 'data-act="stop"' not in visitor.context.request.get("/hub/home").text()

    # The hub looks at its servers every five seconds.
    until(is_known, "the hub knows it too")
