"""A sweep from the form of the pages, in a real browser against a real installation."""

import re

import pytest
from browser_house import end_everything, notebook
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARAMETERS = """\
# Learning rate of the optimizer.
lr: float = 0.1
seed = 0  # which random numbers
folder = 'out'
"""
PLANS = "/services/madang/api/v1/sweep-plans"


def at_form(visitor, parameters=PARAMETERS, *cells):
    visitor.log_in()
    visitor.page.wait_for_url("**/services/madang/")
    visitor.go("sweeps")
    visitor.page.locator('a[href$="/sweeps/new"]').click()
    text = notebook(*(cells or ("print('seed', seed)",)), parameters=parameters)
    visitor.page.set_input_files("#f-notebook", a_file("train.ipynb", text))
    return visitor.page


def a_file(name, text):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": text.encode()}


def field(page, name):
    """The field of a parameter, found as people find it: by its label."""
    return page.get_by_label(re.compile(rf"^{name}( |$)"))


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_fill_the_form_try_one_and_submit_a_sweep(visit, picture):
    dana = visit("dana")
    page = at_form(dana)
    expect(page.locator("#f-notify")).to_be_disabled()
    expect(page.locator("#f-name")).to_have_value("train")
    expect(page.locator("#rows")).to_contain_text("Learning rate of the optimizer.")
    expect(page.locator("#rows")).to_contain_text("which random numbers")
    assert field(page, "lr").get_attribute("placeholder") == "0.1"
    dana.expect_status(PLANS, 422)
    field(page, "lr").fill("0.1, 0.01")
    field(page, "seed").fill("9..0")
    expect(page.locator("#rows .error").nth(1)).to_contain_text("holds no number")
    expect(field(page, "seed")).to_have_attribute("aria-invalid", "true")
    field(page, "seed").fill("1..2")
    expect(page.locator("#plan-runs")).to_have_text("Runs: 4")
    expect(field(page, "seed")).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#first")).to_contain_text("lr=0.01")
    expect(page.locator("#most-hours")).to_have_text("4.00")
    dana.expect_status(PLANS, 422)
    saves = page.get_by_label("Seconds between saves")
    saves.fill("0")
    expect(page.locator("#e-checkpoint_after")).not_to_be_empty()
    saves.fill("2.5")
    expect(page.locator("#e-checkpoint_after")).to_be_empty()
    picture(dana, "filled")
    page.click("#pilot-submit")
    expect(page.locator("#pilot-said")).to_have_text("Pilot run: Succeeded", timeout=60_000)
    expect(page.locator("#expected-time")).to_be_visible()
    expect(field(page, "lr")).to_have_value("0.1, 0.01")
    picture(dana, "tried")
    page.click("#sweep-submit")
    page.wait_for_url("**/sweeps/sweep-*")
    expect(page.locator("#screen")).to_contain_text("4 of 4 runs", timeout=60_000)
    expect(page.locator(".head .chip").first).to_have_text("Succeeded", timeout=60_000)
    end_everything(dana)


def test_a_pilot_that_fails_says_why_and_the_form_stays(visit, picture):
    dana = visit("dana", lang="ko", width=390, height=844)
    page = at_form(dana, PARAMETERS, "1 / 0")
    field(page, "seed").fill("0..999")
    expect(page.locator("#plan-runs")).to_have_text("실행 1,000건")
    expect(page.locator("#plan-low")).to_contain_text("남은 예산보다 많습니다")
    assert fits(page)
    picture(dana, "filled")
    page.click("#pilot-submit")
    expect(page.locator("#pilot-said")).to_have_text("시험 실행: 실패", timeout=60_000)
    expect(page.locator("#pilot-more")).to_contain_text("ZeroDivisionError")
    expect(page.locator("#expected")).to_be_hidden()
    expect(field(page, "seed")).to_have_value("0..999")
    assert fits(page)
    picture(dana, "failed")
    with page.context.expect_page() as opened:
        page.click("#pilot-link")
    expect(opened.value.locator("#screen")).to_contain_text("ZeroDivisionError")
    end_everything(dana)


def test_who_has_an_address_says_for_a_sweep_whether_its_end_is_told(visit, picture):
    dana = visit("dana", lang="ko", width=390, height=844)
    page = at_form(dana)
    expect(page.locator("#h-notify a")).to_have_text("알림 설정 (새 탭)")
    hook = {"webhook_url": "https://hook.example.org/x", "kinds": []}
    dana.call("PUT", "me/notices", hook)
    dana.go("sweeps/new")
    page.set_input_files("#f-notebook", a_file("train.ipynb", notebook("1", parameters=PARAMETERS)))
    tick = page.locator("#f-notify")
    expect(tick).to_be_enabled()
    expect(tick).not_to_be_checked()
    page.locator('label[for="f-notify"]').click()
    expect(tick).to_be_checked()
    field(page, "seed").fill("1, 2")
    expect(page.locator("#plan-runs")).to_have_text("실행 2건")
    assert fits(page)
    picture(dana, "told")
    page.click("#sweep-submit")
    page.wait_for_url("**/sweeps/sweep-*")
    sweep = page.url.rsplit("/", 1)[1]
    assert dana.call("GET", f"sweeps/{sweep}")["notify"] is True
    expect(page.locator("#screen")).to_contain_text("메일이나 웹훅으로 알림")
    dana.go(f"sweeps/{sweep}/again")
    expect(page.locator("#f-notify")).to_be_checked()
    expect(page.locator("#plan-runs")).to_have_text("실행 2건")
    assert fits(page)
    picture(dana, "again")
    dana.call("PUT", "me/notices", {"webhook_url": "", "kinds": []})
    end_everything(dana)


def test_a_table_and_the_keyboard_alone(visit, picture):
    dana = visit("dana")
    page = at_form(dana)
    expect(page.locator("#f-table")).to_be_visible()
    page.set_input_files("#f-table", a_file("points.csv", "lr,seed\n0.1,1\n0.2,\n"))
    dana.expect_status(PLANS, 422)
    expect(page.locator("#e-table")).to_contain_text("row 2")
    page.set_input_files("#f-table", a_file("points.xlsx", "no"))
    expect(page.locator("#e-table")).to_contain_text("neither CSV nor JSON")
    page.locator("#f-name").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#f-table")).to_be_focused()
    page.set_input_files("#f-table", a_file("points.csv", "lr,seed\n0.1,1\n0.2,2\n"))
    field(page, "folder").focus()
    page.keyboard.type("'a,b', c")
    expect(page.locator("#plan-runs")).to_have_text("Runs: 4")
    expect(page.locator("#first")).to_contain_text("folder=a,b")
    picture(dana, "table")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sweeps/sweep-*")
    page.click("text=Cancel sweep")
    page.click("#ask-yes")
    end_everything(dana)


def test_a_notebook_without_parameters_says_how_to_give_it_some(visit, picture):
    dana = visit("dana", lang="ko", width=390, height=844)
    page = at_form(dana, None, "print(1)")
    expect(page.locator("#no-cell")).to_contain_text("톱니바퀴")
    expect(page.locator("#parameters")).to_be_hidden()
    page.click("#sweep-submit")
    expect(page.locator("#e-notebook")).to_contain_text("매개변수가 없습니다")
    picture(dana)
