"""Start one process of a lease, record its life, and end its whole tree.

Used by the hub (notebook servers), the local engine (clusters, slots) and the service (reading).
Every process gets a keeper of its own: a small process that outlives whoever asked for it, so that
a restart of hub or service kills nothing, and a service that was down learns what happened from
the record folder. Liveness is the lock that the keeper holds, never a bare process id.

Standard library only: the keeper must start in milliseconds beside any user environment.
"""

from madang.shim.launching import launch, set_deadline, stop
from madang.shim.record import MARKER, Record, read
from madang.shim.strays import strays, sweep
from madang.shim.warm import WarmParent

__all__ = [
    "MARKER",
    "Record",
    "WarmParent",
    "launch",
    "read",
    "set_deadline",
    "stop",
    "strays",
    "sweep",
]
