"""What a cluster object knows: the service's view, the scheduler's, and how both look.

Base of :class:`madang.client.cluster.Cluster`, which asks for clusters and changes them.
"""

import asyncio
import contextlib
import math
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from distributed import Client, Security
from distributed.core import Status
from distributed.deploy.cluster import Cluster as Base
from distributed.utils import Log, Logs

from madang.client import panel
from madang.client.http import LONG_POLL_S, MadangClient
from madang.client.link import Link
from madang.client.standing import Display, lines
from madang.client.words import spoken
from madang.errors import ConflictError, MadangError, UnavailableError

T = TypeVar("T")

_FRESH_S = 0.5


class KnownCluster(Base):  # type: ignore[misc] # distributed ships no types
    """A cluster that was asked for, as far as it can be looked at.

    Attributes
    ----------
    panel
        What a notebook shows of it, once it was shown.
    """

    _http: MadangClient
    _view: dict[str, Any] | None
    status: Status

    def _forget(self, http: MadangClient) -> None:
        """Know nothing yet."""
        self._http = http
        self._display = Display()
        self._clients: weakref.WeakSet[Client] = weakref.WeakSet()
        self._view = None
        self._asked_at = 0.0
        self._links: list[Link] = []
        self._security: Security | None = None
        self.panel: Any = None

    @property
    def is_open(self) -> bool:
        """Whether it was asked for yet."""
        return self._view is not None

    @property
    def view(self) -> dict[str, Any]:
        """What the service said last, see the API's description."""
        if self._view is None:
            raise spoken(ConflictError("cluster_asynchronous"))
        return self._view

    def _saw(self, view: dict[str, Any]) -> dict[str, Any]:
        self._view = view
        self._asked_at = time.monotonic()
        if self.status not in (Status.closing, Status.closed):
            if view["state"] in ("ending", "ended"):
                self.status = Status.failed
            elif view["ready"]:
                self.status = Status.running
        return view

    def ask(self) -> dict[str, Any]:
        """Ask the service anew, blocking."""
        if self.view["state"] != "ended":
            self._saw(self._http.get(f"clusters/{self.id}"))
        return self.view

    def refresh(self) -> Any:
        """Ask the service anew, and return the view."""
        return self._do(self.ask)

    @property
    def _fresh(self) -> dict[str, Any]:
        """What the service says, half a second old at most where asking does not block a loop."""
        if not self.asynchronous and time.monotonic() - self._asked_at > _FRESH_S:
            self.ask()
        return self.view

    @property
    def id(self) -> str:
        """Id of the cluster."""
        return str(self.view["id"])

    @property
    def name(self) -> str:
        """Name for people; the id where none was given."""
        return str(self.view["name"] or self.view["id"]) if self.is_open else ""

    @property
    def state(self) -> str:
        """State of its first lease: queued, admitted, active, ending or ended."""
        if not self.asynchronous:
            self.ask()
        return str(self.view["state"])

    @property
    def workers(self) -> dict[str, dict[str, Any]]:
        """The workers that it was asked for, by the name under which the scheduler knows them.

        Each says its ``lease`` and the ``state`` of it; those that wait are among them.
        """
        return {
            name: {"lease": part["lease"], "state": part["state"]}
            for part in self._fresh.get("parts", [])
            if part["is_wanted"]
            for name in part["names"]
        }

    @property
    def plan(self) -> set[str]:
        """Names of the workers that it was asked for."""
        return set(self.workers)

    @property
    def requested(self) -> set[str]:
        """Names of the workers whose devices it holds."""
        held = ("admitted", "active")
        return {name for name, worker in self.workers.items() if worker["state"] in held}

    @property
    def observed(self) -> set[str]:
        """Names of the workers that the scheduler knows."""
        return {worker["name"] for worker in self.scheduler_info["workers"].values()}

    @property
    def known_info(self) -> Any:
        """What is known of scheduler and workers without asking anybody."""
        return self._links[-1].info if self._links else {"workers": {}}

    @property
    def scheduler_info(self) -> Any:
        """What the scheduler says of itself and its workers, kept up to date."""
        is_there = self.is_open and self.view["ready"] and self.status is Status.running
        if is_there and not self.asynchronous:
            self.sync(self._attach)
        return self.known_info

    @scheduler_info.setter
    def scheduler_info(self, info: Any) -> None:
        if self._links:
            self._links[-1].info = info

    @property
    def dashboard_link(self) -> str:
        """Address of Dask's dashboard, empty until the cluster is ready."""
        return str(self.view.get("dashboard_url") or "") if self.is_open else ""

    @property
    def scheduler_address(self) -> str:
        """``tls://host:port`` of the scheduler, empty until the cluster is ready."""
        return str(self.view.get("address") or "") if self.is_open else ""

    @property
    def security(self) -> Security:
        """Keys for this cluster alone; distributed writes them to no lasting file."""
        if self._security is None:
            if not self.asynchronous:
                self._wait_ready(None)
            self._security = self._keys()
        return self._security

    def _keys(self) -> Security:
        known = self._http.get(f"clusters/{self.id}/credentials")
        return Security(
            require_encryption=True,
            tls_ca_file=known["ca_pem"],
            tls_client_cert=known["cert_pem"],
            tls_client_key=known["key_pem"],
        )

    def _do(self, work: Callable[[], T]) -> Any:
        """Do what blocks: here, or aside where an event loop must not wait for it."""
        if self.asynchronous:
            return asyncio.ensure_future(asyncio.to_thread(work))
        return work()

    def _wait_ready(self, timeout_s: float | None) -> "KnownCluster":
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while True:
            view = self.view
            self._display.show(self.name, lines(view))
            if view["ready"]:
                return self
            lease = view["lease"]
            if lease["state"] == "ended":
                said = lease.get("reason_text") or lease.get("reason") or "-"
                raise spoken(ConflictError("cluster_ended", name=self.name, reason=said))
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                waited = round(timeout_s or 0)
                raise spoken(
                    UnavailableError("cluster_still_waiting", name=self.name, waited_s=waited)
                )
            seen = view.get("version") or lease["version"]
            wait_s = math.ceil(min(LONG_POLL_S, left_s))
            self._saw(self._http.wait(f"clusters/{self.id}", seen, wait_s))

    async def _attach(self) -> Link:
        """Return a connection to the scheduler as it is now."""
        last = self._links[-1] if self._links else None
        if last is not None and last.is_open and last.address == self.scheduler_address:
            return last
        if self._security is None or last is not None:
            self._security = await asyncio.to_thread(self._keys)
        link = await Link(self.scheduler_address, self._security).open()
        if last is not None:
            await last.close()
        # The finalizer holds this very list.
        self._links[:] = [link]
        self.scheduler_comm = link.comm
        return link

    async def _wait_for_workers(self, n_workers: int = 0, timeout: Any = None) -> None:
        await self._attach()
        await super()._wait_for_workers(n_workers, timeout=timeout)

    async def _get_logs(
        self, cluster: bool = True, scheduler: bool = True, workers: Any = True
    ) -> Logs:
        logs = Logs()
        if cluster:
            said = await asyncio.to_thread(self._http.request, "GET", f"clusters/{self.id}/log")
            logs["Cluster"] = Log(said.text)
        if self.status is Status.running and (scheduler or workers):
            await self._attach()
            logs.update(await super()._get_logs(False, scheduler, workers))
        return logs

    @property
    def logs(self) -> Any:
        """What the service has of the processes, and what scheduler and workers logged."""
        return self.get_logs()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KnownCluster) and (
            self is other or (self.is_open and other.is_open and self.id == other.id)
        )

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        if not self.is_open:
            return "<Cluster, not awaited yet>"
        view = self.view
        here = len(self.known_info["workers"])
        size = f"workers={here}/{view.get('workers_asked', view['workers'])}"
        return (
            f"<Cluster {self.name}: {view['state']}, {size}, gpus_per_worker="
            f"{view['gpus_per_worker']}, {self.scheduler_address or '-'}>"
        )

    def _repr_html_(self, cluster_status: str | None = None) -> str:  # noqa: ARG002
        if self.is_open:
            # For the numbers; what cannot be reached is shown as it was known.
            with contextlib.suppress(MadangError, OSError):
                _ = self.scheduler_info
        return panel.html(self)

    def _scaling_status(self) -> str:
        return panel.status(self)

    def _widget(self) -> Any:
        return panel.panel_of(self)

    def _ipython_display_(self, **options: Any) -> None:
        if self.is_open:
            with contextlib.suppress(MadangError, OSError):
                _ = self.scheduler_info
        panel.show(self, **options)
