"""What each page weighs on a cold cache, and when people first see something on it.

Prints one line a page, and ends with status 1 when a page misses a goal: fewer than 150 kB over the
wire, first contentful paint within a second on loopback (median of the rounds). Needs Chromium, as
the browser tests do; run by ``make bench-pages``.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from browser_house import House, Visitor, launch
from playwright.sync_api import sync_playwright

PAGES = (
    "",
    "queue",
    "runs",
    "runs/new",
    "sweeps",
    "clusters",
    "projects",
    "usage",
    "settings",
    "public",
)
HUB = ("/hub/login", "/hub/spawn", "/hub/home", "/hub/token", "/hub/user/ada", "/hub/nothing-here")
PENDING = "/hub/spawn-pending/ada"
STOCK = "/hub/admin"
"""JupyterHub's own administration: told, not judged."""

LARGEST_BYTES = 150_000
SLOWEST_MS = 1_000

_PAINT = """() => new Promise((done) => {
    const look = () => {
        const [first] = performance.getEntriesByName("first-contentful-paint");
        if (first) done(first.startTime); else requestAnimationFrame(look);
    };
    look();
})"""


def one_visit(browser, house, state, address):
    """Open a page in a browser that has nothing kept; returns bytes received and the paint."""
    context = browser.new_context(base_url=house.url, storage_state=state)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    received = []
    devtools.on(
        "Network.loadingFinished", lambda event: received.append(event["encodedDataLength"])
    )
    devtools.send("Network.enable")
    page.goto(address, wait_until="load")
    painted_ms = page.evaluate(_PAINT)
    # What scripts ask for right after; the stream of events never ends and is not waited for.
    page.wait_for_timeout(300)
    context.close()
    return sum(received), painted_ms


def state_of(browser, house, name, password):
    """Return the cookies of somebody who has logged in."""
    visitor = Visitor(browser, house, name)
    visitor.log_in(password)
    visitor.page.wait_for_url("**/services/madang/")
    state = visitor.context.storage_state()
    visitor.close()
    return state


def let_ada_wait(browser, house):
    """Pause the house and let ada ask for a notebook, so that her server stays on its way."""
    root = Visitor(browser, house, "admin").log_in(house.admin_password)
    root.page.wait_for_url("**/services/madang/")
    root.call("POST", "maintenance", {"reason": "figures", "until_ms": None})
    root.close()
    ada = Visitor(browser, house, "ada").log_in()
    ada.page.wait_for_url("**/services/madang/")
    ada.choose("vision-lab", "gpu-1")
    ada.page.wait_for_url("**/wait/**")
    ada.close()


def measure(browser, house, rounds):
    """Return (address, bytes, ms) of each page."""
    ada = state_of(browser, house, "ada", house.password)
    root = state_of(browser, house, "admin", house.admin_password)
    found = []

    def look(address, state):
        visits = [one_visit(browser, house, state, address) for _ in range(rounds)]
        found.append((address, max(v[0] for v in visits), median(v[1] for v in visits)))

    for address in (*(f"/services/madang/{page}" for page in PAGES), *HUB):
        look(address, None if address == "/hub/login" else ada)
    look("/services/madang/admin", root)
    let_ada_wait(browser, house)
    # Whoever waits is sent on at once; who looks after them stays on the hub's page.
    look(PENDING, root)
    look(STOCK, root)
    return found


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        house = House(Path(place) / "home", "sim:8xh200").up()
        browser = launch(playwright)
        try:
            found = measure(browser, house, rounds)
        finally:
            browser.close()
            house.down()
    print(f"{'page':32} {'kB':>8} {'first paint ms':>16}")
    for address, size, painted_ms in found:
        print(f"{address:32} {size / 1000:8.1f} {painted_ms:16.0f}")
    judged = [row for row in found if row[0] != STOCK]
    missed = [row[0] for row in judged if row[1] >= LARGEST_BYTES or row[2] >= SLOWEST_MS]
    print(f"goals: under {LARGEST_BYTES // 1000} kB, under {SLOWEST_MS} ms, median of {rounds}")
    print(f"not judged, since it is JupyterHub's own: {STOCK}")
    if missed:
        print("missed by:", ", ".join(missed))
        sys.exit(1)


if __name__ == "__main__":
    main()
