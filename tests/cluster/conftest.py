"""A cluster for the tests of this folder: started once, a namespace of its own for each test."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))
sys.path.insert(0, str(Path(__file__).parent))

from cluster import cluster, running_cluster
from given_cluster import given

__all__ = ["cluster", "running_cluster"]

LIMIT_S = 300
"""Of a test, for waits that have deadlines of their own: a hub on a busy machine takes minutes."""

_skipped: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of this folder time; the first one of all also starts the cluster.

    What would harm a cluster of somebody else runs on one of our own only.
    """
    for item in items:
        if item.path.parent != Path(__file__).parent:
            continue
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LIMIT_S))
        if given() and (mark := item.get_closest_marker("own_cluster")):
            _skipped[mark.args[0]] += 1
            item.add_marker(pytest.mark.skip(reason=f"KUBECONFIG is given, and it {mark.args[0]}"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what did not run because the cluster is somebody else's."""
    if given() and _skipped:
        count = sum(_skipped.values())
        terminalreporter.section(f"cluster of KUBECONFIG: {count} tests need one of our own")
        for reason, tests in sorted(_skipped.items()):
            terminalreporter.write_line(f"{tests} skipped: it {reason}")
