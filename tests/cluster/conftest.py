"""A cluster for the tests of this folder: started once, a namespace of its own for each test."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))
sys.path.insert(0, str(Path(__file__).parent))

from cluster import cluster, running_cluster

__all__ = ["cluster", "running_cluster"]
