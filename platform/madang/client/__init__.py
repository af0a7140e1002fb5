"""What people import: a Dask cluster in two lines, a notebook as a run, the bill.

Speaks HTTP to the service and imports nothing of it. Names are loaded on first use: whoever only
asks for the usage never imports distributed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from madang.client.cluster import Cluster
    from madang.client.environments import Environment, environment
    from madang.client.http import MadangClient
    from madang.client.recording import record
    from madang.client.report import Usage, usage
    from madang.client.runs import Run, run
    from madang.client.sweeps import Sweep, sweep

_PLACES = {
    "Cluster": "madang.client.cluster",
    "Environment": "madang.client.environments",
    "MadangClient": "madang.client.http",
    "Run": "madang.client.runs",
    "Sweep": "madang.client.sweeps",
    "Usage": "madang.client.report",
    "environment": "madang.client.environments",
    "record": "madang.client.recording",
    "run": "madang.client.runs",
    "sweep": "madang.client.sweeps",
    "usage": "madang.client.report",
}

__all__ = [
    "Cluster",
    "Environment",
    "MadangClient",
    "Run",
    "Sweep",
    "Usage",
    "environment",
    "record",
    "run",
    "sweep",
    "usage",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'madang.client' has no attribute {name!r}")
