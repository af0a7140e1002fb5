"""Lets one plan be played alone, by the name that a failure prints."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of a plan; heard where this folder is named on the command line."""
    parser.addoption("--plan", default="", help="play only plans whose name begins so")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of faults are wanted here; their tracebacks would hide the one that is not."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many plans were played."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    counts = [dict(report.user_properties).get("plans", 0) for report in reports]
    if sum(counts):
        terminalreporter.write_line(f"plans played: {sum(counts)}")
