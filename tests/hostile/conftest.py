"""One furnished house for all hostile tests of a worker."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Test modules are imported by file, so their neighbours are not found without this.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from hostile_house import House

    made = House(tmp_path_factory.mktemp("house"))
    made.open()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def furniture(house: Any) -> Any:
    from hostile_house import Furniture

    return Furniture(house)
