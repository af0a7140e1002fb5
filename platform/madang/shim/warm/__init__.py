"""A warm parent: one process with a server's modules imported, which forks keepers with servers.

Used by the hub where all servers run as one user. The forked keeper is the keeper of
:mod:`madang.shim.keeper`, with the same record, lock, gate and stop; only its last step differs:
the child goes on in this interpreter instead of running another program. Whatever is off (modules
that start threads, other versions, a trial fork that fails) means an ordinary launch, with the
reason in the record's meta. Standard library only; which modules are imported is the caller's.
"""

from madang.shim.warm.asking import WarmParent, stop
from madang.shim.warm.state import WarmState, read_state

__all__ = ["WarmParent", "WarmState", "read_state", "stop"]
