"""A Dask cluster on the pool, in two lines.

Examples
--------
>>> import madang
>>> with madang.Cluster(workers=2) as cluster, cluster.get_client() as client:  # doctest: +SKIP
...     client.submit(sum, [1, 2]).result()
3

It is a ``distributed.deploy.Cluster``: whatever takes one takes this. The scheduler and the workers
are the service's to start and stop; this object holds their id, shows their standing, and lets go
of them when it is closed, lost or its process ends.
"""

import asyncio
import contextlib
import math
import os
import weakref
from collections.abc import Callable, Generator
from typing import Any

from distributed import Client
from distributed.core import Status

from madang.client.adapting import Adapting
from madang.client.fitting import check_fit
from madang.client.http import MadangClient
from madang.client.known_cluster import KnownCluster
from madang.client.link import Link
from madang.domain.cluster import MAX_WORKERS
from madang.errors import ConflictError, MadangError, UnavailableError
from madang.units import parse_duration_ms

_GOODBYE_S = 10.0


class Cluster(KnownCluster):
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
    environment
        Environment of the project whose packages scheduler and workers have. That of the kernel
        when None, and "" for the installation's own.
    wait
        True waits in the queue until the cluster is ready, False returns at once, a number waits
        at most so many seconds and returns either way: look at ``state`` or call :meth:`wait`.
    asynchronous
        Do nothing yet; write ``async with Cluster(asynchronous=True) as cluster``. Methods that
        ask the service then return something to await.
    close_on_exit
        Let go of it when this object is lost, or the process or its notebook server ends, however
        that came. Without, it goes on until it is closed or its time is over; :meth:`from_id` finds
        it again.
    client
        How to reach the service; found by itself when None.
    loop
        Event loop of distributed to run in; found by itself when None.

    Raises
    ------
    MadangError
        What the service refuses: no budget, a cap, an unknown project or flavor.
    ConflictError
        ``cluster_ended`` when it ended before it was ready; ``cluster_versions_differ`` when its
        environment has another Python or Dask than this process.

    Notes
    -----
    ``scale`` grows by a lease of its own, which waits in the queue like everything else, and
    shrinks by whole leases: the size that it was made with is the smallest one. With ``adapt`` the
    service asks the scheduler what it could use and grows by single workers; it does so also when
    this process is gone.
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
        environment: str | None = None,
        wait: bool | float = True,
        asynchronous: bool = False,
        close_on_exit: bool = True,
        client: MadangClient | None = None,
        loop: Any = None,
    ) -> None:
        if environment is None:
            environment = os.environ.get("MADANG_ENVIRONMENT", "")
        body = {
            "project": project or os.environ.get("MADANG_PROJECT", ""),
            "name": name,
            "workers": workers,
            "gpus_per_worker": gpus_per_worker,
            "threads_per_worker": threads_per_worker,
            "flavor": flavor,
        }
        if environment:
            body["environment"] = environment
        if close_on_exit and (notebook := os.environ.get("MADANG_LEASE")):
            # A server that is ended or lost has nobody left to let its clusters go.
            body["notebook_lease"] = notebook
        if limit is not None:
            body["limit_s"] = max(1, math.ceil(parse_duration_ms(limit) / 1000))
        http = client or MadangClient()
        self._prepare(lambda: http.post("clusters", body), http, wait, close_on_exit)
        self._begin(asynchronous, loop)

    @classmethod
    def from_id(
        cls,
        cluster_id: str,
        *,
        wait: bool | float = True,
        asynchronous: bool = False,
        close_on_exit: bool = False,
        client: MadangClient | None = None,
        loop: Any = None,
    ) -> "Cluster":
        """Return the handle of a cluster that was asked for before, here or elsewhere.

        Parameters
        ----------
        cluster_id
            As ``madang clusters`` shows it.
        """
        http = client or MadangClient()
        made = cls.__new__(cls)
        made._prepare(lambda: http.get(f"clusters/{cluster_id}"), http, wait, close_on_exit)
        made._begin(asynchronous, loop)
        return made

    def _prepare(
        self,
        make: Callable[[], dict[str, Any]],
        http: MadangClient,
        wait: bool | float,
        close_on_exit: bool,
    ) -> None:
        self._make = make
        self._wait = wait
        self._close_on_exit = close_on_exit
        self._finalizer: weakref.finalize[..., Cluster] | None = None
        self._forget(http)

    def _begin(self, asynchronous: bool, loop: Any) -> None:
        super().__init__(asynchronous=asynchronous, loop=loop, quiet=True, name="")
        self._asynchronous = asynchronous
        if asynchronous:
            return
        self._loop_runner.start()
        try:
            self._open()
        except BaseException:
            self.status = Status.failed
            self._loop_runner.stop()
            raise

    def _open(self) -> None:
        """Ask for it, and wait as long as was asked for; an interrupt gives the place up."""
        view = self._saw(self._make())
        if self._close_on_exit:
            self._finalizer = weakref.finalize(self, _let_go, self._http, view["id"], self._links)
        try:
            check_fit(view)
        except ConflictError:
            self._end()
            raise
        if self._wait is False:
            return
        try:
            self._wait_ready(None if self._wait is True else float(self._wait))
        except UnavailableError as error:
            if error.code != "cluster_still_waiting":
                raise
        except BaseException:
            if self._close_on_exit:
                self._end()
            raise

    def wait(self, timeout_s: float | None = None) -> Any:
        """Wait until the cluster is ready, showing its standing; return the cluster.

        Raises
        ------
        UnavailableError
            ``cluster_still_waiting`` after ``timeout_s``; the place in the queue is kept.
        ConflictError
            ``cluster_ended``.
        """
        return self._do(lambda: self._wait_ready(timeout_s))

    def scale(self, n: int) -> Any:
        """Bring the cluster to ``n`` workers in all, and turn adapting off.

        What it grows by waits in the queue; fewer than it was made with are not possible, and
        others go by whole leases. Nothing that the workers hold is lost: it moves to the others.

        Raises
        ------
        ConflictError
            ``cluster_not_ready`` while the cluster itself still waits, ``cluster_over``.
        RefusedError
            No budget, or a cap.
        """
        return self._do(lambda: self._post("scale", {"workers": n}) and None)

    def adapt(self, minimum: int = 0, maximum: int | None = None) -> Any:
        """Let the service follow what the scheduler could use; return a handle to stop it.

        Parameters
        ----------
        minimum, maximum
            Bounds of the number of workers; a minimum below the size that it was made with is that
            size, no maximum is the largest that the service allows.
        """
        most = MAX_WORKERS if maximum is None or maximum == math.inf else int(maximum)
        return self._do(lambda: self._adapt(minimum, most))

    def _adapt(self, minimum: int, maximum: int) -> "Adapting":
        self._post("adapt", {"minimum": minimum, "maximum": maximum})
        self._adaptive = Adapting(self, minimum, maximum)
        return self._adaptive

    def _post(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._saw(self._http.post(f"clusters/{self.id}/{verb}", body))

    def keep_workers(self) -> Any:
        """Turn adapting off; the workers that there are stay."""
        return self._do(lambda: self._post("adapt", {"minimum": 0, "maximum": 0}) and None)

    def get_client(self, **options: Any) -> Any:
        """Return a ``distributed.Client`` of this cluster, after waiting for it where needed.

        One that was made before and is still open is returned again. Of an asynchronous cluster it
        is to be awaited.

        Parameters
        ----------
        options
            Passed on to ``distributed.Client``, such as ``set_as_default``; with any, it is a new
            one.
        """
        for made in list(self._clients):
            if not options and made.status == "running":
                return made
        made = Client(self, **{"asynchronous": True, **options} if self.asynchronous else options)
        self._clients.add(made)
        return made

    def close(self, timeout: float | None = None) -> Any:
        """Let the cluster go, waiting or running; repeating it is harmless."""
        if self.status is Status.closed:
            return super().close(timeout)
        if self.asynchronous:
            return self._close()
        for made in list(self._clients):
            if made.status != "closed" and not made.asynchronous:
                made.close()
        done = super().close(timeout)
        self._loop_runner.stop()
        return done

    async def _close(self) -> None:
        if self.status is Status.closed:
            return
        self.status = Status.closing
        for made in list(self._clients):
            if made.status != "closed" and made.asynchronous:
                await made.close()
        for link in self._links:
            await link.close()
        if self.is_open:
            await asyncio.to_thread(self._end)
        self.status = Status.closed

    def _end(self) -> None:
        if self._finalizer is not None:
            self._finalizer.detach()
        if self.view["state"] != "ended":
            self._view = self._http.delete(f"clusters/{self.id}") or self._view

    def __del__(self, *_: object) -> None:
        """Say nothing: the finalizer lets the cluster go."""

    def __await__(self) -> Generator[Any, None, "Cluster"]:
        return self._awaited().__await__()

    async def _awaited(self) -> "Cluster":
        if not self.is_open and self.status is Status.created:
            await asyncio.to_thread(self._open)
            if self.view["ready"]:
                await self._attach()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()


def _let_go(http: MadangClient, cluster_id: str, links: list[Link]) -> None:
    """End a cluster that nobody holds any more; at the end of a process nothing may be raised."""
    for link in links:
        with contextlib.suppress(RuntimeError):
            link.loop.call_soon_threadsafe(link.close_soon)
    with contextlib.suppress(MadangError, RuntimeError):
        http.request("DELETE", f"clusters/{cluster_id}", retry_s=_GOODBYE_S)
