"""The end of what a pod printed, and what its node or the controllers say of it.

Used by the launcher for people who ask why something ended, or why it does not begin.
"""

from collections.abc import Iterator
from typing import Any

from madang.engines.kubernetes.client import Api
from madang.errors import MadangError

LINES = 1_000
MAX_BYTES = 1024 * 1024
"""Lines may be as long as a tenant likes."""

MAX_SAID = 400

_QUIET = ("", "Completed", "Error", "ContainerCreating", "PodInitializing")
"""What the log itself or the pages say better."""


async def log_of(api: Api, path: str, pod: dict[str, Any], max_bytes: int) -> str:
    """Return the last bytes that a pod printed, headed by what was said of it.

    Parameters
    ----------
    path
        Of the pod.
    """
    said = "".join(f"[{line[:MAX_SAID]}]\n" for line in _said(pod.get("status") or {}))
    try:
        text = await api.text(f"{path}/log", tailLines=LINES, limitBytes=MAX_BYTES)
    except MadangError:
        # It has not begun, or its node does not answer: then what was said is all there is.
        text = ""
    room = max(0, max_bytes - len(said.encode()))
    tail = text.encode()[-room:].decode("utf-8", "ignore") if room else ""
    return said + tail


def _said(status: dict[str, Any]) -> Iterator[str]:
    for each in [status, *_states(status)]:
        reason = each.get("reason") or ""
        if reason not in _QUIET:
            yield f"{reason}: {each['message']}" if each.get("message") else reason
    for condition in status.get("conditions") or []:
        is_open = condition["type"] == "PodScheduled" and condition["status"] == "False"
        if is_open or (condition["type"] == "DisruptionTarget" and condition["status"] == "True"):
            yield f"{condition.get('reason', '')}: {condition.get('message', '')}"


def _states(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        yield from (state[kind] for kind in ("waiting", "terminated") if kind in state)
