"""The spawner of a cluster: one pod for each attempt of a lease, made when the lease is admitted.

Built on KubeSpawner: a site's own settings of it hold (volumes, pull secrets, hooks, labels), but
where they would decide what the lease decides or loosen the pod, see :mod:`madang.hub.kube_pods`.
The pod's name comes from lease and attempt, so a hub that was killed between create and return
finds what it made, and no attempt gets two. Its token lies in a Secret that the pod owns.

A pod that has ended is left in place: the service reads from it when its time was over.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

import httpx
from jupyterhub.utils import maybe_future, url_path_join
from kubespawner import KubeSpawner
from tornado.web import HTTPError
from traitlets import Integer, List, TraitError, Unicode, default, validate

from madang.domain.pod_labels import ATTEMPT, LEASE
from madang.errors import InvalidError, RefusedError
from madang.hub import endings
from madang.hub.answering import answers
from madang.hub.kube_calls import DeniedError, KubeCalls, UnsureError
from madang.hub.kube_plan import PodPlan, PodSite, plan_pod, pod_name
from madang.hub.kube_pods import hardened, is_pod_of, project_volume, token_of, token_secret
from madang.hub.kube_trouble import Trouble, exit_status, is_running, trouble
from madang.hub.kube_watch import NotedPods, known_pods
from madang.hub.server_command import SERVER_ARGS
from madang.hub.spawner import LeasedMixin, server_failed

_STEP_S = 0.1
_ASK_STEP_S = 1.0
_MENDING_S = 30.0
"""How long an image or a container may go on failing before the person is told."""
_DENIED_S = 10.0
_KILL_PATIENCE_S = 30.0


class LeasedKubeSpawner(LeasedMixin, KubeSpawner):  # type: ignore[misc]
    """Notebook servers as pods. Internal TLS, services and namespaces per person are not for it."""

    gpu_image = Unicode("", config=True, help="Image of servers with devices; empty: image.")
    images = List(Unicode(), config=True, help="What profiles may name beside image and gpu_image.")
    home_path = Unicode("/home/jovyan", config=True, help="Home folder in the images.")
    project_path = Unicode(
        "/home/jovyan/project", config=True, help="Where the volume of the project is mounted."
    )
    project_storage = Unicode("", config=True, help="Size of a project's volume; empty: none.")
    project_storage_class = Unicode("", config=True, help="Its class; it must be ReadWriteMany.")
    volume_patience_s = Integer(
        180, config=True, help="How long a new volume may take before the person is told."
    )
    launch_timeout_s = Integer(600, config=True, help="Limit for place, image and first answer.")

    _launching: "asyncio.Future[dict[str, Any]] | None" = None
    _site_image = ""
    _is_given_up = False
    _is_token_known = False
    _pvc_exists = False

    @default("cmd")  # type: ignore[untyped-decorator]
    def _cmd_default(self) -> list[str]:
        return ["python3", "-P", "-m", "madang.hub.singleuser"]

    @default("args")  # type: ignore[untyped-decorator]
    def _args_default(self) -> list[str]:
        return list(SERVER_ARGS)

    @default("uid")  # type: ignore[untyped-decorator]
    def _uid_default(self) -> int:
        return 1000

    @default("fs_gid")  # type: ignore[untyped-decorator]
    def _fs_gid_default(self) -> int:
        return 100

    @validate("enable_user_namespaces", "services_enabled")  # type: ignore[untyped-decorator]
    def _is_not_for_us(self, proposal: Any) -> bool:
        if proposal.value:
            # With namespaces of people, KubeSpawner ends the hub when a watch fails.
            raise TraitError(f"{proposal.trait.name} does not go with Madang: leave it off")
        return False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._site_image = str(self.image)

    # -- launching --------------------------------------------------------------------------------

    async def launch(self, lease: dict[str, Any]) -> str:
        """Make the pod of this attempt, or adopt it, and wait until its server answers."""
        endings.forget(self.person, self.name)
        self._is_given_up, self._is_token_known = False, True
        if self.internal_ssl:
            raise InvalidError("spawner_internal_ssl")
        plan = self.plan(lease)
        self.pod_name = plan.name
        deadline_s = time.monotonic() + self.launch_timeout_s
        try:
            await self._ensure_volumes(plan, deadline_s)
            work = asyncio.ensure_future(self._make_or_adopt(plan, deadline_s))
            self._launching = work
            # A cancelled start takes back no request that is on its way; stop() waits for it.
            await asyncio.shield(work)
            pod = await self._until_running(plan, deadline_s)
            return await self._until_answering(plan, pod, deadline_s)
        except DeniedError as error:
            raise server_failed("pod_refused", error.said) from error

    def plan(self, lease: Mapping[str, Any]) -> PodPlan:
        """Check a lease against what this site allows."""
        site = PodSite(
            image=self._site_image,
            gpu_image=self.gpu_image,
            images=tuple(self.images),
            home_path=self.home_path,
            project_path=self.project_path if self.project_storage else "",
            grace_ms=self.stop_grace_ms,
        )
        return plan_pod(lease, site, self.pvc_name if self.storage_pvc_ensure else "")

    async def manifest(self, plan: PodPlan) -> dict[str, Any]:
        """Return the pod of a plan, with what the site set for all pods."""
        self.pod_name = plan.name
        self.image = plan.image
        self.mem_limit, self.cpu_limit = plan.memory_bytes, plan.cpu_millis / 1000
        self.mem_guarantee, self.cpu_guarantee = self.mem_limit, self.cpu_limit
        pod = await self.get_pod_manifest()
        if self.modify_pod_hook is not None:
            pod = await maybe_future(self.modify_pod_hook(self, pod))
        return hardened(self.api.api_client.sanitize_for_serialization(pod), plan)

    def get_env(self) -> dict[str, str]:
        """Add what a server says of itself to the service."""
        env: dict[str, str] = super().get_env()
        return {
            **env,
            "MADANG_URL": self.service_url,
            "MADANG_LEASE": self.lease_id,
            "MADANG_ATTEMPT": str(self.attempt),
            "MADANG_PROJECT": str((self.lease or {}).get("project") or ""),
            "JUPYTERHUB_ACTIVITY_INTERVAL": "900",
        }

    async def _ensure_volumes(self, plan: PodPlan, deadline_s: float) -> None:
        if plan.home_claim and not self._pvc_exists:
            claim = self.api.api_client.sanitize_for_serialization(self.get_pvc_manifest())
            await self._insist_on(lambda: self._calls.ensure_claim(claim), deadline_s)
            self._pvc_exists = True
        if plan.project_claim:
            volume = project_volume(plan, self.project_storage, self.project_storage_class)
            await self._insist_on(lambda: self._calls.ensure_claim(volume), deadline_s)

    async def _make_or_adopt(self, plan: PodPlan, deadline_s: float) -> dict[str, Any]:
        body = await self.manifest(plan)

        async def once() -> dict[str, Any]:
            made = await self._calls.create_pod(body)
            found = made or await self._calls.read_pod(plan.name)
            if found is None:
                raise UnsureError("it was there and is gone")
            return found

        pod: dict[str, Any] = await self._insist_on(once, deadline_s)
        if not is_pod_of(pod, plan.labels):
            raise RefusedError("server_pod_taken", pod=plan.name)
        if pod["metadata"].get("deletionTimestamp") or exit_status(pod, time.time()) is not None:
            raise self._trouble_error(
                trouble(pod, time.time()) or Trouble("pod_ended", {"reason": "?"})
            )
        await self._insist_on(lambda: self._settle_token(plan, pod), deadline_s)
        return pod

    async def _settle_token(self, plan: PodPlan, pod: dict[str, Any]) -> None:
        """Give the pod its token, or take over the one that it has: it has no other."""
        secret = token_secret(plan, self.api_token, str(pod["metadata"]["uid"]))
        if await self._calls.create_secret(secret) is None:
            await self._take_token(plan.name)
            if not self.api_token:
                raise RefusedError("server_not_adoptable", lease=self.lease_id)

    async def _take_token(self, name: str) -> None:
        secret = await self._calls.read_secret(name)
        self.api_token = token_of(secret) if secret is not None else ""

    async def _until_running(self, plan: PodPlan, deadline_s: float) -> dict[str, Any]:
        found, since_s = None, 0.0
        while True:
            pod, is_cached = await self._look(plan.name)
            now_s = time.monotonic()
            if pod is not None and is_running(pod) and exit_status(pod, time.time()) is None:
                return pod
            last, found = found, trouble(pod, time.time()) if pod is not None else found
            if found is not None and (last is None or last.code != found.code):
                since_s = now_s
            if found is not None and (found.is_over or self._is_for_good(found, now_s - since_s)):
                raise self._trouble_error(found)
            if now_s > deadline_s:
                raise self._too_slow(found)
            await asyncio.sleep(_STEP_S if is_cached else _ASK_STEP_S)

    def _is_for_good(self, found: Trouble, lasted_s: float) -> bool:
        if found.code == "pod_unplaced":
            # A full cluster may free up: who was asked to leave has time to save.
            return False
        return lasted_s > (self.volume_patience_s if found.code == "pod_volume" else _MENDING_S)

    async def _until_answering(self, plan: PodPlan, pod: dict[str, Any], deadline_s: float) -> str:
        origin = str(self._get_pod_url(pod))
        url = url_path_join(origin, str(self.server.base_url))
        # Plain HTTP inside the cluster: no certificates need be read.
        async with httpx.AsyncClient(trust_env=False, timeout=1.0, verify=False) as http:  # noqa: S501
            while not await answers(http, url):
                seen, is_cached = await self._look(plan.name)
                if seen is not None and exit_status(seen, time.time()) is not None:
                    raise self._trouble_error(trouble(seen, time.time()))
                if time.monotonic() > deadline_s:
                    raise self._too_slow(None)
                await asyncio.sleep(_STEP_S if is_cached else _ASK_STEP_S)
        return origin

    async def _look(self, name: str) -> tuple[dict[str, Any] | None, bool]:
        """Return the pod as it is, and whether that cost no call; None while nobody knows.

        Raises
        ------
        HTTPError
            It is gone.
        """
        known = await known_pods(self)
        pod = known.get(self._key(name)) if known is not None else None
        if pod is not None:
            return pod, True
        try:
            found = await self._calls.read_pod(name)
        except (UnsureError, DeniedError) as error:
            self.log.warning("Cannot look at pod %s: %s", name, error)
            return None, False
        if found is None:
            raise self._trouble_error(Trouble("pod_deleted"))
        return found, False

    async def _insist_on(self, call: Any, deadline_s: float) -> Any:
        """Call until the API server knows; every one of our calls may be repeated."""
        denied_until_s = time.monotonic() + _DENIED_S
        while True:
            try:
                return await call()
            except UnsureError as error:
                self.log.warning("%s waits for the cluster: %s", self._place, error)
                if self._is_given_up or time.monotonic() > deadline_s:
                    raise server_failed("pod_cluster_away", str(error)) from error
            except DeniedError as error:
                # An API server that was just started forbids everything until it knows the rules.
                if error.status != 403 or time.monotonic() > denied_until_s:
                    raise
            await asyncio.sleep(_ASK_STEP_S)

    def _trouble_error(self, found: Trouble | None) -> HTTPError:
        found = found or Trouble("pod_ended", {"reason": "?"})
        return server_failed(found.code, found.said, **found.details)

    def _too_slow(self, found: Trouble | None) -> HTTPError:
        if found is not None:
            return self._trouble_error(found)
        return server_failed("server_too_slow", "", seconds=self.launch_timeout_s)

    # -- living and ending ------------------------------------------------------------------------

    async def poll_server(self) -> int | None:
        """Read the shared copy of all pods; an old copy is no proof of anything."""
        known = await known_pods(self)
        if known is None:
            return None
        name = self._name
        pod = known.get(self._key(name))
        try:
            if not self.api_token and not self._is_token_known:
                # An earlier hub made it; the hub revokes at the end what it finds here.
                await self._take_token(name)
                self._is_token_known = True
            # A copy may be of a moment before the pod was made, so only the API says "gone".
            pod = pod or await self._calls.read_pod(name)
        except (UnsureError, DeniedError) as error:
            self.log.warning("Cannot look at pod %s: %s; taken as alive", name, error)
            return None
        if pod is None:
            self._note_end(Trouble("pod_deleted"))
            return 1
        status = exit_status(pod, time.time())
        if status is not None:
            self._note_end(trouble(pod, time.time()))
        return status

    async def stop_server(self, grace_ms: int) -> None:
        """Delete the pod of this attempt, this very one, and wait until it is gone."""
        self._is_given_up = True
        if self._launching is not None:
            with contextlib.suppress(Exception):
                await asyncio.shield(self._launching)
            self._launching = None
        # Zero would drop the object while its processes go on.
        grace_s = max(1, grace_ms // 1000)
        deadline_s = time.monotonic() + grace_s + _KILL_PATIENCE_S
        is_asked = False
        while True:
            try:
                pod = await self._calls.read_pod(self._name)
                if pod is None or not is_pod_of(pod, self._labels):
                    return
                if not is_asked:
                    await self._calls.delete_pod(self._name, pod["metadata"]["uid"], grace_s)
                    is_asked = True
                    continue
            except (UnsureError, DeniedError) as error:
                self.log.warning("Cannot end pod %s yet: %s", self._name, error)
            if time.monotonic() > deadline_s:
                self.log.error("Pod %s did not end in time", self._name)
                return
            await asyncio.sleep(_STEP_S if is_asked else _ASK_STEP_S)

    async def is_spent(self, lease: dict[str, Any]) -> bool:
        """Tell also by pod: one attempt never gets a second one."""
        if await super().is_spent(lease):
            return True
        if not lease.get("attempt") or not lease.get("ready"):
            return False
        with contextlib.suppress(UnsureError, DeniedError):
            pod = await self._calls.read_pod(pod_name(lease))
            if pod is None:
                # The service saw it run, and it runs no more.
                return lease.get("started_ms") is not None
            is_going = bool(pod["metadata"].get("deletionTimestamp"))
            return is_going or exit_status(pod, time.time()) is not None
        return False

    async def get_url(self) -> str:
        """Return where the server listens; the hub asks after a restart."""
        known = await known_pods(self)
        pod = known.get(self._key(self._name)) if known is not None else None
        if pod is None or not is_running(pod):
            return str(self.server.url)
        return str(url_path_join(self._get_pod_url(pod), str(self.server.base_url)))

    def _note_end(self, found: Trouble | None) -> None:
        if found is None:
            return
        self.log.warning("Server of %s ended: %s %s", self._place, found.code, dict(found.details))
        endings.note(self.person, self.name, found.code, **found.details)

    # -- the cluster ------------------------------------------------------------------------------

    @property
    def _calls(self) -> KubeCalls:
        return KubeCalls(self.api, self.namespace, float(self.k8s_api_request_timeout))

    @property
    def _name(self) -> str:
        return pod_name({"id": self.lease_id, "attempt": self.attempt})

    @property
    def _labels(self) -> dict[str, str]:
        return {LEASE: self.lease_id, ATTEMPT: str(self.attempt)}

    def _key(self, name: str) -> str:
        return f"{self.namespace}/{name}"

    async def _start_watching_pods(self, replace: bool = False) -> Any:
        return await self._start_reflector(
            kind="pods",
            reflector_class=NotedPods,
            labels={"component": self.component_label},
            omit_namespace=False,
            replace=replace,
        )
