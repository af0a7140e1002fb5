"""One installation and one Chromium for all browser tests; a visitor for each name asked for."""

import os
import sys
from pathlib import Path

import pytest

# Test modules are imported by file, so their neighbours are not found without this.
sys.path.insert(0, str(Path(__file__).parent))

PICTURES = "MADANG_BROWSER_PICTURES"
"""Environment variable that names the folder for the screenshots of the tests."""


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    from browser_house import House

    folder = tmp_path_factory.mktemp("madang")
    installation = House(folder).up()
    yield installation
    installation.down()


@pytest.fixture(scope="session")
def browser():
    from browser_house import launch
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A missing Chromium is a failure with its next step: this tier was asked for.
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture
def visit(browser, house):
    """Return a function that lets somebody in; complaints of the console fail the test."""
    from browser_house import Visitor

    visitors = []

    def come(name, **looks):
        visitor = Visitor(browser, house, name, **looks)
        visitors.append(visitor)
        return visitor

    yield come
    complaints = [line for visitor in visitors for line in visitor.complaints]
    for visitor in visitors:
        visitor.close()
    assert not complaints


@pytest.fixture
def picture(request):
    """Return a function that keeps a screenshot when a folder for them was named."""

    def take(visitor, name="", page=None):
        folder = os.environ.get(PICTURES)
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / f"{request.node.name}{name and '-'}{name}.png"
            (page or visitor.page).screenshot(path=path, full_page=True)

    return take
