"""A real node for the tests of this folder: started once, a namespace for each test."""

import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from contained import INSIDE, why_not
from node_cluster import OUTSIDE, NodeCluster
from space import Space

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def node_cluster() -> Iterator[NodeCluster]:
    """Start a cluster with a node for the session; outside of its namespaces it fails."""
    if INSIDE not in os.environ:
        pytest.fail(why_not() or OUTSIDE, pytrace=False)
    made = NodeCluster(Path(tempfile.mkdtemp(prefix="cluster-")))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def space(node_cluster: NodeCluster) -> Iterator[Space]:
    """Make a namespace for a test, and delete it with all that is in it."""
    made = Space(node_cluster, f"test-{next(_numbers)}")
    yield made
    made.delete()
