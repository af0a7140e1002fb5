"""The objects of attempts in the people's namespace: read, create and take away, safe to repeat.

The launcher's only way to the API server. All reads are answered by what is agreed on in the
cluster, never by a copy that may be old, and an answer from before what is known already is no
answer: nobody's work ends because of it (P7).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from madang.domain.pod_labels import ATTEMPT, KIND, LEASE, ROLE, selector
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.names import FINALIZER
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.pod_life import may_start, pod_life, read_ms
from madang.errors import ConflictError, NotFoundError, UnavailableError

Key = tuple[str, int]

_PLURALS = {
    "Job": ("apis/batch/v1", "jobs"),
    "Pod": ("api/v1", "pods"),
    "Secret": ("api/v1", "secrets"),
    "Service": ("api/v1", "services"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
}


class Objects:
    """Jobs, pods and what belongs to them.

    Parameters
    ----------
    namespace
        Where everything that people run lives.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self.namespace = namespace
        self._version = 0

    def path(self, kind: str, name: str = "") -> str:
        """Return the path of an object, or of all of its kind."""
        group, plural = _PLURALS[kind]
        whole = f"/{group}/namespaces/{self.namespace}/{plural}"
        return f"{whole}/{name}" if name else whole

    async def pods(self, key: Key | None = None) -> Sequence[Object]:
        """Return the pods of an attempt, or of all."""
        return await self._list("Pod", key)

    async def jobs(self, key: Key | None = None) -> Sequence[Object]:
        """Return the Jobs of an attempt, or of all."""
        return await self._list("Job", key)

    async def _list(self, kind: str, key: Key | None) -> Sequence[Object]:
        wanted = selector() if key is None else selector(*key)
        known = self._version
        found = await self._api.get(self.path(kind), labelSelector=wanted)
        # What is not in an old list may well live.
        if int(found["metadata"]["resourceVersion"]) < known:
            raise UnavailableError("kubernetes_old_list", known=known)
        self._note(found)
        items: list[Object] = found["items"]
        return items

    def _note(self, found: Object) -> None:
        """Take note of how far the cluster is: no later answer may be from before."""
        self._version = max(self._version, int(found["metadata"]["resourceVersion"]))

    async def get(self, kind: str, name: str) -> Object | None:
        """Return an object, or None."""
        try:
            return await self._api.get(self.path(kind, name))
        except NotFoundError:
            return None

    async def create(self, body: Mapping[str, Any]) -> Object:
        """Create an object unless it is there, and return what is there.

        Raises
        ------
        ConflictError
            ``pod_name_taken``: something of that name is not of this attempt;
            ``attempt_stopped``: it is being deleted.
        """
        kind, metadata = body["kind"], body["metadata"]
        try:
            made = await self._api.create(self.path(kind), body)
        except ConflictError:
            found = await self.get(kind, metadata["name"])
        else:
            self._note(made)
            return made
        if found is None or "deletionTimestamp" in found["metadata"]:
            raise ConflictError("attempt_stopped", attempt=metadata["name"])
        self.check_ours(found, kind, metadata["labels"])
        return found

    def check_ours(self, found: Object, kind: str, labels: Mapping[str, str]) -> None:
        """Refuse an object that has a name of ours and not the labels of its attempt."""
        said = found["metadata"].get("labels") or {}
        if any(said.get(name) != labels[name] for name in (LEASE, ATTEMPT, KIND)):
            name = found["metadata"]["name"]
            raise ConflictError("pod_name_taken", lease=labels[LEASE], kind=kind, name=name)

    async def patch_job(self, job: Object, change: Mapping[str, Any]) -> None:
        """Change this very Job; harmless when it is gone."""
        metadata = job["metadata"]
        body = {**change, "metadata": {**change.get("metadata", {}), "uid": metadata["uid"]}}
        await self._if_there(self.path("Job", metadata["name"]), body)

    async def delete(self, item: Object, kind: str, grace_s: int | None = None) -> None:
        """Delete this very object; harmless when it is gone or another has its name."""
        metadata = item["metadata"]
        try:
            path = self.path(kind, metadata["name"])
            await self._api.delete(path, uid=metadata["uid"], grace_s=grace_s)
        except ConflictError:
            return

    async def let_go(self, pod: Object) -> None:
        """Take our finalizer off a pod, after which it may vanish."""
        metadata = pod["metadata"]
        left = [name for name in metadata.get("finalizers") or [] if name != FINALIZER]
        if FINALIZER in (metadata.get("finalizers") or []):
            body = {"metadata": {"uid": metadata["uid"], "finalizers": left}}
            # A list is replaced as a whole, so only the version that was read may be.
            body["metadata"]["resourceVersion"] = metadata["resourceVersion"]
            await self._if_there(self.path("Pod", metadata["name"]), body)

    async def _if_there(self, path: str, body: Mapping[str, Any]) -> None:
        try:
            await self._api.patch(path, body)
        except (NotFoundError, ConflictError):
            return


def key_of(item: Object) -> Key | None:
    """Return (lease, attempt) of an object of ours; None when its labels are not readable."""
    labels = item["metadata"].get("labels") or {}
    attempt = labels.get(ATTEMPT, "")
    if LEASE not in labels or not (attempt.isascii() and attempt.isdecimal()):
        return None
    return labels[LEASE], int(attempt)


def role_of(item: Object) -> str:
    """Return the role of a Job or pod; empty for what the hub started."""
    labels: Mapping[str, str] = item["metadata"].get("labels") or {}
    return labels.get(ROLE, "")


def by_attempt(
    pods: Sequence[Object], jobs: Sequence[Object]
) -> Mapping[Key, tuple[list[Object], list[Object]]]:
    """Return pods and Jobs by the attempt that they are of."""
    found: dict[Key, tuple[list[Object], list[Object]]] = {}
    for index, items in enumerate((pods, jobs)):
        for item in items:
            if (key := key_of(item)) is not None:
                found.setdefault(key, ([], []))[index].append(item)
    return found


def is_alive(pods: Sequence[Object], jobs: Sequence[Object]) -> bool:
    """Tell whether anything of an attempt runs or may still come to run."""
    roles = {role_of(pod) for pod in pods}
    return any(pod_life(pod).lives for pod in pods) or any(
        may_start(job) and role_of(job) not in roles for job in jobs
    )


def last_ms(pods: Sequence[Object], jobs: Sequence[Object]) -> int:
    """Return when the last of something ended, or was made."""
    ends = [pod_life(pod).ended_ms for pod in pods]
    made = [read_ms(item["metadata"]["creationTimestamp"]) for item in (*pods, *jobs)]
    return max(at for at in (*ends, *made) if at is not None)
