"""A cluster for the tests of this folder: started once, a namespace of its own for each test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))
sys.path.insert(0, str(Path(__file__).parent))

from cluster import cluster, running_cluster

__all__ = ["cluster", "running_cluster"]

LIMIT_S = 300
"""Of a test, for waits that have deadlines of their own: a hub on a busy machine takes minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of this folder time; the first one of all also starts the cluster."""
    for item in items:
        if item.path.parent == Path(__file__).parent and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LIMIT_S))
