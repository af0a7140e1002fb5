"""The handle of adapting that was turned on; made by :class:`madang.client.cluster.Cluster`."""

import weakref
from typing import TYPE_CHECKING, Any

from distributed.core import Status

if TYPE_CHECKING:
    from madang.client.cluster import Cluster


class Adapting:
    """Adapting that was turned on; the service does it, this only turns it off.

    Attributes
    ----------
    minimum, maximum
        Bounds of the number of workers.
    """

    def __init__(self, cluster: "Cluster", minimum: int, maximum: int) -> None:
        self._cluster = weakref.ref(cluster)
        self.minimum = minimum
        self.maximum = maximum

    def stop(self) -> Any:
        """Keep the workers that there are, from now on."""
        cluster = self._cluster()
        if cluster is None or cluster.status is not Status.running:
            return None
        return cluster.keep_workers()

    def __repr__(self) -> str:
        return f"<Adapting between {self.minimum} and {self.maximum} workers>"
