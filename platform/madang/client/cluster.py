"""A Dask cluster on the pool, in two lines.

Examples
--------
>>> import madang
>>> with madang.Cluster(workers=2) as cluster, cluster.get_client() as client:  # doctest: +SKIP
...     client.submit(sum, [1, 2]).result()
3

Follows the habits of ``distributed.deploy.Cluster``. The scheduler and the workers are the
service's to start and stop; this object holds their id, shows their standing, and lets go of them
when it is closed, lost or its process ends.
"""

import asyncio
import contextlib
import math
import os
import time
import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from madang.client.http import LONG_POLL_S, MadangClient
from madang.client.standing import Display, card, lines
from madang.client.words import spoken
from madang.errors import ConflictError, MadangError, UnavailableError
from madang.units import parse_duration_ms

if TYPE_CHECKING:
    from distributed import Client, Security

_GOODBYE_S = 10.0


class Cluster:
    """Scheduler and workers, from the request to the end.

    Parameters
    ----------
    workers
        Number of workers, all of them or none.
    gpus_per_worker
        Devices of each worker; 0 for workers without a GPU.
    project
        Who pays; the project of the notebook or run when None.
    name
        For people, in lists.
    flavor
        Kind of device, ``gpu`` for whatever the pool has.
    threads_per_worker
        Threads of each worker.
    limit
        Time limit such as ``"2h"``; the service's default when None.
    wait
        True waits in the queue until the cluster is ready, False returns at once, a number waits
        at most so many seconds and returns either way: look at ``state`` or call :meth:`wait`.
    asynchronous
        Do nothing yet; write ``async with Cluster(asynchronous=True) as cluster``.
    client
        How to reach the service; found by itself when None.

    Raises
    ------
    MadangError
        What the service refuses: no budget, a cap, an unknown project or flavor.
    ConflictError
        ``cluster_ended`` when it ended before it was ready.
    """

    def __init__(
        self,
        workers: int = 2,
        gpus_per_worker: int = 1,
        *,
        project: str | None = None,
        name: str = "",
        flavor: str = "gpu",
        threads_per_worker: int = 1,
        limit: str | float | None = None,
        wait: bool | float = True,
        asynchronous: bool = False,
        client: MadangClient | None = None,
    ) -> None:
        body = {
            "project": project or os.environ.get("MADANG_PROJECT", ""),
            "name": name,
            "workers": workers,
            "gpus_per_worker": gpus_per_worker,
            "threads_per_worker": threads_per_worker,
            "flavor": flavor,
        }
        if limit is not None:
            body["limit_s"] = max(1, math.ceil(parse_duration_ms(limit) / 1000))
        self._body = body
        self._wait = wait
        self._http = client or MadangClient()
        self._display = Display()
        self._clients: weakref.WeakSet[Client] = weakref.WeakSet()
        self._view: dict[str, Any] | None = None
        self._finalizer: weakref.finalize[..., Cluster] | None = None
        self.asynchronous = asynchronous
        if not asynchronous:
            self._open()

    def _open(self) -> None:
        """Ask for it, and wait as long as was asked for; an interrupt gives the place up."""
        view = self._http.post("clusters", self._body)
        self._view = view
        self._finalizer = weakref.finalize(self, _let_go, self._http, view["id"])
        if self._wait is False:
            return
        try:
            self.wait(None if self._wait is True else float(self._wait))
        except UnavailableError as error:
            if error.code != "cluster_still_waiting":
                raise
        except BaseException:
            self.close()
            raise

    @property
    def view(self) -> dict[str, Any]:
        """What the service said last, see the API's description."""
        if self._view is None:
            raise spoken(ConflictError("cluster_asynchronous"))
        return self._view

    @property
    def id(self) -> str:
        """Id of the cluster."""
        return str(self.view["id"])

    @property
    def name(self) -> str:
        """Name for people; the id where none was given."""
        return str(self.view["name"] or self.view["id"])

    @property
    def state(self) -> str:
        """State of its lease: queued, admitted, active, ending or ended."""
        return str(self.refresh()["state"])

    @property
    def workers(self) -> int:
        """Number of workers that it was asked with."""
        return int(self.view["workers"])

    @property
    def dashboard_link(self) -> str:
        """Address of Dask's dashboard, empty until the cluster is ready."""
        return str(self.view.get("dashboard_url") or "")

    @property
    def scheduler_address(self) -> str:
        """``tls://host:port`` of the scheduler, empty until the cluster is ready."""
        return str(self.view.get("address") or "")

    def refresh(self) -> dict[str, Any]:
        """Ask the service anew."""
        if self.view["state"] != "ended":
            self._view = self._http.get(f"clusters/{self.id}")
        return self.view

    def wait(self, timeout_s: float | None = None) -> "Cluster":
        """Wait until the cluster is ready, showing its standing.

        Raises
        ------
        UnavailableError
            ``cluster_still_waiting`` after ``timeout_s``; the place in the queue is kept.
        ConflictError
            ``cluster_ended``.
        """
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
            self._view = self._http.wait(
                f"clusters/{self.id}", seen, math.ceil(min(LONG_POLL_S, left_s))
            )

    @property
    def security(self) -> "Security":
        """Keys for this cluster alone; distributed writes them to no lasting file."""
        from distributed import Security

        known = self._http.get(f"clusters/{self.id}/credentials")
        return Security(
            require_encryption=True,
            tls_ca_file=known["ca_pem"],
            tls_client_cert=known["cert_pem"],
            tls_client_key=known["key_pem"],
        )

    def get_client(self, **options: Any) -> Any:
        """Return a ``distributed.Client`` of this cluster, after waiting for it where needed.

        Parameters
        ----------
        options
            Passed on to ``distributed.Client``, such as ``set_as_default``.
        """
        if self.asynchronous:
            return self._get_client_async(**options)
        self.wait()
        return self._connect(self.security, **options)

    async def _get_client_async(self, **options: Any) -> Any:
        await asyncio.to_thread(self.wait)
        security = await asyncio.to_thread(lambda: self.security)
        return await self._connect(security, asynchronous=True, **options)

    def _connect(self, security: "Security", **options: Any) -> Any:
        from distributed import Client

        made = Client(self.scheduler_address, security=security, **options)
        self._clients.add(made)
        return made

    def close(self) -> None:
        """Let the cluster go, waiting or running; repeating it is harmless."""
        for made in list(self._clients):
            if made.status != "closed" and not made.asynchronous:
                made.close()
        if self._finalizer is not None and self._finalizer.detach():
            self._view = self._http.delete(f"clusters/{self.id}") or self._view

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __await__(self) -> Generator[Any, None, "Cluster"]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> "Cluster":
        if self._view is None:
            await asyncio.to_thread(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        for made in list(self._clients):
            if made.asynchronous and made.status != "closed":
                await made.close()
        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        if self._view is None:
            return "<Cluster, not awaited yet>"
        return (
            f"<Cluster {self.name}: {self.view['state']}, {self.workers} workers x "
            f"{self.view['gpus_per_worker']} GPUs {self.scheduler_address}>"
        )

    def _repr_html_(self) -> str:
        if self._view is None:
            return card("Cluster", [repr(self)])
        size = f"{self.workers} x {self.view['gpus_per_worker']} GPU"
        return card(self.name, [size, *lines(self.view)])


def _let_go(http: MadangClient, cluster_id: str) -> None:
    """End a cluster that nobody holds any more; at the end of a process nothing may be raised."""
    with contextlib.suppress(MadangError, RuntimeError):
        http.request("DELETE", f"clusters/{cluster_id}", retry_s=_GOODBYE_S)
