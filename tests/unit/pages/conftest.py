"""A house with people in it, for tests of the pages: views as the services return them."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "pages_house", Path(__file__).with_name("pages_house.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
_HOUSE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_HOUSE)


@pytest.fixture
def house():
    return _HOUSE.House()
