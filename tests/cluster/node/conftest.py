"""A real node for the tests of this folder: started once, a namespace for each test."""

import itertools
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from contained import INSIDE, why_not
from installed import Installed
from node_cluster import OUTSIDE, NodeCluster
from people import Person, in_turns
from release import install
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


@pytest.fixture(scope="session")
def release(node_cluster: NodeCluster, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the release that all tests of people share, once.

    Whoever needs the node for another one clears it away first, and comes last.
    """
    made = Installed(node_cluster, tmp_path_factory.mktemp("release"))
    made.prepare()
    install(made)
    return made


@pytest.fixture
async def people(release: Installed) -> AsyncIterator[Callable[[str, str], Person]]:
    """Return what makes people of the release; what they have ends with the test."""
    made: list[Person] = []

    def person(name: str, project: str) -> Person:
        made.append(Person(release, name, project))
        return made[-1]

    yield person
    await in_turns([each.leave() for each in made])
