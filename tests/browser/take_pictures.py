"""Takes the pictures of the README: a real installation, real people, real requests.

Run by ``make pictures``; it must not touch an installation that is in use.
"""

import argparse
import tempfile
from pathlib import Path

from browser_house import House, Visitor, launch, until
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
LARGEST_BYTES = 150_000


def at_home(visitor):
    visitor.log_in()
    visitor.page.wait_for_url("**/services/madang/")
    return visitor


def take(visitor, folder, name, path, height):
    visitor.go(path) if path is not None else None
    visitor.page.set_viewport_size({"width": visitor.page.viewport_size["width"], "height": height})
    visitor.page.wait_for_load_state("networkidle") if path is None else None
    expect(visitor.page.locator("h1").first).to_be_visible()
    file = folder / f"{name}.png"
    visitor.page.screenshot(path=file)
    assert file.stat().st_size < LARGEST_BYTES, f"{file} has {file.stat().st_size} bytes"


def fill(house, browser):
    """Let four people ask for more than there is, and return those who are looked at."""
    ada, bora = at_home(Visitor(browser, house, "ada")), None
    ada.choose("vision-lab", "gpu-1")
    ada.in_lab()
    ada.go()
    cluster = {"project": "vision-lab", "name": "features", "workers": 2, "gpus_per_worker": 1}
    ada.call("POST", "clusters", cluster)
    until(lambda: any(row["ready"] for row in ada.call("GET", "clusters")), "cluster is ready", 90)
    chan = at_home(Visitor(browser, house, "chan"))
    chan.choose("language-lab", "gpu-4")
    chan.in_lab()
    dana = at_home(Visitor(browser, house, "dana"))
    dana.choose("language-lab", "gpu-2")
    dana.page.wait_for_url("**/wait/**")
    bora = at_home(Visitor(browser, house, "bora", lang="ko", width=390))
    bora.choose("vision-lab", "gpu-2")
    bora.page.wait_for_url("**/wait/**")
    ada.call(
        "POST",
        "leases",
        {"kind": "notebook", "name": "evaluation", "project": "open", "profile": "gpu-2"},
    )
    return ada, bora


def main():
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "platform/docs/pictures")
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        house = House(Path(place) / "home", "sim:8xh200").up()
        browser = launch(playwright)
        try:
            ada, bora = fill(house, browser)
            expect(bora.page.locator(".place-big")).to_be_visible()
            take(bora, folder, "waiting-ko-phone", None, 860)
            take(ada, folder, "home-en-desktop", "", 800)
            take(ada, folder, "queue-en-desktop", "queue", 1010)
            take(ada, folder, "usage-en-desktop", "usage", 1000)
        finally:
            browser.close()
            house.down()


if __name__ == "__main__":
    main()
