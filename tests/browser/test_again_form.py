"""Sweeps and runs submitted again with changes, in a real browser."""

import json

import pytest
from browser_house import end_everything, notebook, until
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ASKED = {"project": "vision-lab", "flavor": "cpu", "devices": 0, "limit_s": 600}
PLANS = "/rerun-plan"


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def submitted(visitor, noun, **more):
    visitor.log_in()
    visitor.page.wait_for_url("**/services/madang/")
    text = notebook("kept = rate", "print(1 / (rate - 2))", parameters="rate = 1\nseed = 0")
    one = visitor.call("POST", noun, {**ASKED, "name": "rates", "notebook": text, **more})["id"]
    path = f"{noun}/{one}"
    until(lambda: visitor.call("GET", path)["state"] == "failed", "it has failed", 120)
    return one


def test_a_sweep_again_with_other_values_after_its_plan(visit, picture):
    ada = visit("ada")
    one = submitted(ada, "sweeps", grid={"rate": [1, 2], "seed": [5]})
    page = ada.page
    ada.go(f"sweeps/{one}")
    page.click("text=Run again with changes")
    expect(page.locator("#plan-runs")).to_have_text("Runs: 2")
    expect(page.get_by_label("rate")).to_have_value("1, 2")
    page.get_by_label("Only what failed").check()
    expect(page.locator("#plan-runs")).to_have_text("Runs: 1")
    expect(page.locator("#first")).to_contain_text("rate=2")
    ada.expect_status(f"/services/madang/api/v1/sweeps/{one}{PLANS}", 422)
    page.get_by_label("rate").fill("9..0")
    expect(page.locator("#e-p0")).to_contain_text("holds no number")
    page.get_by_label("rate").fill("3, 4")
    expect(page.locator("#plan-runs")).to_have_text("Runs: 2")
    expect(page.locator("#first")).to_contain_text("rate=4")
    expect(page.locator("#first")).to_contain_text("seed=5")
    expect(page.locator("#most-hours")).to_have_text("0.00")
    ada.expect_status(f"/services/madang/api/v1/sweeps/{one}{PLANS}", 422)
    page.locator("#f-devices").fill("1")
    expect(page.locator("#e-devices")).to_contain_text("which has none")
    page.locator('input[name="flavor"]:not([value="cpu"])').first.check()
    page.locator("#f-limit").select_option("7200")
    page.locator("#f-runs_per_device").fill("2")
    expect(page.locator("#most-hours")).to_have_text("2.00")
    expect(page.locator("#e-devices")).to_be_empty()
    page.locator("#f-devices").fill("2")
    ada.expect_status(f"/services/madang/api/v1/sweeps/{one}{PLANS}", 422)
    expect(page.locator("#e-runs_per_device")).to_contain_text("device")
    expect(page.locator("#plan-runs")).to_contain_text("once what is above fits")
    page.locator("#f-devices").fill("1")
    expect(page.locator("#plan-runs")).to_have_text("Runs: 2")
    expect(page.locator("#most-hours")).to_have_text("2.00")
    picture(ada, "filled")
    page.click("#again-submit")
    page.wait_for_url(lambda url: "/sweeps/sweep-" in url and one not in url)
    expect(page.locator("#table")).to_contain_text("rate=4")
    made = ada.call("GET", f"sweeps/{page.url.rsplit('/', 1)[1]}")
    assert (made["devices"], made["limit_ms"], made["runs_per_device"]) == (1, 7_200_000, 2)
    assert made["flavor"] != "cpu"
    end_everything(ada)


def test_a_run_again_on_a_phone_in_korean(visit, picture):
    ada = visit("ada", lang="ko", width=390, height=844, scheme="dark")
    one = submitted(ada, "runs", parameters={"rate": 2})
    page = ada.page
    ada.go(f"runs/{one}")
    page.click("text=값을 바꿔 다시 실행")
    field = page.locator("#f-parameters")
    assert json.loads(field.input_value()) == {"rate": 2}
    field.fill('{"rate": 3')
    expect(page.locator("#e-parameters")).to_contain_text("JSON")
    field.fill('{"rate": 3}')
    expect(page.locator("#e-parameters")).to_be_empty()
    page.locator('input[name="flavor"]:not([value="cpu"])').first.check()
    page.get_by_label("시간 제한").select_option("1800")
    expect(page.locator("#most-hours")).to_have_text("0.50")
    assert fits(page)
    picture(ada, "form")
    page.click("#again-submit")
    page.wait_for_url(lambda url: "/runs/run-" in url and one not in url)
    expect(page.locator("#screen")).to_contain_text("rate")
    made = ada.call("GET", f"runs/{page.url.rsplit('/', 1)[1]}")
    assert (made["parameters"], made["devices"], made["limit_ms"]) == ({"rate": 3}, 1, 1_800_000)
    end_everything(ada)
