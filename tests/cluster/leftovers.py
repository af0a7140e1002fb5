"""What belongs to no namespace and so could be seen by other tests: who made it takes it away."""

import time

from control_plane import ControlPlane

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


def shared(plane: ControlPlane) -> set[str]:
    """Return the paths of all such objects, without those that are being deleted."""
    found = set()
    for kind in _KINDS:
        listed = _list(plane, kind)
        alive = [each for each in listed if "deletionTimestamp" not in each["metadata"]]
        found |= {f"{kind}/{each['metadata']['name']}" for each in alive}
    return found


def _list(plane: ControlPlane, kind: str) -> list[dict]:
    """List a kind; an API server that has just started answers 429 for a moment."""
    deadline = time.monotonic() + _ANSWER_S
    while (listed := plane.ask(kind)) is None:
        assert time.monotonic() < deadline, f"{kind} could not be listed: {plane.said}"
        time.sleep(0.1)
    found: list[dict] = listed["items"]
    return found


def check(plane: ControlPlane, before: set[str]) -> None:
    """Fail unless all that came after ``before`` is gone, or is about to be."""
    deadline = time.monotonic() + _GONE_S
    while left := sorted(shared(plane) - before):
        assert time.monotonic() < deadline, f"tests left behind what others see: {left}"
        time.sleep(0.1)
