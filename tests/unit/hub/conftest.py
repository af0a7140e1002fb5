"""Makes the neighbours of these tests importable, and spawners of pods without a cluster."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pod_spawners import ready_lease, spawner_of


@pytest.fixture
async def make_spawner(monkeypatch):
    """Return a maker of spawners whose API server is nowhere."""
    # Where there is no cluster, there is nothing about it to load either.
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_given: None)
    return spawner_of


@pytest.fixture
def lease():
    """A ready lease as the hub sees it."""
    return ready_lease()
