"""Makes houses for the tests here, and ``services_house`` and ``migrated`` importable for them."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from madang.engines.hostile import Faults, HostileEngine

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from services_house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Return a calm house."""
    made = House(tmp_path, HostileEngine(1, {"sim-h200": 4}))
    await made.open()
    yield made
    made.services.core.store.close()


@pytest.fixture
def make_house(tmp_path: Path) -> Any:
    """Return a maker of houses with faults."""

    def make(seed: int, faults: Faults) -> House:
        folder = tmp_path / str(seed)
        folder.mkdir()
        return House(folder, HostileEngine(seed, {"sim-h200": 4}, faults))

    return make


@pytest.fixture(scope="session")
def house_of() -> Any:
    """Return what builds a house over an engine of the test's own."""
    return House
