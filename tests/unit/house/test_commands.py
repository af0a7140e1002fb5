"""A newcomer is told the very commands that have to be green."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def commands(text: str) -> list[str]:
    """Return the targets of make that a text names, in order."""
    return re.findall(r"make ([a-z-]+)", text)


def test_what_contributors_and_readers_are_told_is_what_ci_runs() -> None:
    run = commands((ROOT / ".ci" / "run").read_text())
    assert run[0] == "check"
    first = (ROOT / "CONTRIBUTING.md").read_text().split("must be green")[0]
    assert commands(first) == run
    [row] = [line for line in (ROOT / "README.md").read_text().splitlines() if ".ci/run" in line]
    assert [name for name in commands(row) if name in run] == run


def test_each_of_them_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name in commands((ROOT / ".ci" / "run").read_text()):
        assert re.search(rf"^{name}:.*## ", makefile, re.MULTILINE), name
