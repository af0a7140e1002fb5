"""A spawner that waits for its lease before it starts anything: a mixin over local and Kube.

JupyterHub creates one per person and server. The life of a spawn is
:meth:`LeasedMixin.start`: ask for the lease (the service gives back the unfinished one), wait
without limit until it is ready, then let the engine below launch the server within its own limit.

Three rules (architecture, section 10) are kept here:

- While a start is under way ``poll`` answers None, so that Stop calls ``stop``.
- A lease is withdrawn in ``stop`` only. A hub that is told to end cancels every waiting ``start``
  exactly as a person's Stop does, and must not empty the queue.
- Lease and attempt are stored before the launch, so that a hub that dies between launch and return
  finds its server again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from tornado.web import HTTPError
from traitlets import Any as AnyTrait
from traitlets import Integer, Unicode, default
from traitlets.config import LoggingConfigurable

from madang.errors import MadangError
from madang.hub import options as asked
from madang.hub import profile_page, told
from madang.hub.service import RefusedError, ServiceClient, UnreachableError
from madang.units import new_id

_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_WITHDRAW_PATIENCE_S = 5.0


class LeasedMixin(LoggingConfigurable):  # type: ignore[misc]
    """What all our spawners share; put before a JupyterHub spawner class.

    An engine gives :meth:`launch`, :meth:`poll_server`, :meth:`stop_server` and, where it can know,
    :meth:`is_spent`.
    """

    service_url = Unicode(config=True, help="Address of Madang's service, with its prefix.")
    service_token = Unicode(config=True, help="The token of the hub service madang.")
    stop_grace_ms = Integer(20_000, config=True, help="Time to save before a server is killed.")
    launch_timeout_s = Integer(120, config=True, help="Limit for a server to answer once started.")

    lease: Any = AnyTrait(help="The latest view of the lease, or None.")

    lease_id = ""
    attempt = 0
    is_starting = False
    _is_failed = False
    _person = ""
    last_form: tuple[float, dict[str, Any]] | None = None

    _withdrawals: ClassVar[dict[tuple[str, str], asyncio.Task[None]]] = {}

    # What JupyterHub's Spawner gives.
    name: str
    user: Any
    user_options: dict[str, Any]
    orm_spawner: Any

    @default("start_timeout")  # type: ignore[untyped-decorator]
    def _start_timeout_default(self) -> int:
        return 30 * 86_400

    @default("options_form")  # type: ignore[untyped-decorator]
    def _options_form_default(self) -> Any:
        return profile_page.render

    @default("options_from_form")  # type: ignore[untyped-decorator]
    def _options_from_form_default(self) -> Any:
        return profile_page.read

    @default("apply_user_options")  # type: ignore[untyped-decorator]
    def _apply_user_options_default(self) -> Any:
        # Options are applied by asking for the lease; a function keeps the hub from warning.
        return lambda _spawner, _options: None

    # -- what an engine gives ---------------------------------------------------------------------

    async def launch(self, lease: dict[str, Any]) -> str:
        """Start, or adopt, the server of a ready lease and return its address once it answers."""
        raise NotImplementedError

    async def poll_server(self) -> int | None:
        """Return None while the server lives or nobody can know, else its exit status."""
        raise NotImplementedError

    async def stop_server(self, grace_ms: int) -> None:
        """End the server of this lease and attempt and wait for it; harmless when it is gone."""
        raise NotImplementedError

    async def is_spent(self, lease: dict[str, Any]) -> bool:
        """Tell whether this attempt of the lease has had its server already."""
        return str(lease.get("state")) == "ending"

    # -- what JupyterHub calls --------------------------------------------------------------------

    @property
    def person(self) -> str:
        """Name of the person at the hub and at the service."""
        return self._person or str(self.user.name)

    async def start(self) -> str:
        """Wait for the lease, then start the server; returns its address."""
        # From here on without the hub's database: somebody else's failed commit, on a full disk
        # say, leaves it unreadable for a while, and who waits must not lose their turn by that.
        self._person = str(self.user.name)
        self.is_starting, self._is_failed = True, False
        try:
            lease = await self._wait_for_turn()
        except Exception as error:
            # Not CancelledError: is_starting then stays, so that a Stop reaches stop().
            self.is_starting = False
            self._tell(None)
            if isinstance(error, (MadangError, RefusedError)):
                raise told.from_problem(error) from error
            raise
        self._remember(lease)
        try:
            # When this fails is_starting stays too: the hub then calls stop(), which gives the
            # devices back.
            url = await self.launch(lease)
        except Exception as error:
            self._is_failed = True
            if isinstance(error, MadangError):
                raise told.from_problem(error) from error
            raise
        self.is_starting = False
        self._tell(lease)
        return url

    async def poll(self) -> int | None:
        """Answer None while starting, while alive and while unsure."""
        if self.is_starting:
            return None
        if not self.lease_id:
            return 0
        return await self.poll_server()

    async def stop(self, now: bool = False) -> None:
        """Withdraw the lease, end the server, and return when it is gone."""
        if not self.lease_id:
            await self._find_lease()
        # The service first: it knows the reason before it sees the process end.
        if self.lease_id:
            await self._withdraw()
            await self.stop_server(0 if now else self.stop_grace_ms)
        self.is_starting = False
        self._forget()
        self._tell(None)

    def get_state(self) -> dict[str, Any]:
        """Return what finds the server again after a restart of the hub."""
        state: dict[str, Any] = super().get_state()
        if self.lease_id:
            state["lease"] = self.lease_id
            state["attempt"] = self.attempt
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`get_state` returned."""
        super().load_state(state)
        self.lease_id = str(state.get("lease", ""))
        self.attempt = int(state.get("attempt", 0))

    def clear_state(self) -> None:
        """Forget the lease."""
        super().clear_state()
        self._forget()
        self._person = ""

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the standing each time it changes, in both languages."""
        last = None
        while True:
            changed = self._changed
            message = self._message()
            if message != last:
                last = message
                yield message
            if not self.is_starting:
                return
            await changed.wait()

    # -- waiting ----------------------------------------------------------------------------------

    async def _wait_for_turn(self) -> dict[str, Any]:
        lease = await self._request()
        is_spent = False
        while True:
            self._remember_lease(lease)
            if lease["state"] == "ended":
                self._forget()
                if not is_spent:
                    raise told.ended_error(lease)
                # The one we found was on its way out when we asked; now ask for a new one.
                is_spent = False
                lease = await self._request()
            elif await self.is_spent(lease):
                is_spent = True
                lease = await self._watch(lease)
            elif lease.get("ready"):
                return lease
            else:
                lease = await self._watch(lease)

    async def _request(self) -> dict[str, Any]:
        pending = self._withdrawals.pop((self.person, self.name), None)
        if pending is not None:
            pending.cancel()
        body = asked.lease_body(self.user_options, self.name)
        key = new_id("key")
        if "project" not in body or not ("profile" in body or "flavor" in body):
            await self._fill_in(body)
        return await self._insist(lambda: self._service.request_lease(self.person, body, key))

    async def _fill_in(self, body: dict[str, Any]) -> None:
        """Choose for somebody who did not: a bare API call, or a server started by its address."""
        view = await self._insist(lambda: self._service.profiles(self.person))
        project, profile = asked.first_choice(view, str(body.get("project", "")))
        if project:
            body.setdefault("project", project)
        if profile and "flavor" not in body:
            body.setdefault("profile", profile)

    async def _watch(self, lease: dict[str, Any]) -> dict[str, Any]:
        seen = str(lease.get("version", ""))
        lease_id = str(lease["id"])
        try:
            return await self._insist(
                lambda: self._service.watch_lease(self.person, lease_id, seen)
            )
        except RefusedError as error:
            if error.status != 404:
                raise
            # A database that was restored from an older copy: the place is lost, the wish is not.
            return await self._request()

    async def _insist(self, call: Any) -> dict[str, Any]:
        """Call until the service answers: a service that is down is no failure of a spawn."""
        tries = 0
        while True:
            try:
                return dict(await call())
            except UnreachableError as error:
                self.log.warning("%s waits for the service: %s", self._place, error)
                self._tell(self.lease, is_reachable=False)
                await asyncio.sleep(_BACKOFF_S[min(tries, len(_BACKOFF_S) - 1)])
                tries += 1

    # -- ending -----------------------------------------------------------------------------------

    async def _find_lease(self) -> None:
        """Look up a lease that was asked for, when the answer never reached us."""
        with contextlib.suppress(UnreachableError, RefusedError):
            lease = await self._service.open_lease_of(self.person, self.name)
            if lease is not None:
                self._remember_lease(lease)

    async def _withdraw(self) -> None:
        """Tell the service; when it is away, go on asking after this spawner is gone."""
        key = (self.person, self.name)
        service, person, lease_id = self._service, self.person, self.lease_id
        is_failed = self._is_failed

        async def insist() -> None:
            while True:
                try:
                    return await service.withdraw_lease(person, lease_id, is_failed)
                except UnreachableError:
                    await asyncio.sleep(1)

        task = asyncio.create_task(insist())
        self._withdrawals[key] = task
        task.add_done_callback(lambda done: _drop(self._withdrawals, key, done))
        done, _ = await asyncio.wait({task}, timeout=_WITHDRAW_PATIENCE_S)
        if done and not task.cancelled() and task.exception() is not None:
            self.log.error("Cannot withdraw lease %s: %s", lease_id, task.exception())

    # -- memory -----------------------------------------------------------------------------------

    @property
    def _place(self) -> str:
        return f"{self.person}/{self.name}"

    @property
    def _service(self) -> ServiceClient:
        return ServiceClient.shared(self.service_url, self.service_token)

    def _remember_lease(self, lease: dict[str, Any]) -> None:
        self.lease_id = str(lease["id"])
        self.attempt = int(lease.get("attempt") or 0)
        self._tell(lease)

    def _remember(self, lease: dict[str, Any]) -> None:
        """Store lease and attempt now; the hub itself does so only after start() has returned."""
        self._remember_lease(lease)
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()

    def _forget(self) -> None:
        self.lease_id = ""
        self.attempt = 0

    # -- news -------------------------------------------------------------------------------------

    _is_reachable = True
    _event: asyncio.Event | None = None

    @property
    def _changed(self) -> asyncio.Event:
        if self._event is None:
            self._event = asyncio.Event()
        return self._event

    def _tell(self, lease: dict[str, Any] | None, is_reachable: bool = True) -> None:
        self.lease = lease
        self._is_reachable = is_reachable
        news, self._event = self._event, None
        if news is not None:
            news.set()

    def _message(self) -> dict[str, Any]:
        texts, percent = profile_page.standing_texts(self.lease, self._is_reachable)
        return {
            "progress": percent,
            "message": told.both_plain(texts),
            "html_message": told.both_html(texts),
        }


def _drop(
    tasks: dict[tuple[str, str], asyncio.Task[None]],
    key: tuple[str, str],
    task: asyncio.Task[None],
) -> None:
    if tasks.get(key) is task:
        del tasks[key]


def server_failed(code: str, log_tail: str, **values: Any) -> HTTPError:
    """Return the error of a server that did not come up, with the last lines that it printed."""
    messages = told.both(f"error.{code}.message", **values)
    hints = told.both(f"error.{code}.hint", **values)
    return told.spawn_error(code, 500, messages, hints, log_tail)
