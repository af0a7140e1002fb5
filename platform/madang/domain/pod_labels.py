"""Labels by which everything that an attempt has on a cluster is found again.

The launcher writes them onto Jobs and pods, the hub's spawner onto notebooks, and the chart's
network rules select by them, so that all three must say the same.
"""

import hashlib
import re

PREFIX = "madang.io/"
LEASE = f"{PREFIX}lease"
ATTEMPT = f"{PREFIX}attempt"
KIND = f"{PREFIX}kind"
PROJECT = f"{PREFIX}project"
PERSON = f"{PREFIX}person"
ROLE = f"{PREFIX}role"
CLUSTER = f"{PREFIX}cluster"
"""Name of the cluster whose scheduler and workers may talk to each other."""

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "madang"

MAX_VALUE = 63
_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9]+", re.ASCII)
_MADE = "x--"


def label_value(text: str) -> str:
    """Return a text as the value of a label: itself if that can be, else a name and a hash.

    Two texts never get the same value, as nothing that starts like a made one is left as it is.

    Examples
    --------
    >>> label_value("ada")
    'ada'
    >>> label_value("ada@example.org")
    'x--ada-example-org-cfe00dde46ef942601ff'
    """
    if _VALUE.fullmatch(text) and not text.startswith(_MADE):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    readable = _UNSAFE.sub("-", text).strip("-")[:30].strip("-")
    return f"{_MADE}{readable}-{digest}" if readable else f"{_MADE}{digest}"


def attempt_labels(
    lease_id: str, attempt: int, kind: str, person: str, project: str
) -> dict[str, str]:
    """Return what every object of an attempt is labelled with.

    Parameters
    ----------
    kind
        ``notebook``, ``cluster`` or ``slot``.
    person, project
        Ids, not names: those are a person's own to choose, and may change.
    """
    return {
        MANAGED_BY: MANAGER,
        LEASE: label_value(lease_id),
        ATTEMPT: str(attempt),
        KIND: kind,
        PERSON: label_value(person),
        PROJECT: label_value(project),
    }


def selector(**wanted: str) -> str:
    """Return a query for objects of ours with these values, by the last part of each label's key.

    Examples
    --------
    >>> selector(lease="lease-a", attempt="1")
    'app.kubernetes.io/managed-by=madang,madang.io/lease=lease-a,madang.io/attempt=1'
    """
    more = [f"{PREFIX}{key}={label_value(value)}" for key, value in wanted.items()]
    return ",".join([f"{MANAGED_BY}={MANAGER}", *more])
