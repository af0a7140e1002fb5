"""``madang doctor --cluster``: what could stand in the way on a cluster, and what to do about it.

Reads a cluster once as whoever asks, and changes nothing in it; in the service's own pod it asks
the database too.
"""

import asyncio
import os
from pathlib import Path

from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.cluster_names import is_dns_label, is_dns_subdomain
from madang.engines.kubernetes.reading import read_cluster
from madang.errors import InvalidError, LocalError, MadangError
from madang.settings.files import load_policy
from madang.stack import defaults
from madang.stack.checks import Check, cluster
from madang.stack.database_doctor import database_checks
from madang.stack.queue_removal import usual_kubeconfig


def cluster_doctor(
    policy: Path | None = None, *, kubeconfig: Path | None = None, account: str = ""
) -> list[Check]:
    """Check a cluster against policy.yaml.

    Parameters
    ----------
    policy
        The file; the installation's own when None.
    kubeconfig
        Names the cluster; when None the one that this runs in, or that of ``~/.kube/config``.
    account
        Service account of the service as ``namespace/name``, whose rights are looked at; whoever
        asks when empty.

    Raises
    ------
    InvalidError
        The policy is not sound, or the account has no such form.
    """
    known = load_policy(defaults.config_file("policy.yaml", policy and str(policy))).cluster
    home, _, name = account.partition("/")
    if account and not (is_dns_label(home) and is_dns_subdomain(name)):
        raise InvalidError("account_unreadable", given=account[:80])
    found = asyncio.run(_check(known, kubeconfig or usual_kubeconfig(), account))
    return [*found, *database_checks(os.environ)]


async def _check(policy: ClusterPolicy, kubeconfig: Path | None, account: str) -> list[Check]:
    # A workstation need not have the library.
    try:
        from madang.engines.kubernetes.client import connect
    except ImportError as error:
        raise LocalError("kubernetes_not_installed") from error
    try:
        api = await connect(kubeconfig)
    except MadangError as error:
        return [_silent(error)]
    try:
        facts = await read_cluster(api, policy, account)
    except MadangError as error:
        return [_silent(error)]
    finally:
        await api.close()
    return cluster.checks(facts, policy)


def _silent(error: MadangError) -> Check:
    why = error.details.get("said") or error.details.get("given") or error.code
    return Check("cluster_silent", False, {"why": str(why)})
