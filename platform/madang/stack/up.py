"""``madang up``: one command that runs an installation until it is told to stop."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import ports, proxy_program
from madang.stack.lock import HomeLock
from madang.stack.plan import Plan, UpOptions, make_plan
from madang.stack.processes import Identity, end
from madang.stack.restoring import refuse_half_restored
from madang.stack.secret import load_secrets
from madang.stack.session import Session
from madang.stack.state import SUPERVISOR, State
from madang.stack.supervisor import leftovers
from madang.stack.words import Tell, say, say_short

KEEP_LEASES = signal.SIGUSR1
"""Ends proxy, hub and service for an upgrade or a restart; everything that runs in leases stays."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT, KEEP_LEASES)


def up(
    home: Home,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    gpus: str = "auto",
    detach: bool = False,
    policy: str | Path | None = None,
    profiles: str | Path | None = None,
    hub_config: str | Path | None = None,
    login: str = "shared",
    tls_cert: str | Path | None = None,
    tls_key: str | Path | None = None,
    public_host: str | None = None,
    dashboard_port: int | None = None,
    dashboard_url: str | None = None,
    tell: Tell = print,
) -> None:
    """Run proxy, hub and service until SIGTERM or Ctrl-C, then end everything.

    Parameters
    ----------
    home
        The data folder.
    host, port
        The public address; everything else listens on loopback.
    gpus
        ``auto``, ``nvml`` or ``sim:8xh200``.
    detach
        Return as soon as everything is healthy and go on in the background.
    policy, profiles, hub_config
        The administrator's files; None takes those of the repository or the package.
    login
        ``shared`` (a generated password) or ``pam`` (system users).
    tls_cert, tls_key
        PEM files for the public address: the certificate, with its chain below it, and its key.
    public_host
        Name by which people reach this machine; what the address is shown with.
    dashboard_port, dashboard_url
        Where dashboards of clusters are served, None for a free port; and the address by which
        people reach that port when a proxy of the site stands before it.
    tell
        Called with each line for the person.

    Raises
    ------
    LocalError
        ``already_up``, ``public_port_busy``, ``no_node``, ``proxy_install``, ``part_not_healthy``,
        ``tls_unusable``, ``tls_expired``, ``pam_needs_root``, ``python_out_of_reach``,
        ``restore_unfinished``, ``dashboard_port_busy``.
    InvalidError
        ``dashboard_url_unusable``; a file is missing or cannot be read.
    """
    options = UpOptions(
        host=host,
        port=port,
        gpus=gpus,
        policy=str(policy) if policy else None,
        profiles=str(profiles) if profiles else None,
        hub_config=str(hub_config) if hub_config else None,
        login=login,
        tls_cert=_absolute(tls_cert),
        tls_key=_absolute(tls_key),
        public_host=public_host,
        dashboard_port=dashboard_port,
        dashboard_url=dashboard_url,
    )
    if detach:
        from madang.stack.detached import start_detached

        start_detached(home, options, tell)
        return
    run(home, options, tell)


def _absolute(path: str | Path | None) -> str | None:
    # The parts have another working folder than the person who typed this.
    return str(Path(path).expanduser().absolute()) if path else None


def run(
    home: Home,
    options: UpOptions,
    tell: Tell,
    ready: Callable[[], None] | None = None,
    is_detached: bool = False,
    change: Callable[[Plan], Plan] | None = None,
) -> None:
    """Run an installation in this process.

    Parameters
    ----------
    ready
        Called once everything is healthy.
    is_detached
        Whether nobody sits in front of it.
    change
        Gives another plan than the usual one; tests put a small service in its place.
    """
    tell = _safely(tell)
    with HomeLock(home):
        refuse_half_restored(home)
        state = State.load(home)
        stop = _stop_on_signals()
        _end_leftovers(home, state, tell)
        me = Identity.of(os.getpid())
        state.parts = {SUPERVISOR: me} if me else {}
        state.save(home)
        session = _prepare(home, options, state, tell, change)
        try:
            is_up = session.start(stop.is_set)
        except BaseException:
            session.abandon()
            raise
        if is_up:
            _say_where(session.plan, tell, is_detached)
            if ready is not None:
                ready()
            session.tend_until(stop.wait)
        # Reached by a decision only. When this process fails, the parts and all work go on, and
        # the next up takes them over.
        if stop.keeps_leases:
            session.abandon()
            say_short(tell, "stack.left")
        else:
            session.close()


def _prepare(
    home: Home,
    options: UpOptions,
    state: State,
    tell: Tell,
    change: Callable[[Plan], Plan] | None,
) -> Session:
    if not ports.is_free(options.host, options.port):
        raise LocalError(
            "public_port_busy",
            host=options.host,
            port=options.port,
            holder=ports.holder(options.port) or "?",
            other=options.port + 1,
        )
    proxy = proxy_program.ensure(lambda: say_short(tell, "stack.installing_proxy"))
    plan = make_plan(home, options, load_secrets(home), state, proxy)
    return Session(change(plan) if change else plan, state, tell)


def _end_leftovers(home: Home, state: State, tell: Tell) -> None:
    """End hub, service and proxy of an ``up`` that was killed. Kernels are left alone."""
    found = leftovers(home, state)
    if found:
        say_short(tell, "stack.leftovers", count=len(found))
        end(found)


class _Stop(threading.Event):
    """Set once somebody wants an end; ``keeps_leases`` when only of the parts."""

    keeps_leases = False


def _stop_on_signals() -> _Stop:
    stop = _Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.keeps_leases = number == KEEP_LEASES
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, handle)
        # A closed terminal is no decision to end everybody's work.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return stop


def _safely(tell: Tell) -> Tell:
    """Return ``tell`` for a terminal that may go away: what cannot be said is not said."""

    def say_if_possible(line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            tell(line)

    return say_if_possible


def _say_where(plan: Plan, tell: Tell, is_detached: bool) -> None:
    say(tell, "stack.address", url=plan.public_url)
    if plan.hub.login == "pam":
        say(tell, "stack.login_pam")
    else:
        say(
            tell,
            "stack.login",
            password=plan.secrets.user_password,
            admin=plan.admin,
            admin_password=plan.secrets.admin_password,
        )
    if plan.host not in ("127.0.0.1", "::1", "localhost") and "tls_cert" not in plan.files:
        say(tell, "stack.open_to_network", host=plan.host)
    key = "stack.how_to_stop_detached" if is_detached else "stack.how_to_stop"
    say(tell, key, home=str(plan.home.root))
