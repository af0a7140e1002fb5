"""A hostile dashboard in a real browser: it reaches neither another dashboard nor the hub."""

import asyncio
import http.server
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_house import ARGUMENTS, CHROMIUM

sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "dashboards"))
from dashboard_stage import ONE, SECRET, TWO, Stage

from madang.api.dashboards import handing_on

pytestmark = pytest.mark.browser

HOSTILE = (Path(__file__).parent / "hostile_dashboard.html").read_text()


class Hub(http.server.BaseHTTPRequestHandler):
    """Notes who asks; a page with a cookie that belongs to the hub alone."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        # A browser asks for the icon of its own page as well.
        if self.path != "/favicon.ico":
            self.asked.append((self.path, self.headers.get("Cookie", "")))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Set-Cookie", "jupyterhub-session-id=hubs; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>hub</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Any]:
    handler = type("Handler", (Hub,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    server.asked = handler.asked  # type: ignore[attr-defined]
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    await made.listener.start()
    yield made
    await made.close()


async def what_it_reaches(stage: Stage, hub: Any) -> str:
    """Let a visitor with everything open look at the hostile page; returns what it brought home."""
    from playwright.async_api import async_playwright

    tenant = stage.tenants[ONE]
    tenant.headers = {"Content-Type": "text/html"}
    tenant.page = HOSTILE.replace("TWO", TWO).replace("HUB", str(hub.server_port))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{hub.server_port}/hub/home")
        hub.asked.clear()
        await page.goto(stage.ticket(TWO))
        assert SECRET in await page.content()
        await page.goto(stage.ticket(ONE))
        async with asyncio.timeout(60):
            await page.wait_for_function("document.title.startsWith('[')")
        found: str = await page.title()
        await browser.close()
    return found


@pytest.mark.timeout(120)
async def test_a_dashboard_reaches_nothing_beside_itself(stage: Stage, hub: Any) -> None:
    assert await what_it_reaches(stage, hub) == "[]"
    assert hub.asked == []
    # The tenant saw the key and no cookie; the other dashboard was asked by the visitor alone.
    assert all("Cookie" not in seen for _, seen in stage.tenants[ONE].seen)
    assert [path for path, _ in stage.tenants[TWO].seen] == ["/status"]


@pytest.mark.timeout(120)
async def test_the_page_bites_without_the_policy(
    stage: Stage, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts that fail anyway would prove nothing."""
    monkeypatch.setattr(
        handing_on, "policy", lambda *_: "default-src * 'unsafe-inline' 'unsafe-eval'"
    )
    found = await what_it_reaches(stage, hub)
    for what in ("fetch", "xhr", "pushed"):
        assert f"{what}: {SECRET}" in found
    assert hub.asked
    # Even so the hub's cookies stay with the hub: the two names of loopback are two sites.
    assert {cookie for _, cookie in hub.asked} == {""}
