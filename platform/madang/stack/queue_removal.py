"""``madang remove-queues``: what an installation leaves on a cluster when it goes."""

import asyncio
import os
from pathlib import Path

from madang.domain.cluster_names import is_dns_label
from madang.errors import InvalidError, LocalError

_USUAL = Path("~/.kube/config")
_INSIDE = "KUBERNETES_SERVICE_HOST"


def remove_queues(
    namespace: str, prefix: str, *, kubeconfig: Path | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete the queue objects of an installation; return what was, and which leases hinder it.

    Parameters
    ----------
    namespace, prefix
        As ``kubernetes`` of policy.yaml has them.
    kubeconfig
        Names the cluster; when None the one that this runs in, or that of ``~/.kube/config``.

    Raises
    ------
    InvalidError
        ``queue_names_unreadable``: a name that Kubernetes would not take.
    """
    for given in (namespace, prefix):
        if not is_dns_label(given):
            raise InvalidError("queue_names_unreadable", given=given[:80])
    return asyncio.run(_remove(namespace, prefix, kubeconfig or usual_kubeconfig()))


def usual_kubeconfig() -> Path | None:
    """Return the person's own file; None inside of a cluster, or where there is none."""
    path = _USUAL.expanduser()
    return path if _INSIDE not in os.environ and path.exists() else None


async def _remove(
    namespace: str, prefix: str, kubeconfig: Path | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # A workstation need not have the library.
    try:
        from madang.engines.kubernetes.clearing import remove_queues as remove
        from madang.engines.kubernetes.client import connect
    except ImportError as error:
        raise LocalError("kubernetes_not_installed") from error
    api = await connect(kubeconfig)
    try:
        cleared = await remove(api, namespace, prefix)
    finally:
        await api.close()
    return cleared.removed, cleared.leases
