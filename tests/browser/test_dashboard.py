"""A Dask dashboard on an origin of its own: seen by who may, and by nobody else."""

import re
from urllib.parse import urlsplit

import pytest
from browser_house import until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
GONE = re.compile("not open here")


@pytest.fixture
def clusters(visit):
    """Ada with two clusters that are ready; they end with the test."""
    ada = visit("ada")
    ada.log_in()
    ada.page.wait_for_url("**/services/madang/")
    made = []
    for name in ("first", "second"):
        asked = {"project": "open", "name": name, "workers": 1, "gpus_per_worker": 0}
        made.append(ada.call("POST", "clusters", asked)["id"])

    def are_ready():
        return all(ada.call("GET", f"clusters/{one}")["ready"] for one in made)

    until(are_ready, "both clusters answer", 90)
    yield ada, made
    ada.go()
    for one in made:
        ada.call("DELETE", f"clusters/{one}")


def opened(visitor, cluster):
    """Open a dashboard as a person does, and return its page."""
    visitor.go(f"clusters/{cluster}")
    with visitor.context.expect_page() as news:
        visitor.page.click("#dashboard")
    page = visitor.listen(news.value)
    page.wait_for_url("**/c/**")
    return page


def ticket_of(visitor, cluster):
    """Return the address with the ticket, not followed."""
    answer = visitor.context.request.get(
        f"/services/madang/clusters/{cluster}/dashboard", max_redirects=0
    )
    assert answer.status == 303
    return answer.headers["location"]


@pytest.mark.timeout(240)
def test_see_the_plots_of_a_cluster(clusters, picture):
    ada, (first, _) = clusters
    page = opened(ada, first)
    hub, dashboards = urlsplit(ada.house.url), urlsplit(page.url)
    assert dashboards.hostname != hub.hostname
    assert dashboards.port != hub.port
    expect(page).to_have_title(re.compile("Dask"))
    # Drawn by Bokeh with what its websocket brought.
    expect(page.locator(".bk-Figure").first).to_be_visible()
    until(lambda: page.evaluate("Bokeh.documents[0]?.roots().length > 0"), "plots are drawn")
    picture(ada, page=page)
    page.click("text=Workers")
    page.wait_for_url("**/workers")
    expect(page.locator(".bk-DataTable").first).to_contain_text("worker-0")
    # Nothing of the hub or of our pages went there, and nothing there can be read by scripts.
    names = {cookie["name"] for cookie in ada.context.cookies(page.url)}
    assert names == {"madang-dashboard"}
    assert page.evaluate("document.cookie") == ""


@pytest.mark.timeout(240)
def test_who_may_not_look_learns_nothing(clusters, visit):
    ada, (first, second) = clusters
    bora = visit("bora")
    bora.log_in()
    bora.page.wait_for_url("**/services/madang/")
    refused = bora.context.request.get(f"/services/madang/clusters/{first}/dashboard")
    assert refused.status == 404

    address = ticket_of(ada, first)
    origin = address.partition("/t/")[0]
    page = ada.open()
    page.goto(address)
    page.wait_for_url("**/status")
    ada.expect_status(urlsplit(address).path, 404)
    page.goto(address)
    # A ticket is good once.
    expect(page.locator("h1")).to_have_text(GONE)
    # The pass of one cluster opens no other.
    ada.expect_status(f"/c/{second}/status", 404)
    page.goto(f"{origin}/c/{second}/status")
    expect(page.locator("h1")).to_have_text(GONE)
    # Somebody else's browser has no pass, and a copied cookie of another path none either.
    bora.expect_status(f"/c/{first}/status", 404)
    bora.page.goto(f"{origin}/c/{first}/status")
    expect(bora.page.locator("h1")).to_have_text(GONE)


@pytest.mark.timeout(240)
def test_logging_out_closes_the_dashboard(clusters, visit):
    ada, (first, _) = clusters
    page = opened(ada, first)
    expect(page.locator(".bk-Figure").first).to_be_visible()
    home = ada.open()
    home.goto("/services/madang/")
    ada.expect_status(f"/c/{first}/status", 404)
    # What the open page was about to load is refused, and the page that it was opened from asks.
    ada.expect_lines(f"/c/{first}/")
    ada.expect_status(f"/services/madang/clusters/{first}", 401)
    home.click("#logout")

    def is_closed():
        page.reload()
        return page.locator("h1").count() and GONE.search(page.locator("h1").inner_text())

    until(is_closed, "the dashboard is gone after the logout", 60)
    ada.log_in()
    ada.page.wait_for_url("**/services/madang/")
