"""Pods and Jobs of all attempts as a watch tells them, so that looking at one asks nobody.

Says only what is sure to be no older than what it said before. It may be late: that something
lives is believed, that it does not is read anew by whoever would act on it (P7). Used by the
launcher, on the event loop.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from functools import partial

from madang.domain.pod_labels import selector
from madang.engines.kubernetes.attempt_objects import Key, key_of
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.mirror import Mirror
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.pod_life import is_noted, is_overdue_job, may_start, pod_life

_METADATA = (
    *("name", "uid", "resourceVersion", "labels", "annotations", "finalizers"),
    *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
)
_SPEC = ("nodeName", "activeDeadlineSeconds", "suspend")
_STATUS = ("phase", "reason", "startTime", "podIP")
_CONDITIONS = ("Ready", "DisruptionTarget", "Complete", "Failed", "FailureTarget")

Found = tuple[list[Object], list[Object]]


class AttemptMirror:
    """Follows pods and Jobs while somebody wants to be told.

    Parameters
    ----------
    pods, jobs
        Paths of all pods and all Jobs of the people's namespace.
    """

    def __init__(self, api: Api, pods: str, jobs: str) -> None:
        self._api, self._paths = api, (pods, jobs)
        self._found: dict[Key, tuple[dict[str, Object], dict[str, Object]]] = {}
        self._keys: dict[tuple[int, str], Key] = {}
        self._followed: set[Key] = set()
        self._calm: set[Key] = set()
        self._mirrors: list[Mirror] = []
        self._stopping: set[asyncio.Task[None]] = set()
        self._wake: Callable[[], None] | None = None

    def tell(self, wake: Callable[[], None] | None) -> None:
        """Follow, and call ``wake`` when a followed attempt's pod has ended; None to stop."""
        self._wake = wake
        if wake is not None and not self._mirrors:
            self._mirrors = [
                Mirror(
                    self._api,
                    path,
                    partial(self._heard, kind),
                    keep=slim,
                    labelSelector=selector(),
                )
                for kind, path in enumerate(self._paths)
            ]
            for mirror in self._mirrors:
                mirror.start()
        elif wake is None:
            for mirror in self._mirrors:
                task = asyncio.create_task(mirror.stop())
                self._stopping.add(task)
                task.add_done_callback(self._stopping.discard)
            self._mirrors = []
            for known in (self._followed, self._calm, self._keys, self._found):
                known.clear()

    async def close(self) -> None:
        """Follow nobody any more; returns once no watch is open."""
        self.tell(None)
        await asyncio.gather(*self._stopping, return_exceptions=True)

    def follow(self, key: Key) -> None:
        """Tell when a pod of an attempt that was just seen alive has ended."""
        if self._wake is not None:
            self._followed.add(key)

    def calm(self, keys: Collection[Key]) -> set[Key]:
        """Return those of which everything runs and nothing was asked to end; and follow them."""
        if not self.is_synced:
            return set()
        found = self._calm.intersection(keys)
        if self._wake is not None:
            self._followed |= found
        return found

    @property
    def is_synced(self) -> bool:
        """Whether it knows what there is."""
        return bool(self._mirrors) and all(mirror.is_synced for mirror in self._mirrors)

    def lists(self) -> dict[str, int]:
        """Return how often each kind was listed in full."""
        names = [path.rpartition("/")[2] for path in self._paths]
        return {name: each.lists for name, each in zip(names, self._mirrors, strict=False)}

    def of(self, key: Key) -> Found | None:
        """Return pods and Jobs of an attempt; None while it does not know."""
        if not self.is_synced:
            return None
        pods, jobs = self._found.get(key, ({}, {}))
        return list(pods.values()), list(jobs.values())

    def all_calm(self) -> set[Key]:
        """Return every attempt of which everything runs and nothing was asked to end."""
        return set(self._calm)

    def others(self) -> Iterator[tuple[Key, Found]]:
        """Yield every other attempt of which something is there."""
        for key in self._found.keys() - self._calm:
            pods, jobs = self._found[key]
            yield key, (list(pods.values()), list(jobs.values()))

    def _heard(self, kind: int, name: str, found: Object | None) -> None:
        before = self._keys.pop((kind, name), None)
        key = None if found is None else key_of(found)
        if before is not None:
            self._forget(before, kind, name)
        if found is not None and key is not None:
            self._keys[kind, name] = key
            self._found.setdefault(key, ({}, {}))[kind][name] = found
        for touched in (before, key):
            if touched is not None:
                self._judge(touched)
        if kind == 0:
            self._tell_end(before if found is None else key, found)

    def _judge(self, key: Key) -> None:
        pods, jobs = self._found.get(key, ({}, {}))
        is_calm = (
            bool(pods) and all(map(_runs, pods.values())) and all(map(_goes_on, jobs.values()))
        )
        (self._calm.add if is_calm else self._calm.discard)(key)

    def _forget(self, key: Key, kind: int, name: str) -> None:
        known = self._found[key]
        known[kind].pop(name, None)
        if not any(known):
            del self._found[key]

    def _tell_end(self, key: Key | None, pod: Object | None) -> None:
        if key in self._followed and (pod is None or not pod_life(pod).lives):
            self._followed.discard(key)
            if self._wake is not None:
                self._wake()


def _runs(pod: Object) -> bool:
    life = pod_life(pod)
    is_untroubled = life.told_ms is None and life.trouble is None
    return life.started_ms is not None and life.lives and is_untroubled


def _goes_on(job: Object) -> bool:
    return may_start(job) and not is_noted(job) and not is_overdue_job(job)


def slim(item: Object) -> Object:
    """Return what is read of a pod or Job: tens of thousands are kept."""
    metadata, spec = item["metadata"], item.get("spec") or {}
    status = item.get("status") or {}
    kept = {name: status[name] for name in _STATUS if name in status}
    if containers := status.get("containerStatuses"):
        kept["containerStatuses"] = [
            {"state": each.get("state") or {}, "ready": each.get("ready")} for each in containers
        ]
    if true := [each for each in status.get("conditions") or () if each["type"] in _CONDITIONS]:
        kept["conditions"] = true
    return {
        "metadata": {name: metadata[name] for name in _METADATA if name in metadata},
        "spec": {name: spec[name] for name in _SPEC if name in spec},
        "status": kept,
    }
