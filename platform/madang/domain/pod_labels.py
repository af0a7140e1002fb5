"""Labels on everything that is started in a cluster for a lease, shared by all who look for it.

The hub makes notebook pods, the service's engine everything else, and the chart's network rules
select by them; each finds what belongs to an attempt by these and by nothing else.
"""

import hashlib
import re

from madang.domain.project import Internet

PREFIX = "madang.dev/"

LEASE = PREFIX + "lease"
ATTEMPT = PREFIX + "attempt"
PERSON = PREFIX + "person"
"""Opaque id of the person, never a name."""
PROJECT = PREFIX + "project"
"""Opaque id of the project, never a name."""
KIND = PREFIX + "kind"
"""``notebook``, ``cluster`` or ``slot``."""
ROLE = PREFIX + "role"
"""Of a pod in its attempt: ``scheduler``, ``worker-0``, …; a notebook's pod has none."""
CLUSTER = PREFIX + "cluster"
"""Name of the Dask cluster whose pods may talk to each other."""
INTERNET = PREFIX + "internet"
"""``on`` or ``allow-list``; nothing of the internet is open to what has no such label."""

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


def pod_labels(
    *,
    lease: str,
    attempt: int,
    person: str,
    project: str,
    kind: str,
    internet: Internet = Internet.OFF,
) -> dict[str, str]:
    """Return the labels of what runs for one attempt of a lease."""
    return {
        LEASE: label_value(lease),
        ATTEMPT: str(attempt),
        PERSON: label_value(person),
        PROJECT: label_value(project),
        KIND: kind,
        **({} if internet is Internet.OFF else {INTERNET: str(internet)}),
    }


def selector(lease: str = "", attempt: int = 0) -> str:
    """Return the query for everything of one attempt, or of all.

    Examples
    --------
    >>> selector("lease-a", 1), selector()
    ('madang.dev/lease=lease-a,madang.dev/attempt=1', 'madang.dev/lease,madang.dev/attempt')
    """
    if not lease:
        return f"{LEASE},{ATTEMPT}"
    return f"{LEASE}={label_value(lease)},{ATTEMPT}={attempt}"
