"""The choice of an environment, in a real browser over prepared views: a build would take minutes.

What the service makes of the choice is told in ``tests/contract/services/test_environments.py``.
"""

import json
import sys
import threading
from pathlib import Path

import pytest
import uvicorn
from browser_house import free_port, notebook, until
from fastapi import Request
from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "pages"))
from pages_house import House
from pages_views import queued

pytestmark = pytest.mark.browser
PREFIX = "/services/madang"


@pytest.fixture
def views():
    """Prepared views behind the pages, what is sent to the API, and the address of both."""
    house, sent, port = House(), [], free_port()
    app = house.app(f"http://127.0.0.1:{port}/")

    async def take(request: Request):
        sent.append((request.url.path.removeprefix(f"{PREFIX}/api/v1/"), await request.json()))
        return {"id": house.runs[0]["id"]}

    for path in ("runs", "leases/{lease}/change"):
        app.add_api_route(f"{PREFIX}/api/v1/{path}", take, methods=["POST"])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, "the pages are served")
    yield house, sent, f"http://127.0.0.1:{port}{PREFIX}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser):
    context = browser.new_context(locale="en-US")
    yield context.new_page()
    context.close()


def test_a_run_takes_the_environment_of_its_project(views, page):
    house, sent, address = views
    house.me["projects"].append({**house.me["projects"][0], "name": "other", "title": "Other lab"})
    page.goto(f"{address}/runs/new")
    text = notebook("print(1)").encode()
    file = {"name": "train.ipynb", "mimeType": "application/json", "buffer": text}
    page.set_input_files("#f-notebook", file)
    page.select_option("#f-environment", "torch-ready")
    # Another project has none of them; what was chosen is chosen no more.
    page.select_option("#f-project", "other")
    expect(page.locator("#environment-field")).to_be_hidden()
    page.select_option("#f-project", "vision")
    expect(page.locator("#f-environment")).to_have_value("")
    page.select_option("#f-environment", "torch-ready")
    page.click("#run-submit")
    page.wait_for_url("**/runs/run-*")
    (path, body) = sent[0]
    assert path == "runs"
    assert (body["project"], body["environment"]) == ("vision", "torch-ready")
    assert json.loads(body["notebook"])["cells"]


def test_who_waits_changes_the_environment(views, page):
    house, sent, address = views
    house.leases = [queued(house.now, 5, name="big")]
    lease = house.leases[0]
    page.goto(f"{address}/wait/{lease['id']}")
    expect(page.locator("#w-environment")).to_have_value("")
    page.select_option("#w-environment", "torch-ready")
    # A page that is refreshed meanwhile keeps what is chosen and not yet sent.
    page.evaluate("window.madang.refresh()")
    expect(page.locator("#w-environment")).to_have_value("torch-ready")
    lease["environment"] = {"id": "environment-ready", "name": "torch-ready", "revision": 0}
    page.click("#w-environment-send")
    expect(page.locator(".stage .note").first).to_contain_text("torch-ready")
    expect(page.locator("#w-environment")).to_have_value("torch-ready")
    assert sent == [(f"leases/{lease['id']}/change", {"environment": "torch-ready"})]
