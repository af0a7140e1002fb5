"""One trial fork of a nursery that has grown: it uses what was imported, within a time limit.

A fork that is not sound hangs, so that is what is looked for; the fork has no client and says
nothing. Called by :mod:`growing` once, before anybody is served.
"""

import contextlib
import os
import select
import signal
import sys
from typing import Any

from madang.runner.forked import rebirth

LIMIT_S = 10.0


def why_not_sound(limit_s: float = LIMIT_S) -> str:
    """Fork, let the fork try, and return a reason when it did not come through."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            rebirth.die_with_parent(parent)
            rebirth.reset_signals()
            rebirth.renew_libraries()
            _try_libraries()
            os._exit(0)
        finally:
            os._exit(1)
    watched = os.pidfd_open(pid)
    is_over = bool(select.select([watched], [], [], limit_s)[0])
    if not is_over:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    os.close(watched)
    if not is_over:
        return f"canary_hung {limit_s:g}"
    return "" if status == 0 else f"canary_failed {os.waitstatus_to_exitcode(status)}"


def _try_libraries() -> None:
    """Use each pool that a loaded library would use: BLAS, Arrow, OpenMP and Dask."""
    loaded: dict[str, Any] = dict(sys.modules)
    numpy = loaded.get("numpy")
    if numpy is not None:
        square = numpy.ones((96, 96))
        (square @ square).sum()
    if (arrow := loaded.get("pyarrow")) is not None:
        arrow.table({"a": [1, 2]}).group_by("a").aggregate([("a", "sum")])
    if (dask := loaded.get("dask")) is not None and "dask.threaded" in loaded:
        dask.compute(dask.delayed(sum)([1, 2]), scheduler="threads")
    if numpy is not None and (cluster := loaded.get("sklearn.cluster")) is not None:
        cluster.KMeans(2, n_init=1).fit(numpy.arange(64.0).reshape(32, 2))
