"""Runs and looks after an installation on one machine: `up`, `down`, `backup`, `doctor` and so on.

Proxy, hub and service are siblings under one supervisor: each is restarted alone, none is the child
of another, and none of them owns a kernel. The command line calls these functions; no logic of the
product is here.
"""

from madang.stack.backing_up import Backup, backup
from madang.stack.checks import Check
from madang.stack.cluster_doctor import cluster_doctor
from madang.stack.doctor import doctor
from madang.stack.down import down
from madang.stack.queue_removal import remove_queues
from madang.stack.restoring import Restored, restore
from madang.stack.serve import migrate, serve
from madang.stack.status import status
from madang.stack.up import up

__all__ = [
    "Backup",
    "Check",
    "Restored",
    "backup",
    "cluster_doctor",
    "doctor",
    "down",
    "migrate",
    "remove_queues",
    "restore",
    "serve",
    "status",
    "up",
]
