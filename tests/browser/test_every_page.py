"""Every page in both languages, on phone and desk, light and dark: what all of them owe to people.

With ``MADANG_BROWSER_PICTURES`` each is also kept as a picture to look at.
"""

import os
import re
from pathlib import Path

import pytest
from browser_house import notebook, until
from hands import reach
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PICTURES = "MADANG_BROWSER_PICTURES"
CHECKS = (Path(__file__).parent / "accessible.js").read_text().partition("\n")[2]
PAGES = (
    *("", "queue", "runs", "runs/new", "RUN", "sweeps", "sweeps/new", "SWEEP", "clusters"),
    *("CLUSTER", "projects", "projects/vision-lab", "usage", "admin", "settings", "public"),
    *("schedules", "SWEEP/schedule", "SWEEP/again", "RUN/again"),
)
KEY = re.compile(r"\b(?:pages|error|hub|reason)\.[a-z_]+\.[a-z_.]+")
"""What stands where a text is missing from the catalogue."""

HUB = ("/hub/spawn", "/hub/home", "/hub/token")
STATES = {"/hub/user/ada": 424, "/hub/nothing-here": 404, "/services/madang/runs/run-none": 404}
"""What is met on the way: a server that is off, and addresses that lead nowhere."""

LOOKS = [("en", 1280, "light"), ("ko", 390, "dark")]
MORE = [
    *[("ko", 1280, "light"), ("en", 1280, "dark"), ("en", 820, "light")],
    *[("en", 390, "light"), ("en", 390, "dark"), ("ko", 390, "light")],
]
"""Looked at when pictures are taken; what they would find beside the first two is seldom."""


@pytest.fixture(scope="module")
def furnished(house, browser):
    """An installation in use, and the addresses of its things."""
    from browser_house import Visitor

    root = Visitor(browser, house, "admin")
    root.log_in(house.admin_password)
    root.page.wait_for_url("**/services/madang/")
    ada = Visitor(browser, house, "ada")
    ada.log_in()
    ada.page.wait_for_url("**/services/madang/")
    cluster = {"project": "vision-lab", "name": "features", "workers": 2, "gpus_per_worker": 1}
    cluster_id = ada.call("POST", "clusters", cluster)["id"]
    text = notebook("print('rate is', rate)", parameters="rate = 1")
    asked = {
        "name": "sweep-07",
        "project": "vision-lab",
        "notebook": text,
        "flavor": "cpu",
        "devices": 0,
    }
    run_id = ada.call("POST", "runs", {**asked, "parameters": {"rate": 2}, "limit_s": 600})["id"]
    grid = {"rate": [0.1, 0.01], "seed": [1, 2]}
    text = notebook("print(rate, 1 / (seed - 2))", parameters="rate, seed = 1, 1")
    many = {**asked, "name": "rates", "notebook": text, "grid": grid, "limit_s": 600}
    sweep_id = ada.call("POST", "sweeps", many)["id"]
    waiting = {"kind": "notebook", "name": "evaluation", "project": "vision-lab"}
    lease = ada.call("POST", "leases", {**waiting, "profile": "gpu-1"})
    until(lambda: ada.call("GET", f"clusters/{cluster_id}")["ready"], "cluster is ready", 90)
    until(lambda: ada.call("GET", f"runs/{run_id}")["state"] == "succeeded", "run is done", 90)
    sweep = f"sweeps/{sweep_id}"
    until(lambda: ada.call("GET", sweep)["state"] == "failed", "half of the sweep failed", 120)
    nightly = {"cron": "0 2 * * *", "timezone": "Asia/Seoul", "name": "nightly rates"}
    ada.call("POST", f"{sweep}/schedule", nightly)
    kept = {"value": "nobody reads this", "reason": "for the pictures"}
    root.call("PUT", "projects/vision-lab/secrets/HF_TOKEN", kept)
    device = root.call("GET", "devices")[0]["id"]
    root.call("POST", "devices/drain", {"device": device, "reason": "the fan is loud"})
    known = {"RUN": f"runs/{run_id}", "SWEEP": sweep, "CLUSTER": f"clusters/{cluster_id}"}
    yield known, f"wait/{lease['id']}"
    root.call("POST", "devices/return", {"device": device})
    ada.call("DELETE", f"leases/{lease['id']}")
    ada.call("DELETE", f"clusters/{cluster_id}")
    ada.close()
    root.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("lang", "width", "scheme"), LOOKS + (MORE if PICTURES in os.environ else [])
)
def test_every_page_is_for_everybody(furnished, visit, picture, lang, width, scheme):
    known, wait = furnished
    looks = {"lang": lang, "width": width, "scheme": scheme}
    ada, root = visit("ada", **looks), visit("admin", **looks)
    root.page.goto("/hub/login")
    wrong = {"/hub/login": root.page.evaluate(CHECKS)}
    picture(root, "login")
    root.log_in(ada.house.admin_password)
    ada.log_in()
    ada.page.wait_for_url("**/services/madang/")
    root.page.wait_for_url("**/services/madang/")
    for page, status in STATES.items():
        ada.expect_status(page, status)
    for page in (*PAGES, wait, *HUB, *STATES):
        who = root if page == "admin" else ada
        if page.startswith("/"):
            who.page.goto(page)
        else:
            thing, _, form = page.partition("/")
            who.go("/".join([known.get(thing, thing), *form.split("/")]).rstrip("/"))
        expect(who.page.locator("h1").first).to_be_visible()
        shown = who.page.locator("body").inner_text()
        wrong[page] = [*who.page.evaluate(CHECKS), *KEY.findall(shown)]
        # The names of things differ from one installation to the next.
        picture(
            who, re.sub(r"-?[a-z]+-[0-9a-z]{26}", "", page).strip("/").replace("/", "-") or "home"
        )
    assert {page: found for page, found in wrong.items() if found} == {}


@pytest.mark.timeout(300)
def test_the_keyboard_alone_is_enough(furnished, visit):
    root = visit("admin")
    page = root.page
    page.goto("/hub/login")
    reach(page, "username_input") if page.evaluate("document.activeElement.id") == "" else None
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(root.house.admin_password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/madang/")
    # Past the menu in two keys.
    reach(page, "Skip to content", 1)
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("document.activeElement.id") == "main", "the content has the focus")
    for entry in ("Queue", "Runs", "Clusters", "Projects", "Usage", "Admin"):
        reach(page, entry)
        page.keyboard.press("Enter")
        expect(page.locator("nav [aria-current=page]")).to_have_text(entry)
    reach(page, "pause-begin")
    page.keyboard.press("Enter")
    expect(page.locator("#pause-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#pause-dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "pause-begin"
    page.keyboard.press("Enter")
    reach(page, "pd-reason") if page.evaluate("document.activeElement.id") != "pd-reason" else None
    page.keyboard.type("new fans")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("new fans")
    # Everybody reads it, before the login too.
    guest = visit("guest", lang="ko")
    guest.page.goto("/hub/login")
    expect(guest.page.locator("#notice")).to_contain_text("new fans")
    reach(page, "pause-end")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_have_count(0)
    reach(page, "한국어", 120)
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="관리", exact=True)).to_be_visible()
    reach(page, "logout", 120)
    page.keyboard.press("Enter")
    expect(page.locator("#password_input")).to_be_visible()
