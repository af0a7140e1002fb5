"""``madang demo`` is the acceptance of the whole house: every step must hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


@pytest.mark.timeout(180)
def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "madang.cli.main", "demo", "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.fullmatch(r"demo: 16 steps, 16 ok, 0 failed", told.stdout.splitlines()[-1])


def test_the_demo_never_touches_somebodys_data(tmp_path: Path) -> None:
    mine = tmp_path / "thesis.txt"
    mine.write_text("three years of work")
    told = subprocess.run(
        [sys.executable, "-m", "madang.cli.main", "demo", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert str(tmp_path) in told.stderr
    assert mine.read_text() == "three years of work"
