"""A secret typed into a project's page, and used by name from the form for sweeps."""

import contextlib

import pytest
from browser_house import end_everything, notebook
from playwright.sync_api import Error, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAME = "STORY_TOKEN"
VALUE = "hf_0123456789 abc<i>&'\"자물쇠"
PLANS = "/services/madang/api/v1/sweep-plans"
_TEXTS = ("document", "fetch", "xhr")
CELL = f"import os\nprint(seed, len(os.environ['{NAME}']), os.environ['{NAME}'])"


def hear(page):
    """Return the texts that a page is answered with from now on: pages, parts of pages and API."""
    heard = []

    def take(request):
        if "/services/madang/" in request.url and request.resource_type in _TEXTS:
            # A redirection has no text.
            with contextlib.suppress(Error):
                heard.append(request.response().text())

    page.on("requestfinished", take)
    return heard


def is_nowhere(page, heard):
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
    fields = page.evaluate("[...document.querySelectorAll('input, textarea')].map(x => x.value)")
    texts = [page.content(), kept, *fields, *heard]
    # Also as HTML and JSON would write it.
    return not any(VALUE in text or "hf_0123456789" in text for text in texts)


def test_only_its_name_is_seen_once_it_was_typed(visit, picture):
    ada = visit("ada", lang="ko", width=390, height=844)
    page = ada.log_in().page
    page.wait_for_url("**/services/madang/")
    heard = hear(page)
    ada.go("projects/vision-lab")
    page.get_by_role("button", name="비밀 값 추가").click()
    dialog = page.locator("#secret-dialog")
    dialog.get_by_label("이름", exact=True).fill("lower case")
    dialog.get_by_label("값", exact=True).fill(VALUE)
    assert page.locator("#sd-value").get_attribute("type") == "password"
    dialog.get_by_role("button", name="저장").click()
    expect(dialog).to_be_visible()  # the browser asks for another name
    dialog.get_by_label("이름", exact=True).fill(NAME)
    dialog.get_by_role("button", name="저장").click()
    row = page.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text("ada")
    expect(dialog).to_be_hidden()
    assert is_nowhere(page, heard)
    picture(ada, "kept")
    # A new value is asked for without showing the old one.
    row.get_by_role("button", name="새 값").click()
    expect(page.locator("#sd-name")).to_have_value(NAME)
    expect(page.locator("#sd-value")).to_have_value("")
    page.keyboard.press("Escape")
    page.reload()
    expect(page.get_by_role("row").filter(has_text=NAME)).to_be_visible()
    assert is_nowhere(page, heard)
    assert len(heard) >= 2


def test_a_sweep_takes_it_by_name_and_shares_a_device(visit, picture):
    ada = visit("ada")
    page = ada.log_in().page
    page.wait_for_url("**/services/madang/")
    ada.call("PUT", f"projects/vision-lab/secrets/{NAME}", {"value": VALUE})
    heard = hear(page)
    ada.go("sweeps/new")
    text = notebook(CELL, parameters="seed = 0")
    file = {"name": "train.ipynb", "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("#f-notebook", file)
    page.select_option("#f-project", "vision-lab")
    page.get_by_label(NAME).check()
    page.get_by_label("seed").fill("1..4")
    expect(page.locator("#plan-runs")).to_have_text("Runs: 4")
    shared = page.get_by_label("Runs per device")
    ada.expect_status(PLANS, 422)
    page.locator("#f-devices").fill("2")
    shared.fill("4")
    expect(page.locator("#e-runs_per_device")).not_to_be_empty()
    page.locator("#f-devices").fill("1")
    expect(page.locator("#e-runs_per_device")).to_be_empty()
    expect(page.locator("#most-hours")).to_have_text("1.00")  # four share an hour of one
    picture(ada, "filled")
    page.click("#sweep-submit")
    page.wait_for_url("**/sweeps/sweep-*")
    expect(page.locator("#screen")).to_contain_text("4 of 4 runs", timeout=120_000)
    expect(page.locator(".head .chip").first).to_have_text("Succeeded", timeout=60_000)
    expect(page.get_by_text("Runs per device").locator("..")).to_contain_text("4")
    sweep = ada.call("GET", f"sweeps/{page.url.rsplit('/', 1)[1].partition('?')[0]}")
    assert (sweep["secrets"], sweep["runs_per_device"]) == ([NAME], 4)
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.locator("#screen")).to_contain_text(f"[secret {NAME}]")
    expect(page.locator("#screen")).to_contain_text(f" {len(VALUE)} ")
    assert is_nowhere(page, heard)
    ada.call("DELETE", f"projects/vision-lab/secrets/{NAME}")
    end_everything(ada)
