"""One life of an installation under ``up``: start, wait until healthy, tend, close.

The lock is held by the caller. :meth:`Session.close` ends everything; :meth:`Session.abandon`, for
a start that failed, ends only the parts and no lease.
"""

import threading
import time
from collections.abc import Callable

from madang.errors import LocalError
from madang.shim import warm
from madang.stack import ending
from madang.stack.files import read_json, tail, write_private
from madang.stack.plan import Plan
from madang.stack.probes import Addresses, Probes
from madang.stack.state import PARTS, State
from madang.stack.supervisor import Supervisor
from madang.stack.words import Tell, say_short

HEALTHY_LIMIT_S = 90.0
_TICK_S = 0.1
_TEND_S = 0.2
_ROUTES_EVERY_S = 1.0
_TRIES_OF_A_START = 3


class Session:
    """Runs the parts of a plan.

    Parameters
    ----------
    plan
        What to run.
    state
        The state so far; saved as it changes.
    tell
        Where progress lines go.
    """

    def __init__(self, plan: Plan, state: State, tell: Tell) -> None:
        self.plan = plan
        self._state = state
        self._tell = tell
        self._supervisor = Supervisor(plan.home, state, self._restarted)
        self._addresses = Addresses.of(plan.public_url, plan.ports)
        self._probes = Probes(
            self._addresses, plan.ports["public"], plan.host, plan.files.get("tls_cert", "")
        )
        self._deaths: dict[str, int] = {}
        self._new_proxies = 0
        self._told_proxies = 0
        self._routes_at = 0.0
        self._giving: threading.Thread | None = None

    def start(self, is_asked_to_stop: Callable[[], bool]) -> bool:
        """Start all parts and wait until each answers.

        Returns
        -------
        bool
            False when the wait was ended by ``is_asked_to_stop``.

        Raises
        ------
        LocalError
            ``part_not_healthy`` with the part and the end of its log.
        """
        self._state.public_url = self.plan.public_url
        self._state.host = self.plan.host
        self._state.admin = self.plan.admin
        self._state.ports = dict(self.plan.ports)
        self._state.files = dict(self.plan.files)
        for name in PARTS:
            self._supervisor.start(self.plan.parts[name])
        checks = self._probes.checks(self.plan.secrets.proxy_token)
        began = time.monotonic()
        for name in PARTS:
            while not checks[name]():
                if is_asked_to_stop():
                    return False
                self._fail_if_hopeless(name, began)
                self._supervisor.tend()
                # Killed meanwhile, the new one knows no way to the service before the hub says so.
                self._give_routes_back()
                time.sleep(_TICK_S)
            took = time.monotonic() - began
            say_short(self._tell, "stack.part_ready", part=name, seconds=f"{took:.1f}")
        self._write_cli_token()
        return True

    def _fail_if_hopeless(self, name: str, began: float) -> None:
        is_late = time.monotonic() - began > HEALTHY_LIMIT_S
        failing = [n for n, deaths in self._deaths.items() if deaths >= _TRIES_OF_A_START]
        if is_late or failing:
            culprit = failing[0] if failing else name
            log = self.plan.parts[culprit].log
            raise LocalError(
                "part_not_healthy", part=culprit, log=str(log), tail=tail(log), log_name=log.name
            )

    def _restarted(self, name: str) -> None:
        self._deaths[name] = self._deaths.get(name, 0) + 1
        say_short(self._tell, "stack.part_restarted", part=name)
        if name == "proxy":
            self._new_proxies += 1

    def tend_until(self, wait: Callable[[float], bool]) -> None:
        """Keep the parts running until ``wait(seconds)`` answers True."""
        while not wait(_TEND_S):
            try:
                self._supervisor.tend()
            except (OSError, LocalError) as error:
                # A full disk or no process to be had: the others go on, this one is tried again.
                say_short(self._tell, "stack.cannot_tend", why=str(error))
            self._give_routes_back()

    def _give_routes_back(self) -> None:
        """After a restart of the proxy: the hub knows the routes, the new proxy does not.

        Asked beside the loop: a hub that hangs must not keep other parts from being started again.
        """
        is_asking = self._giving is not None and self._giving.is_alive()
        is_early = time.monotonic() - self._routes_at < _ROUTES_EVERY_S
        if self._told_proxies == self._new_proxies or is_asking or is_early:
            return
        self._routes_at = time.monotonic()
        self._giving = threading.Thread(
            target=self._tell_of_proxies, args=(self._new_proxies,), daemon=True
        )
        self._giving.start()

    def _tell_of_proxies(self, count: int) -> None:
        if self._probes.check_routes(self.plan.secrets.stack_token):
            self._told_proxies = count

    def _write_cli_token(self) -> None:
        """Keep the token of the command line while the hub still knows it, else get a new one."""
        path = self.plan.home.cli_token
        known = read_json(path)
        token = str(known.get("token") or "")
        if known.get("person") != self.plan.admin or not self._probes.is_token_good(token):
            token = (
                self._probes.new_token(
                    self.plan.secrets.stack_token, self.plan.admin, "madang command line"
                )
                or ""
            )
            if not token:
                log = self.plan.parts["hub"].log
                raise LocalError("no_cli_token", person=self.plan.admin, log=str(log))
        # With TLS straight to the service, so that a certificate that this machine does not know,
        # or one that has expired, does not lock the administrator out.
        is_tls = "tls_cert" in self.plan.files
        url = self._addresses.service_url if is_tls else self.plan.public_url
        write_private(path, {"url": url, "token": token, "person": self.plan.admin})

    def close(self) -> None:
        """End everything: leases, their processes, then hub, service and proxy."""
        plan = self.plan
        say_short(self._tell, "stack.closing")
        service = (self._addresses.service_url, plan.secrets.service_token, plan.admin)
        ending.end_leases(*service)
        ending.end_attempts(plan.home, plan.hub.stop_grace_ms)
        ending.wait_settled(*service)
        self.abandon()
        # Whatever the service still started while it was being told.
        ending.end_attempts(plan.home, plan.hub.stop_grace_ms)
        say_short(self._tell, "stack.closed")

    def abandon(self) -> None:
        """End the parts and leave the leases' processes alone."""
        self._supervisor.end_all()
        if self._giving is not None:
            # Whom it asked has ended.
            self._giving.join(_TEND_S)
        warm.stop(self.plan.home.warm)
        self._probes.close()
        self._state.parts = {}
        self._state.since_ms = {}
        self._state.note(self.plan.home)
