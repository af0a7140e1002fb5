"""Where a cluster's dashboard answers, for who may manage the cluster.

Used by the listener that hands dashboards on, and by nothing else: the address is one of loopback,
or of a Service of our own on a Kubernetes cluster, and the key opens the whole interface of the
scheduler, so neither ever reaches a person.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from madang.domain.cluster import scheduler_key
from madang.domain.lease import Lease
from madang.errors import ConflictError, NotFoundError
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.settings.config import SERVICE_PREFIX
from madang.store import Tx

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SERVICE = ".svc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A scheduler's HTTP interface.

    Attributes
    ----------
    url
        Address on loopback or of a Service, with a slash at its end.
    key
        What it asks for. Secret.
    """

    url: str
    key: str = field(repr=False)


def link(public_url: str, cluster: str) -> str:
    """Return the address that opens a dashboard in a browser whose person is logged in."""
    return f"{public_url.rstrip('/')}{SERVICE_PREFIX}/clusters/{cluster}/dashboard"


def is_ours(url: str) -> bool:
    """Tell whether an engine's schedulers may answer at a URL; nothing else is ever asked."""
    host = urlsplit(url).hostname or ""
    return host in _LOOPBACK or host.endswith(_SERVICE)


class Dashboards:
    """Finds dashboards."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def upstream(self, actor: Actor, cluster_id: str) -> Upstream:
        """Return where the dashboard of a cluster answers.

        Raises
        ------
        NotFoundError
            ``cluster_unknown`` for whoever may not manage it.
        ConflictError
            ``cluster_not_ready`` while its scheduler does not answer.
        """
        access.require_person(actor)

        def work(tx: Tx) -> Lease:
            cluster = access.visible_cluster(tx, actor, cluster_id)
            lease = tx.leases.get(cluster.lease)
            if lease is None:
                raise NotFoundError("cluster_unknown", given=cluster_id[:60])
            return lease

        lease = await self._core.store.read(work)
        found = None
        if lease.holds_devices:
            found = await self._core.engine.launcher.endpoint(lease.id, lease.attempt)
        if found is None or not is_ours(found.dashboard_url):
            raise ConflictError("cluster_not_ready", state=str(lease.state))
        return Upstream(url=found.dashboard_url, key=scheduler_key(found.key_pem))
