"""What passes between a visitor and a dashboard: names of headers, and the policy of its pages.

Pure: data in, data out. Both directions are lists of what may pass; all else stays here, cookies
and authorisation first of all.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

CLUSTER = re.compile(r"cluster-[0-9a-z]{26}")
COOKIE = "madang-dashboard"

_TO_TENANT = ("accept", "accept-language", "user-agent", "if-none-match", "if-modified-since")
_TO_VISITOR = ("content-type", "etag", "last-modified", "content-encoding")
_CLOSED = ("api", "metrics")
"""First parts of paths that are the service's to ask, or nobody's."""


def path_of(cluster: str) -> str:
    """Return where a cluster's dashboard lies on the origin of dashboards."""
    return f"/c/{cluster}/"


def leaf_of(given: str) -> str | None:
    """Return the path to ask the scheduler for; None for one that is not handed on."""
    parts = given.split("/")
    is_plain = given.isascii() and given.isprintable() and not set(given) & set("\\%?#")
    if not is_plain or parts[0] in _CLOSED or any(part in (".", "..") for part in parts):
        return None
    return given


def to_tenant(headers: Mapping[str, str], key_header: str, key: str) -> dict[str, str]:
    """Return the headers that a scheduler gets to see."""
    passed = {name: headers[name] for name in _TO_TENANT if name in headers}
    return {
        **passed,
        "accept-encoding": headers.get("accept-encoding", "identity"),
        key_header: key,
    }


def to_visitor(headers: Mapping[str, str], own: str, cluster: str) -> dict[str, str]:
    """Return the headers of an answer: a few of the tenant's, and ours.

    Parameters
    ----------
    own
        Origin of dashboards, as the browser writes it.
    """
    passed = {name: headers[name] for name in _TO_VISITOR if name in headers}
    return {
        **passed,
        **FIXED,
        # A browser may keep the scripts of a dashboard, but asks each time whether it may look.
        "cache-control": "private, no-cache",
        "content-security-policy": policy(own, cluster),
    }


FIXED = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def policy(own: str, cluster: str) -> str:
    """Return the policy under which the pages of one cluster run.

    All dashboards share an origin, so scripts of one may reach nothing below the path of another:
    every address is limited to the path, and without frames, workers and new windows there is no
    other document that they could read.
    """
    base = f"{own}{path_of(cluster)}"
    socket = "ws" + base.removeprefix("http")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'unsafe-inline' 'unsafe-eval' {base}",
            f"style-src 'unsafe-inline' {base}",
            f"img-src data: blob: {base}",
            f"font-src data: {base}",
            f"connect-src {base} {socket}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "sandbox allow-scripts allow-same-origin allow-downloads",
        )
    )


def location_of(given: str, cluster: str) -> str:
    """Return where a redirect of the scheduler leads on our side: always below its own path."""
    path = urlsplit(given).path.lstrip("/")
    return path_of(cluster) + (leaf_of(path) or "")


def subprotocols_of(given: Iterable[str]) -> list[str]:
    """Return the subprotocols of a websocket, within reason; Bokeh puts its token there."""
    return [name.strip() for name in ",".join(given).split(",") if name.strip()][:8]
