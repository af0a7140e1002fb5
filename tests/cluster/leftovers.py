"""What belongs to no namespace and so could be seen by others: who made it takes it away."""

import time

from api_server import ApiServer

from madang.engines.kubernetes.names import FINALIZER

_KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_KINDS = (
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/persistentvolumes",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    *(f"{_RBAC}/{kind}" for kind in ("clusterroles", "clusterrolebindings")),
    *(f"{_KUEUE}/{kind}" for kind in ("clusterqueues", "cohorts", "resourceflavors")),
)
_ANSWER_S = 30.0
_GONE_S = 30.0
"""A deletion that somebody carries out later, such as the garbage collector."""

_CLEARED_S = 120.0


def shared(plane: ApiServer, prefix: str = "") -> set[str]:
    """Return the paths of all such objects, without those that are being deleted.

    Parameters
    ----------
    prefix
        Begins the names that count: where others work too, theirs come and go.
    """
    return {
        path for path, each in _listed(plane, prefix) if "deletionTimestamp" not in each["metadata"]
    }


def _listed(plane: ApiServer, prefix: str) -> list[tuple[str, dict]]:
    return [
        (f"{kind}/{each['metadata']['name']}", each)
        for kind in _KINDS
        for each in _list(plane, kind)
        if each["metadata"]["name"].startswith(prefix)
    ]


def _list(plane: ApiServer, kind: str) -> list[dict]:
    """List a kind; an API server that has just started answers 429 for a moment."""
    deadline = time.monotonic() + _ANSWER_S
    while (listed := plane.ask(kind)) is None:
        assert time.monotonic() < deadline, f"{kind} could not be listed: {plane.said}"
        time.sleep(0.1)
    found: list[dict] = listed["items"]
    return found


def check(plane: ApiServer, before: set[str], prefix: str = "") -> None:
    """Fail unless all that came after ``before`` is gone, or is about to be."""
    deadline = time.monotonic() + _GONE_S
    while left := sorted(shared(plane, prefix) - before):
        assert time.monotonic() < deadline, f"tests left behind what others see: {left}"
        time.sleep(0.1)


def clear(plane: ApiServer, prefix: str) -> None:
    """Delete all whose name begins so, and wait until it is gone, and its namespaces with it."""
    deadline = time.monotonic() + _CLEARED_S
    while left := _listed(plane, prefix):
        names = [path for path, _ in left]
        assert time.monotonic() < deadline, f"these do not go away: {names}"
        for path, each in left:
            if "deletionTimestamp" not in each["metadata"]:
                plane.delete(path)
            elif path.startswith("/api/v1/namespaces/"):
                _release(plane, path)
        time.sleep(0.5)


def _release(plane: ApiServer, namespace: str) -> None:
    """Let go pods that a service would still read: there is none any more."""
    for pod in (plane.ask(f"{namespace}/pods") or {"items": ()})["items"]:
        if FINALIZER in pod["metadata"].get("finalizers", ()):
            path = f"{namespace}/pods/{pod['metadata']['name']}"
            kind = "application/merge-patch+json"
            plane.ask(path, {"metadata": {"finalizers": None}}, "PATCH", kind)
