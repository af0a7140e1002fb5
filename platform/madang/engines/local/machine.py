"""Since when this machine (or container) has been up: the one sign of a loss that no tenant makes.

Used by the local launcher. Tenants may run as the same user as the service, so nothing that lies in
a folder can prove a crash; that the first process is younger than a lease does.
"""

import os
from pathlib import Path

from madang.shim.record import start_ticks


def machine_since_ms() -> int | None:
    """Return when the first process was started, in UTC milliseconds; None when unknown."""
    try:
        lines = Path("/proc/stat").read_text("ascii").splitlines()
    except OSError:
        return None
    boot_s = next((int(line.split()[1]) for line in lines if line.startswith("btime ")), None)
    if boot_s is None:
        return None
    ticks = start_ticks(1) or 0
    return boot_s * 1_000 + ticks * 1_000 // os.sysconf("SC_CLK_TCK")
