"""Madang: share GPUs through notebooks, with one queue, one budget and one ledger.

What users import lives in :mod:`madang.client` and is re-exported here on first use, so that
``import madang`` stays cheap for the command line and for processes that never open a cluster.
"""

from typing import Any

__version__ = "0.1.0"

_CLIENT_NAMES = ("Cluster", "environment", "record", "run", "sweep", "usage", "MadangClient")

__all__ = [
    "Cluster",
    "MadangClient",
    "__version__",
    "environment",
    "record",
    "run",
    "sweep",
    "usage",
]


def __getattr__(name: str) -> Any:
    if name in _CLIENT_NAMES:
        import madang.client as client

        return getattr(client, name)
    raise AttributeError(f"module 'madang' has no attribute {name!r}")
