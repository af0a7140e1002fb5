"""A real browser looks at hostile outputs, behind both walls and behind each alone."""

import http.server
import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from madang.api.notebook_html import POLICY, clean, render

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"


def _corpus() -> ModuleType:
    path = Path(__file__).parents[1] / "unit" / "api" / "hostile_outputs.py"
    spec = importlib.util.spec_from_file_location("hostile_outputs_in_browser", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CORPUS = _corpus()
NOTEBOOKS: dict[str, bytes] = CORPUS.notebooks()
RAW: dict[str, str] = CORPUS.HTML


class Site(http.server.BaseHTTPRequestHandler):
    """A page with a frame, the frame's page by wall, and a note of every request that leaks."""

    leaks: list[str]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {key: value[0] for key, value in parse_qs(parts.query).items()}
        if parts.path == "/host":
            sandbox = "" if asked["wall"] == "clean" else 'sandbox=""'
            src = f"/view?wall={asked['wall']}&amp;name={asked['name']}"
            self._send(f"<!doctype html><title>host</title><iframe {sandbox} src='{src}'></iframe>")
        elif parts.path == "/view":
            self._view(asked["wall"], asked["name"])
        else:
            if parts.path != "/favicon.ico":
                self.leaks.append(self.path)
            self._send("", status=404)

    def _view(self, wall: str, name: str) -> None:
        if wall == "both":
            self._send(render(NOTEBOOKS[name], "en"), policy=POLICY)
        elif wall == "policy":
            self._send(f"<!doctype html><body>{RAW[name]}</body>", policy=POLICY)
        else:
            self._send(f"<!doctype html><body>{clean(RAW[name])}</body>")

    def _send(self, body: str, status: int = 200, policy: str = "") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Any]:
    handler = type("Handler", (Site,), {"leaks": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    server.leaks = handler.leaks  # type: ignore[attr-defined]
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("wall", "names"),
    [("both", sorted(NOTEBOOKS)), ("policy", sorted(RAW)), ("clean", sorted(RAW))],
)
async def test_nothing_runs_and_nothing_leaks(site: Any, wall: str, names: list[str]) -> None:
    from playwright.async_api import async_playwright

    base = f"http://127.0.0.1:{site.server_port}"
    ran: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        page = await browser.new_page()
        page.on("dialog", lambda dialog: ran.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: ran.append(f"popup {popup.url}"))
        for name in names:
            await page.goto(f"{base}/host?wall={wall}&name={name}", wait_until="load")
            frame = page.frames[-1]
            # A click on what looks like a button, as a curious person would. A link may lead its
            # own frame away where only the policy stands; sanitised, there is no link.
            clicked = "button, summary, b" if wall == "policy" else "a, button, summary, b"
            for target in await frame.query_selector_all(clicked):
                await target.dispatch_event("click")
            is_pwned = await page.evaluate("'pwned' in window || document.title !== 'host'")
            if is_pwned or not page.url.startswith(f"{base}/host"):
                ran.append(f"{wall} {name}")
        await browser.close()
    assert ran == []
    assert site.leaks == []


@pytest.mark.timeout(120)
async def test_the_corpus_bites_without_walls(site: Any) -> None:
    """A corpus that runs nowhere would prove nothing."""
    from playwright.async_api import async_playwright

    site.RequestHandlerClass._view = lambda self, _wall, name: self._send(RAW[name])
    base, bitten = f"http://127.0.0.1:{site.server_port}", 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        page = await browser.new_page()
        for name in ("script", "onerror", "onload_svg", "details", "srcdoc", "case"):
            await page.goto(f"{base}/host?wall=clean&name={name}", wait_until="load")
            bitten += await page.evaluate("'pwned' in window")
        await browser.close()
    assert bitten >= 4
    assert site.leaks
