"""Runs an installation on one machine: `up`, `down`, `status`, `serve`, `doctor`.

Proxy, hub and service are siblings under one supervisor: each is restarted alone, none is the child
of another, and none of them owns a kernel. The command line calls these functions; no logic of the
product is here.
"""

from madang.stack.doctor import Check, doctor
from madang.stack.down import down
from madang.stack.serve import serve
from madang.stack.status import status
from madang.stack.up import up

__all__ = ["Check", "doctor", "down", "serve", "status", "up"]
