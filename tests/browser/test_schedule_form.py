"""A sweep that is repeated on a schedule from its page, in a real browser."""

import pytest
from browser_house import end_everything, notebook
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TIMES = "/services/madang/api/v1/schedule-times"


def a_sweep(visitor):
    visitor.log_in()
    visitor.page.wait_for_url("**/services/madang/")
    for other in visitor.call("GET", "schedules"):  # those of tests before
        visitor.call("DELETE", f"schedules/{other['id']}")
    text = notebook("print(rate)", parameters="rate = 1")
    asked = {"name": "nightly", "project": "vision-lab", "notebook": text, "flavor": "cpu"}
    grid = {"grid": {"rate": [1, 2]}, "devices": 0, "limit_s": 600}
    return visitor.call("POST", "sweeps", {**asked, **grid})["id"]


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_repeat_a_sweep_look_pause_and_remove(visit, picture):
    ada = visit("ada")
    sweep = a_sweep(ada)
    sweeps = len(ada.call("GET", "sweeps"))
    page = ada.page
    ada.go("schedules")
    expect(page.locator(".empty")).to_contain_text("No schedules yet")
    picture(ada, "none")
    ada.go(f"sweeps/{sweep}")
    page.click("text=Repeat on a schedule")
    expect(page.locator("#next li")).to_have_count(3)
    expect(page.locator("#next-when")).to_contain_text("every day at 02:00")
    page.select_option("#f-how", "weekly")
    page.select_option("#f-weekday", label="Friday")
    expect(page.locator("#next-when")).to_contain_text("every Friday at 02:00")
    page.select_option("#f-how", "cron")
    ada.expect_status(TIMES, 422)
    page.fill("#f-line", "0 2 * *")
    expect(page.locator("#e-line")).to_contain_text("five fields")
    page.fill("#f-zone", "Mars/Olympus")
    page.fill("#f-line", "30 9 * * MON-FRI")
    expect(page.locator("#e-zone")).to_contain_text("no time zone")
    page.fill("#f-name", "each morning")
    page.locator("#f-name").press("Enter")
    expect(page.locator("#f-zone")).to_be_focused()
    expect(page.locator("#f-line")).to_have_value("30 9 * * MON-FRI")
    page.fill("#f-zone", "Europe/Berlin")
    expect(page.locator("#next-when")).to_contain_text("Monday to Friday at 09:30 · Europe/Berlin")
    picture(ada, "filled")
    page.click("#schedule-submit")
    page.wait_for_url("**/schedules#schedule-*")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("each morning")
    expect(row).to_contain_text("Monday to Friday at 09:30")
    picture(ada, "list")
    row.get_by_role("button", name="Run now").dblclick()
    expect(row.locator("a .chip")).to_be_visible()
    picture(ada, "ran")
    assert len(ada.call("GET", "sweeps")) == sweeps + 1, "one of now"
    row.get_by_role("button", name="Pause").click()
    expect(row.locator(".chip").last).to_have_text("Paused")
    row.get_by_role("button", name="Resume").click()
    expect(row.locator(".chip").last).to_have_text("Active")
    row.get_by_role("button", name="Remove").click()
    page.click("#ask-yes")
    expect(page.locator(".empty")).to_contain_text("No schedules yet")
    end_everything(ada)


def test_the_same_on_a_phone_in_korean(visit, picture):
    ada = visit("ada", lang="ko", width=390, height=844, scheme="dark")
    sweep = a_sweep(ada)
    page = ada.page
    ada.go(f"sweeps/{sweep}/schedule")
    expect(page.locator("#next-when")).to_contain_text("매일 02:00")
    assert fits(page)
    picture(ada, "form")
    page.click("#schedule-submit")
    page.wait_for_url("**/schedules#schedule-*")
    expect(page.locator("tbody tr").first).to_contain_text("매일 02:00")
    expect(page.get_by_role("button", name="지금 실행")).to_be_visible()
    assert fits(page)
    picture(ada, "list")
    page.get_by_role("button", name="삭제").click()
    page.click("#ask-yes")
    expect(page.locator(".empty")).to_contain_text("아직 예약이 없습니다")
    end_everything(ada)
