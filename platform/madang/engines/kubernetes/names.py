"""Names of an attempt's objects, derived from lease and attempt, so that they are known beforehand.

Nothing else makes a name: a start that is repeated after a crash finds what the first one made.
"""

import re

from madang.errors import InvalidError

FINALIZER = "madang.dev/record"
"""On pods: what a pod was stays readable after it is gone from its node, until we discard it."""

STOPPED = "madang.dev/stopped-ms"
"""Annotation of a Job that was asked to stop; with it nothing of it starts any more."""

_LEASE = re.compile(r"lease-[0-9a-z]{1,40}", re.ASCII)
_MAX_ATTEMPT = 999_999


def attempt_name(lease_id: str, attempt: int) -> str:
    """Return the name that all objects of an attempt begin with.

    Raises
    ------
    InvalidError
        ``attempt_unnameable``: this is no id of a lease.
    """
    if not _LEASE.fullmatch(lease_id) or not 0 < attempt <= _MAX_ATTEMPT:
        raise InvalidError("attempt_unnameable", lease=lease_id[:60], attempt=attempt)
    return f"{lease_id}-{attempt}"


def worker_name(attempt: str, index: int) -> str:
    """Return the name of a Job of workers."""
    return f"{attempt}-w{index}"


def secret_name(attempt: str) -> str:
    """Return the name of the Secret, made last of all: without it no container starts."""
    return f"{attempt}-secret"


def host_of(attempt: str, namespace: str) -> str:
    """Return where others in the cluster find the scheduler of an attempt."""
    return f"{attempt}.{namespace}.svc"
