"""Makes the house of these tests importable, and hands one to each test."""

import sys
from pathlib import Path

import pytest

# Test modules are imported by file, so their neighbours are not found without this.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def house():
    from pages_house import House

    return House()
