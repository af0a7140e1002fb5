"""The most common tasks from the first press to the last, once by mouse and once by keyboard alone.

What is typed into Lab is Lab's own matter and done with its keyboard in both.
"""

import re

import pytest
from browser_house import end_everything, notebook, until
from hands import Keys, Mouse
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

HANDS = pytest.mark.parametrize("hand", [Mouse, Keys], ids=["mouse", "keys"])
KEYS = pytest.mark.parametrize("hand", [Keys], ids=["keys"])
"""For what ``test_tasks.py`` and ``test_dashboard.py`` do with the mouse."""

RUNNING = re.compile("Running")


def at_home(visitor, password=None):
    """Log in; what an earlier story may have left is given back."""
    visitor.log_in(password)
    visitor.page.wait_for_url("**/services/madang/")
    end_everything(visitor)
    return visitor


def start(visitor, by, project, profile):
    """Start a notebook from the menu, over the form, to what comes after it."""
    by.press("New notebook")
    expect(visitor.page.get_by_role("heading", name="Start a notebook")).to_be_visible()
    by.pick("project", project)
    by.pick("choice", f"{project}/{profile}")
    by.press("m-start")


@HANDS
def test_start_extend_and_stop_a_notebook(visit, picture, hand):
    ada = at_home(visit("ada"))
    page, by = ada.page, hand(ada.page)
    start(ada, by, "vision-lab", "gpu-1")
    ada.in_lab()
    ada.go()
    expect(page.locator(".lease .chip")).to_have_text(RUNNING)
    before = ada.call("GET", "leases?mine=1&state=active")[0]
    by.press("1 hour more: My notebook")

    def is_longer():
        now = ada.call("GET", f"leases/{before['id']}")
        return now["expires_ms"] >= before["expires_ms"] + 3_600_000

    until(is_longer, "it lasts an hour longer")
    picture(ada, "extended")
    by.press("Stop: My notebook")
    expect(page.locator("#ask")).to_be_visible()
    picture(ada, "asked")
    by.press("ask-yes")
    expect(page.locator(".lease")).to_have_count(0)
    expect(page.locator(".ended").first).to_contain_text("My notebook")
    picture(ada, "stopped")


@HANDS
def test_change_the_request_while_waiting(visit, picture, hand):
    chan, bora = at_home(visit("chan")), at_home(visit("bora"))
    chan.choose("language-lab", "gpu-1")
    chan.in_lab()
    page, by = bora.page, hand(bora.page)
    start(bora, by, "vision-lab", "gpu-2")
    expect(page.get_by_role("heading", name="You could start sooner with")).to_be_visible()
    picture(bora, "offered")
    by.press("Switch to this: 1 GPU")
    bora.in_lab()
    end_everything(bora)
    end_everything(chan)


@KEYS
def test_submit_a_run_with_its_form_and_read_the_output(visit, picture, hand):
    dana = at_home(visit("dana"))
    page, by = dana.page, hand(dana.page)
    by.press("Runs")
    by.press("New run")
    text = notebook("print('rate is', rate)", parameters="rate = 1")
    # The dialog for files is the machine's own; a test can only hand the file over.
    file = {"name": "sweep.ipynb", "mimeType": "application/json", "buffer": text.encode()}
    page.set_input_files("#f-notebook", file)
    expect(page.locator("#f-name")).to_have_value("sweep")
    by.write("f-name", "by hand")
    by.write("f-parameters", '{"rate": 0.5}')
    by.pick("flavor", "cpu")
    picture(dana, "form")
    by.press("run-submit")
    page.wait_for_url("**/runs/run-*")
    expect(page.locator(".chip").first).to_have_text("Succeeded", timeout=60_000)
    shown = page.frame_locator("#output").locator("body")
    expect(shown).to_contain_text("rate is 0.5")
    with page.expect_download() as download:
        by.press("Download result")
    assert download.value.suggested_filename.endswith(".ipynb")
    picture(dana)


@KEYS
def test_cancel_a_run(visit, picture, hand):
    dana = at_home(visit("dana"))
    asked = {
        **{"name": "too long", "project": "language-lab", "parameters": {}, "limit_s": 600},
        **{"notebook": notebook("import time; time.sleep(120)"), "flavor": "cpu", "devices": 0},
    }
    run = dana.call("POST", "runs", asked)["id"]
    dana.go(f"runs/{run}")
    by = hand(dana.page)
    by.press("Cancel run")
    by.press("ask-yes")
    expect(dana.page.locator(".chip").first).to_have_text("Cancelled", timeout=60_000)
    picture(dana)
    end_everything(dana)


