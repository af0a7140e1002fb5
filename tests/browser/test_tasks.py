"""The ten things that people do most, each in a real browser against a real installation."""

import os
import re
import signal

import pytest
from browser_house import end_everything, notebook, until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

RUNNING = re.compile("Running")


def at_home(visitor):
    visitor.log_in()
    visitor.page.wait_for_url("**/services/madang/")
    return visitor


def submit(visitor, text, name, parameters="{}"):
    visitor.go("runs/new")
    file = {"name": f"{name}.ipynb", "mimeType": "application/json", "buffer": text.encode()}
    visitor.page.set_input_files("#f-notebook", file)
    expect(visitor.page.locator("#f-name")).to_have_value(name)
    visitor.page.fill("#f-parameters", parameters)
    visitor.page.click("#run-submit")
    visitor.page.wait_for_url("**/runs/run-*")


def test_log_in(visit, picture):
    ada = visit("ada")
    ada.expect_status("/hub/login", 403)
    ada.log_in("not-the-password")
    expect(ada.page.get_by_role("alert")).to_contain_text("do not match")
    picture(ada, "refused")
    at_home(ada)
    expect(ada.page.get_by_role("heading", name="Hello, ada")).to_be_visible()
    picture(ada)


def test_see_what_is_free_and_start_a_notebook_and_run_a_cell(visit, picture):
    ada = at_home(visit("ada"))
    expect(ada.page.locator(".pool")).to_contain_text("2 of 2 free")
    ada.choose("vision-lab", "gpu-1")
    ada.in_lab()
    # Lab remembers what was open the last time.
    ada.page.goto("/user/ada/lab?reset")
    ada.page.locator(".jp-LauncherCard", has_text="Python 3 (ipykernel)").first.click()
    expect(ada.page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    expect(ada.page.get_by_text("official Jupyter news")).to_have_count(0)
    cell = ada.page.locator(".jp-Notebook .jp-InputArea-editor").first
    cell.click()
    ada.page.keyboard.type("import os; print('on', os.environ['MADANG_PROJECT'], 6 * 7)")
    ada.page.keyboard.press("Shift+Enter")
    expect(ada.page.locator(".jp-OutputArea-output").first).to_contain_text("on vision-lab 42")
    picture(ada)
    ada.go()
    expect(ada.page.locator(".lease .chip")).to_have_text(RUNNING)
    end_everything(ada)


def test_wait_in_a_full_pool_and_be_let_in(visit, picture):
    chan, bora = at_home(visit("chan")), at_home(visit("bora", lang="ko", width=390))
    chan.choose("language-lab", "gpu-2")
    chan.in_lab()
    bora.choose("vision-lab", "gpu-1")
    bora.page.wait_for_url("**/wait/**")
    expect(bora.page.locator(".place-big")).to_contain_text("1번째")
    picture(bora)
    end_everything(chan)
    # Nobody touches the phone: the page takes the turn and goes on to the server by itself.
    bora.in_lab()
    end_everything(bora)


def test_a_hidden_page_tells_the_turn_in_its_title(visit):
    chan, bora = at_home(visit("chan")), at_home(visit("bora"))
    chan.choose("language-lab", "gpu-2")
    chan.in_lab()
    bora.choose("vision-lab", "gpu-1")
    expect(bora.page.locator(".place-big")).to_be_visible()
    # An admission within ten seconds counts as seen; wait until the request is older than that.
    old = "data => Date.now() - data > 11000"
    bora.page.wait_for_function(old, arg=bora.page.evaluate("Date.now()"))
    bora.page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    end_everything(chan)
    expect(bora.page).to_have_title(re.compile("^● Your turn"))
    bora.page.evaluate(
        "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))"
    )
    bora.in_lab()
    end_everything(bora)


def test_withdraw_while_waiting(visit, picture):
    chan, bora = at_home(visit("chan")), at_home(visit("bora"))
    chan.choose("language-lab", "gpu-2")
    chan.in_lab()
    bora.choose("open", "gpu-2")
    bora.page.get_by_role("button", name="Cancel waiting").click()
    bora.page.click("#ask-yes")
    expect(bora.page.get_by_role("heading", name="This request has ended")).to_be_visible()
    picture(bora)
    end_everything(chan)


def test_a_refused_start_says_why_in_the_language_of_the_page(visit, picture):
    ada = at_home(visit("ada", lang="ko", width=390))
    # A hub that is busy says it one page later.
    ada.expect_status("/hub/spawn", 403)
    ada.expect_status("/hub/spawn-pending/ada", 403)
    ada.page.goto("/hub/spawn")
    # What the page does not offer can still be posted, and rules change while a page is open.
    ada.page.evaluate("document.querySelectorAll('input').forEach(i => { i.disabled = false; })")
    ada.page.check('input[name="project"][value="open"]')
    ada.page.check('input[value="open/gpu-4"]')
    ada.page.click("#m-start")
    refusal = ada.page.locator("main .banner.bad:visible")
    expect(refusal).to_contain_text("research")
    expect(refusal.get_by_text("research", exact=False).locator("visible=true")).to_have_count(1)
    picture(ada)


def test_submit_a_run_with_parameters_and_watch_it(visit, picture):
    dana = at_home(visit("dana"))
    text = notebook("import time; time.sleep(2)", "print('rate is', rate)", parameters="rate = 1")
    submit(dana, text, "sweep", '{"rate": 0.25}')
    expect(dana.page.locator(".chip").first).to_have_text("Succeeded", timeout=60_000)
    expect(dana.page.locator("#screen")).to_contain_text("rate is 0.25")
    picture(dana)


def test_read_the_error_of_a_failed_run(visit, picture):
    dana = at_home(visit("dana", scheme="dark"))
    submit(dana, notebook("total = 3", "total / 0"), "broken")
    expect(dana.page.locator(".chip").first).to_have_text("Failed", timeout=60_000)
    expect(dana.page.locator("#screen")).to_contain_text("ZeroDivisionError")
    picture(dana)


def test_cancel_a_run(visit, picture):
    dana = at_home(visit("dana"))
    submit(dana, notebook("import time; time.sleep(120)"), "too-long")
    dana.page.get_by_role("button", name="Cancel run").click()
    dana.page.click("#ask-yes")
    expect(dana.page.locator(".chip").first).to_have_text("Cancelled", timeout=60_000)
    picture(dana)
    end_everything(dana)


def test_read_usage(visit, picture):
    dana = at_home(visit("dana"))
    dana.go("usage")
    expect(dana.page.locator("#screen")).to_contain_text("dana")
    expect(dana.page.locator(".hash code")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    picture(dana)


def test_switch_the_language(visit, picture):
    ada = at_home(visit("ada", width=390, scheme="dark"))
    ada.page.click('button[data-lang="ko"]')
    expect(ada.page.get_by_role("heading", name="ada 님, 안녕하세요")).to_be_visible()
    picture(ada)
    # The hub's pages follow, without a reload of their own.
    ada.page.goto("/hub/spawn")
    expect(ada.page.get_by_role("heading", name="노트북 시작하기")).to_be_visible()
    ada.page.click('button[data-lang="en"]')
    expect(ada.page.get_by_role("heading", name="Start a notebook")).to_be_visible()
    picture(ada, "hub")


def test_while_the_hub_is_away_a_page_says_so_and_comes_back(visit, house, picture):
    guest = visit("guest", lang="ko", width=390)
    guest.expect_status("/hub/login", 503)
    os.kill(house.pid_of("hub"), signal.SIGKILL)

    def is_away():
        guest.page.goto("/hub/login")
        return guest.page.get_by_role("heading", name="응답이 없습니다").count()

    until(is_away, "the proxy answers for the hub")
    picture(guest)
    # Nobody presses anything.
    expect(guest.page.locator("#password_input")).to_be_visible()


def test_log_out(visit, picture):
    ada = at_home(visit("ada"))
    ada.page.click("#logout")
    expect(ada.page.get_by_role("heading", name="Log in to Madang")).to_be_visible()
    for place in ("", "queue", "runs", "usage"):
        ada.go(place)
        expect(ada.page.locator("#password_input")).to_be_visible()
    picture(ada)
