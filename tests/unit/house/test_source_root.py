"""The folder ``platform/`` must never shadow the standard library's module of the same name."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", [".", "platform", "hub_config"])
def test_the_standard_module_is_found(folder: str) -> None:
    code = "import platform, uuid; print(platform.system(), platform.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / folder, capture_output=True, text=True, check=True
    )
    assert found.stdout.split()[0] == "Linux"
    assert str(ROOT / "platform") not in found.stdout


@pytest.mark.parametrize(
    "path", ["platform/__init__.py", "platform/platform.py", "hub_config/platform.py"]
)
def test_nothing_that_would_shadow_it_exists(path: str) -> None:
    assert not (ROOT / path).exists()


def test_platform_holds_no_module_of_its_own() -> None:
    assert not list((ROOT / "platform").glob("*.py"))


def test_the_lock_names_no_download_address() -> None:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    assert not [line for line in lines if "://" in line]