@HANDS
def test_invite_a_member_and_change_their_role(visit, picture, hand):
    at_home(visit("eun")).close()
    ada = at_home(visit("ada"))
    page, by = ada.page, hand(ada.page)
    by.press("Projects")
    by.press("Members and grants: 비전 연구실 · Vision lab")
    by.press("Add a person")
    by.write("md-person", "eun")
    by.choose("md-role", "member")
    picture(ada, "dialog")
    by.press("Save")
    row = page.locator(".members tr", has_text="eun")
    expect(row).to_contain_text("member")
    by.press("Role of eun")
    by.choose("md-role", "viewer")
    by.press("Save")
    expect(row).to_contain_text("viewer")
    picture(ada)
    by.press("Remove: eun")
    expect(page.locator("#remove-dialog")).to_be_visible()
    by.press("Remove")
    expect(row).to_have_count(0)


@HANDS
def test_drain_a_device_and_end_a_lease(visit, picture, hand):
    dana = at_home(visit("dana"))
    dana.choose("language-lab", "gpu-1")
    dana.in_lab()
    # What Lab says about a server that is taken away is Lab's matter.
    dana.go()
    root = visit("admin")
    at_home(root, root.house.admin_password)
    page, by = root.page, hand(root.page)
    by.press("Admin")
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    device = root.call("GET", "devices")[-1]["id"]
    by.press(f"Take {device} out of the pool?")
    by.write("dr-reason", "the fan is loud")
    by.press("Take out")
    expect(page.locator("tr", has_text=device).first).to_contain_text("the fan is loud")
    picture(root, "drained")
    by.press(f"Put {device} back into the pool")
    expect(page.get_by_role("button", name=f"Take {device} out of the pool?")).to_be_visible()
    by.press("End “My notebook” of dana?")
    # Something changes elsewhere while the question is open.
    page.evaluate("window.madang.refresh()")
    expect(page.locator("#end-dialog h2")).to_have_text("End “My notebook” of dana?")
    by.write("end-dialog-reason", "the lab moves")
    picture(root, "dialog")
    by.press("Stop")
    expect(page.locator("#audit")).to_contain_text("the lab moves")
    picture(root)
    # Whoever lost it reads why.
    expect(dana.page.locator(".ended").first).to_contain_text("the lab moves")


@HANDS
def test_download_the_usage(visit, hand):
    dana = at_home(visit("dana"))
    by = hand(dana.page)
    by.press("Usage")
    with dana.page.expect_download() as download:
        by.press("Download CSV")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert "project" in lines[0]
    assert any("language-lab" in line for line in lines[1:])


@KEYS
def test_open_a_cluster_from_a_notebook_and_see_its_dashboard(visit, picture, hand):
    ada = at_home(visit("ada"))
    page, by = ada.page, hand(ada.page)
    start(ada, by, "vision-lab", "cpu")
    ada.in_lab()
    # Lab remembers what was open the last time.
    page.goto("/user/ada/lab?reset")
    page.locator(".jp-LauncherCard", has_text="Python 3 (ipykernel)").first.click()
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    page.locator(".jp-Notebook .jp-InputArea-editor").first.click()
    asked = "madang.Cluster(workers=1, gpus_per_worker=0, name='features')"
    page.keyboard.type(f"import madang; cluster = {asked}")
    page.keyboard.press("Shift+Enter")
    # What a cluster shows of itself, until it is there.
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("Ready", timeout=90_000)
    picture(ada, "lab")
    ada.go()
    by.press("Clusters")
    by.press("features")
    expect(page.locator("#dashboard")).to_be_visible()
    picture(ada)
    with ada.context.expect_page() as news:
        by.press("dashboard")
    plots = ada.listen(news.value)
    plots.wait_for_url("**/c/**")
    expect(plots.locator(".bk-Figure").first).to_be_visible()
    plots.close()
    by.press("Stop: features")
    by.press("ask-yes")
    expect(page.locator(".chip").first).to_have_text(re.compile("Ended|Stopping|Ending"))
    end_everything(ada)
